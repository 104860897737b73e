package policytest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/strongroom-dev/strongroom/policy"
)

// Engine answers a case with package policy. because is the explanation in one
// or a few lines.
func Engine(c *Case) (got Answer, because string, err error) {
	set, req, err := Build(c)
	if err != nil {
		return "", "", err
	}
	d := set.Decide(req)
	e := set.Explain(req)
	if d.Verdict != e.Verdict {
		return "", "", fmt.Errorf("Decide answers %v and Explain %v", d.Verdict, e.Verdict)
	}
	switch d.Verdict {
	case policy.Allow:
		got = Allowed
	case policy.ExplicitDeny:
		got = ExplicitlyDenied
	case policy.ImplicitDeny:
		got = ImplicitlyDenied
	}
	return got, e.String(), nil
}

// Build compiles the case's policies and request.
func Build(c *Case) (*policy.Set, *policy.Request, error) {
	b := builder{}
	set := &policy.Set{
		Identity: b.list("identityPolicies", c.IdentityPolicies, policy.Identity),
		Boundary: b.one("permissionBoundary", c.PermissionBoundary, policy.Boundary),
		SCPs:     b.levels("scps", c.SCPs, policy.SCP),
		RCPs:     b.levels("rcps", c.RCPs, policy.RCP),
		Endpoint: b.list("vpcEndpointPolicies", c.VPCEndpointPolicies, policy.Endpoint),
		Resource: b.one("resource.policy", c.Request.Resource.Policy, resourceKind(c)),
	}
	if p := b.one("sessionPolicy", c.SessionPolicy, policy.Session); p != nil {
		set.Session = []*policy.Policy{p}
	}
	if b.err != nil {
		return nil, nil, b.err
	}
	principal, err := ParsePrincipal(string(c.Request.Principal), c.Request.Action)
	if err != nil {
		return nil, nil, err
	}
	ctx := &policy.Context{}
	for name, v := range c.Request.Context {
		if v.Multi {
			ctx.SetMulti(name, v.Values...)
		} else {
			ctx.Set(name, v.Values[0])
		}
	}
	return set, &policy.Request{
		Principal:       principal,
		Action:          c.Request.Action,
		Resource:        c.Request.Resource.ARN,
		ResourceAccount: c.Request.Resource.AccountID,
		Context:         ctx,
		WildcardOnly:    c.Request.WildcardOnlyAction,
		RestrictPublic:  c.Request.S3BlockPublicAccess,
	}, nil
}

// resourceKind says what the resource's own policy is: a KMS key's, a role's
// trust policy, or an ordinary resource policy.
func resourceKind(c *Case) policy.Kind {
	parts := strings.SplitN(c.Request.Resource.ARN, ":", 6)
	if len(parts) == 6 {
		switch {
		case parts[2] == "kms" && strings.HasPrefix(parts[5], "key/"):
			return policy.Key
		case parts[2] == "iam" && strings.HasPrefix(parts[5], "role/"):
			return policy.Trust
		}
	}
	return policy.Resource
}

// ParsePrincipal reads the principal of a case: an ARN, the name of a service,
// or "" for an anonymous caller. The action decides whether a name such as
// cognito-identity.amazonaws.com is an identity provider or a service.
func ParsePrincipal(s, action string) (*policy.Principal, error) {
	web := strings.EqualFold(action, "sts:AssumeRoleWithWebIdentity") || strings.EqualFold(action, "sts:AssumeRoleWithSAML")
	if s == "" {
		return &policy.Principal{Type: policy.Anonymous}, nil
	}
	if !strings.HasPrefix(s, "arn:") {
		switch {
		case web:
			return &policy.Principal{Type: policy.WebIdentity, ARN: s}, nil
		case strings.HasSuffix(s, ".amazonaws.com") || strings.HasSuffix(s, ".amazonaws.com.cn"):
			return &policy.Principal{Type: policy.Service, ARN: s}, nil
		}
		return nil, fmt.Errorf("principal %q is neither an ARN nor a service's name", s)
	}
	parts := strings.SplitN(s, ":", 6)
	if len(parts) != 6 || parts[2] != "iam" && parts[2] != "sts" {
		return nil, fmt.Errorf("principal %q is not an ARN of iam or sts", s)
	}
	p := &policy.Principal{ARN: s, Account: parts[4]}
	kind, rest, _ := strings.Cut(parts[5], "/")
	switch {
	case parts[2] == "iam" && parts[5] == "root":
		p.Type = policy.Root
	case parts[2] == "iam" && kind == "user" && rest != "":
		p.Type = policy.User
	case parts[2] == "sts" && kind == "federated-user" && rest != "":
		p.Type = policy.FederatedUser
	case parts[2] == "iam" && (kind == "oidc-provider" || kind == "saml-provider") && rest != "":
		p.Type = policy.WebIdentity
	case parts[2] == "sts" && kind == "assumed-role" && strings.Count(rest, "/") == 1:
		p.Type = policy.AssumedRole
		name, _, _ := strings.Cut(rest, "/")
		p.RoleARN = fmt.Sprintf("arn:%s:iam::%s:role/%s", parts[1], parts[4], name)
	case parts[2] == "iam" && kind == "role" && rest != "":
		p.Type, p.RoleARN = policy.AssumedRole, s
	default:
		return nil, fmt.Errorf("principal %q is no root, user, role, session or identity provider", s)
	}
	name := rest[strings.LastIndexByte(rest, '/')+1:]
	if p.Type == policy.AssumedRole && parts[2] == "sts" {
		name, _, _ = strings.Cut(rest, "/")
	}
	p.ServiceLinked = p.Type == policy.AssumedRole &&
		(strings.HasPrefix(rest, "aws-service-role/") || strings.HasPrefix(name, "AWSServiceRoleFor"))
	return p, nil
}

// builder compiles documents and keeps the first error.
type builder struct{ err error }

func (b *builder) one(name string, src json.RawMessage, kind policy.Kind) *policy.Policy {
	if len(src) == 0 || bytes.Equal(src, []byte("null")) {
		return nil
	}
	p, err := policy.Parse(name, src, kind)
	if err != nil && b.err == nil {
		b.err = err
	}
	return p
}

func (b *builder) list(name string, srcs []json.RawMessage, kind policy.Kind) []*policy.Policy {
	var list []*policy.Policy
	for i, src := range srcs {
		if p := b.one(fmt.Sprintf("%s[%d]", name, i), src, kind); p != nil {
			list = append(list, p)
		}
	}
	return list
}

func (b *builder) levels(name string, levels [][]json.RawMessage, kind policy.Kind) [][]*policy.Policy {
	var all [][]*policy.Policy
	for i, l := range levels {
		all = append(all, b.list(fmt.Sprintf("%s[%d]", name, i), l, kind))
	}
	return all
}
