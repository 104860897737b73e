package authz

import (
	"strconv"
	"strings"
	"time"

	"github.com/strongroom-dev/strongroom/policy"
	"github.com/strongroom-dev/strongroom/sandbox/internal/op"
)

const isoTime = "2006-01-02T15:04:05Z"

// fill sets the condition keys that every service's requests carry. A key that
// AWS leaves out of this request is left out: "absent" and "empty" decide
// differently.
func fill(ctx *policy.Context, c *op.Call, check *op.Check, caller *op.Caller, tags map[string]string) {
	ctx.Set("aws:RequestedRegion", c.Region)
	ctx.Set("aws:CurrentTime", c.Now.UTC().Format(isoTime))
	ctx.Set("aws:EpochTime", strconv.FormatInt(c.Now.Unix(), 10))
	// Source: IAM User Guide "AWS global condition context keys": it is in all
	// signed requests and not in anonymous ones.
	if check.Principal == nil && caller.Principal.Type != policy.Anonymous {
		ctx.Set("aws:PrincipalIsAWSService", strconv.FormatBool(caller.Principal.Type == policy.Service))
	}
	transport(ctx, c, check)
	if check.Principal == nil {
		principal(ctx, caller)
		session(ctx, c, caller)
		principalTags(ctx, caller, tags)
	}
	if r := &check.Resource; r.Account != "" {
		ctx.Set("aws:ResourceAccount", r.Account)
	}
	for k, v := range check.Resource.Tags {
		ctx.Set("aws:ResourceTag/"+k, v)
	}
	for _, k := range check.Context {
		if k.Multi {
			ctx.SetMulti(k.Name, k.Values...)
		} else if len(k.Values) > 0 {
			ctx.Set(k.Name, k.Values[0])
		}
	}
}

// transport sets the keys about how the request travelled. A service that
// calls another on the caller's behalf does so over TLS, and with a user agent
// of its own, which is not documented: the key is left out.
func transport(ctx *policy.Context, c *op.Call, check *op.Check) {
	if check.Caller != nil {
		// It is a request to come, of which only this is known.
		ctx.Set("aws:ViaAWSService", strconv.FormatBool(check.Via != ""))
		ctx.Set("aws:SecureTransport", "true")
		if check.Via != "" {
			calledVia(ctx, check.Via)
		}
		return
	}
	// Source: IAM User Guide "AWS global condition context keys": forward
	// access sessions keep aws:SourceIp ("unlike with aws:SourceIp ... the
	// source VPC of the initial request is not preserved").
	if c.SourceIP.IsValid() {
		ctx.Set("aws:SourceIp", c.SourceIP.Unmap().WithZone("").String())
	}
	if check.Via != "" {
		calledVia(ctx, check.Via)
		ctx.Set("aws:ViaAWSService", "true")
		ctx.Set("aws:SecureTransport", "true")
		return
	}
	ctx.Set("aws:ViaAWSService", "false")
	ctx.Set("aws:SecureTransport", strconv.FormatBool(c.Secure))
	if ua := c.HTTP.Header.Get("User-Agent"); ua != "" {
		ctx.Set("aws:UserAgent", ua)
	}
	if ref := c.HTTP.Header.Get("Referer"); ref != "" {
		ctx.Set("aws:Referer", ref)
	}
}

// calledVia sets the keys that hold the service that made the call.
// Source: IAM User Guide "Forward access sessions".
func calledVia(ctx *policy.Context, via string) {
	service, _, _ := strings.Cut(via, ".")
	service += ".amazonaws.com"
	ctx.SetMulti("aws:CalledVia", service)
	ctx.Set("aws:CalledViaFirst", service)
	ctx.Set("aws:CalledViaLast", service)
}

