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
		return "", "", fmt.Errorf("verdict %v of Decide, and %v of Explain", d.Verdict, e.Verdict)
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

// Storable returns nil if AWS would store every document of the case, and the
// first fault otherwise. A simulation answers such a case all the same.
func Storable(c *Case) error {
	_, _, err := build(c, policy.Parse)
	return err
}

// Build compiles the case's policies and request. Documents are read with
// policy.ParseLoose, and a * in the resource makes it a pattern.
func Build(c *Case) (*policy.Set, *policy.Request, error) {
	return build(c, policy.ParseLoose)
}

func build(c *Case, parse parseFunc) (*policy.Set, *policy.Request, error) {
	b := builder{parse: parse}
	set := &policy.Set{
		Identity: b.list("identityPolicies", c.IdentityPolicies, policy.Identity),
		Boundary: b.one("permissionBoundary", c.PermissionBoundary, policy.Boundary),
		SCPs:     b.levels("scps", c.SCPs, policy.SCP),
		RCPs:     b.levels("rcps", c.RCPs, policy.RCP),
		Endpoint: b.list("vpcEndpointPolicies", c.VPCEndpointPolicies, policy.Endpoint),
		Resource: b.one("resource.policy", c.Request.Resource.Policy, policy.ResourceKind(c.Request.Resource.ARN)),
	}
	if p := b.one("sessionPolicy", c.SessionPolicy, policy.Session); p != nil {
		set.Session = []*policy.Policy{p}
	}
	if b.err != nil {
		return nil, nil, b.err
	}
	principal, err := principalOf(&c.Request)
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
		ResourceAccount: owner(&c.Request.Resource),
		Context:         ctx,
		WildcardOnly:    c.Request.WildcardOnlyAction,
		Pattern:         strings.Contains(c.Request.Resource.ARN, "*"),
		RestrictPublic:  c.Request.S3BlockPublicAccess,
	}, nil
}

// owner is the account of the resource; a case that leaves it out means the one
// in the ARN, if there is one.
func owner(r *Resource) string {
	if parts := strings.SplitN(r.ARN, ":", 6); r.AccountID == "" && len(parts) == 6 {
		return strings.Trim(parts[4], "*")
	}
	return r.AccountID
}

// principalOf reads the principal of a case. The action decides whether a name
// such as cognito-identity.amazonaws.com is an identity provider or a service.
func principalOf(r *Request) (*policy.Principal, error) {
	s := string(r.Principal)
	federates := strings.EqualFold(r.Action, "sts:AssumeRoleWithWebIdentity") || strings.EqualFold(r.Action, "sts:AssumeRoleWithSAML")
	switch {
	case s == "":
		return &policy.Principal{Type: policy.Anonymous}, nil
	case federates && !strings.HasPrefix(s, "arn:"):
		return &policy.Principal{Type: policy.WebIdentity, ARN: s}, nil
	}
	p, err := policy.ParsePrincipal(s)
	if p.Type == policy.FederatedUser && err == nil {
		// The session's ARN does not say who federated. A case that has a say
		// on it means the user of the same name.
		p.UserARN = strings.Replace(strings.Replace(s, ":sts:", ":iam:", 1), ":federated-user/", ":user/", 1)
	}
	return &p, err
}

// builder compiles documents and keeps the first error.
type builder struct {
	parse parseFunc
	err   error
}

type parseFunc func(name string, src []byte, kind policy.Kind) (*policy.Policy, error)

func (b *builder) one(name string, src json.RawMessage, kind policy.Kind) *policy.Policy {
	if len(src) == 0 || bytes.Equal(src, []byte("null")) {
		return nil
	}
	p, err := b.parse(name, src, kind)
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