// principal sets the keys about who asks.
// Source: IAM User Guide "IAM policy elements: variables and tags", table of
// principal key values.
func principal(ctx *policy.Context, caller *op.Caller) {
	p := &caller.Principal
	switch p.Type {
	case policy.Anonymous:
		ctx.Set("aws:PrincipalAccount", "anonymous")
		ctx.Set("aws:PrincipalType", "Anonymous")
		ctx.Set("aws:userid", "anonymous")
		return
	case policy.Service:
		service(ctx, caller)
		return
	case policy.Root:
		ctx.Set("aws:PrincipalType", "Account")
		ctx.Set("aws:userid", p.Account)
		ctx.Set("aws:PrincipalArn", p.ARN)
	case policy.User:
		ctx.Set("aws:PrincipalType", "User")
		ctx.Set("aws:PrincipalArn", p.ARN)
		ctx.Set("aws:username", lastPart(p.ARN))
		if p.ID != "" {
			ctx.Set("aws:userid", p.ID)
		}
	case policy.AssumedRole:
		ctx.Set("aws:PrincipalType", "AssumedRole")
		ctx.Set("aws:PrincipalArn", p.RoleARN)
		if s := caller.Session; s != nil && p.ID != "" {
			ctx.Set("aws:userid", p.ID+":"+s.Name)
		}
	case policy.FederatedUser:
		ctx.Set("aws:PrincipalType", "FederatedUser")
		ctx.Set("aws:PrincipalArn", p.ARN)
		ctx.Set("aws:userid", p.Account+":"+lastPart(p.ARN))
	}
	ctx.Set("aws:PrincipalAccount", p.Account)
}

// service sets the keys of a call that an AWS service makes for itself. It has no
// account, and no principal ARN.
// Source: IAM User Guide "AWS global condition context keys",
// aws:PrincipalServiceName, aws:PrincipalServiceNamesList, aws:SourceArn,
// aws:SourceAccount. That the list of names holds the one name only is for
// services that have no regional names.
func service(ctx *policy.Context, caller *op.Caller) {
	ctx.Set("aws:PrincipalServiceName", caller.Principal.ARN)
	ctx.SetMulti("aws:PrincipalServiceNamesList", caller.Principal.ARN)
	if b := caller.Behalf; b != nil {
		if b.ARN != "" {
			ctx.Set("aws:SourceArn", b.ARN)
		}
		if b.Account != "" {
			ctx.Set("aws:SourceAccount", b.Account)
		}
	}
}

// session sets the keys of temporary credentials. A condition on
// aws:MultiFactorAuthPresent finds it absent in requests with long-term
// credentials and with those of federated identities.
// Source: IAM User Guide "AWS global condition context keys",
// aws:MultiFactorAuthPresent; that a role's session never says true, "Secure
// API access with MFA".
func session(ctx *policy.Context, c *op.Call, caller *op.Caller) {
	s := caller.Session
	if s == nil {
		return
	}
	ctx.Set("aws:TokenIssueTime", s.Issued.UTC().Format(isoTime))
	if s.Source != "AssumeRoleWithWebIdentity" && s.Source != "GetFederationToken" {
		ctx.Set("aws:MultiFactorAuthPresent", strconv.FormatBool(s.MFA))
	}
	if s.MFA && !s.MFAAt.IsZero() {
		age := max(c.Now.Sub(s.MFAAt), 0)
		ctx.Set("aws:MultiFactorAuthAge", strconv.FormatInt(int64(age/time.Second), 10))
	}
	if s.SourceIdentity != "" {
		ctx.Set("aws:SourceIdentity", s.SourceIdentity)
	}
	for _, k := range s.Federated {
		if k.Multi {
			ctx.SetMulti(k.Name, k.Values...)
		} else if len(k.Values) > 0 {
			ctx.Set(k.Name, k.Values[0])
		}
	}
}

// principalTags sets aws:PrincipalTag/...: a session tag replaces the role's
// own tag of that key, and keys compare without case.
func principalTags(ctx *policy.Context, caller *op.Caller, tags map[string]string) {
	for k, v := range tags {
		ctx.Set("aws:PrincipalTag/"+k, v)
	}
	if s := caller.Session; s != nil {
		for k, v := range s.Tags {
			ctx.Set("aws:PrincipalTag/"+k, v)
		}
	}
}

// lastPart is what stands behind the last slash: an ARN's name without path.
func lastPart(arn string) string {
	for i := len(arn) - 1; i >= 0; i-- {
		if arn[i] == '/' {
			return arn[i+1:]
		}
	}
	return arn
}
