package policy

import (
	"fmt"
	"net/netip"
	"strings"
)

// Public reports whether S3 counts the policy as public: one of its Allow
// statements admits everyone and no condition limits it to fixed values. It
// returns the first such statement and why; for a policy that is not public,
// -1 and "".
//
// Source: S3 User Guide, access-control-block-public-access (the meaning of
// "public").
func (p *Policy) Public() (public bool, statement int, reason string) {
	for i := range p.stmts {
		if s := &p.stmts[i]; s.public() {
			return true, i, fmt.Sprintf("statement %d (line %d) allows everyone, and no condition limits it to fixed values", i, s.line)
		}
	}
	return false, -1, ""
}

func (s *statement) public() bool {
	if s.effect != EffectAllow {
		return false
	}
	everyone := s.notPrincipal // all but those listed
	for i := range s.principals {
		// A wildcard inside a value is no fixed value either, and the page
		// shows a federated principal as public.
		p := &s.principals[i]
		everyone = everyone || p.kind == prinAny || p.kind == prinProvider || strings.ContainsAny(p.text, "*?")
	}
	if !everyone {
		return false
	}
	for i := range s.conditions {
		if s.conditions[i].confines() {
			return false
		}
	}
	return true
}

// confining lists the keys that S3 accepts as limits. The page names those of
// the first two lines and, of the keys about principals, aws:PrincipalOrgID as
// an example; the rest are its kin, and those of the endpoint. Any other key
// leaves a policy public, which is what the page assumes to begin with.
// Choice public-bucket-keys.
//
// Source: S3 User Guide, access-control-block-public-access.
var confining = [...]string{
	"aws:SourceIp", "aws:SourceArn", "aws:SourceVpc", "aws:SourceVpce", "aws:SourceOwner", "aws:SourceAccount",
	"aws:userid", "s3:x-amz-server-side-encryption-aws-kms-key-id", "s3:DataAccessPointArn", "s3:DataAccessPointAccount",
	"aws:PrincipalOrgID", "aws:PrincipalOrgPaths", "aws:PrincipalAccount", "aws:PrincipalArn",
	"aws:VpceAccount", "aws:VpceOrgID", "aws:VpceOrgPaths", "aws:SourceVpcArn",
	"aws:PrincipalServiceName", "aws:PrincipalServiceNamesList", "aws:PrincipalIsAWSService",
}

// confines reports that the condition limits the statement to fixed values: a
// positive operator that a missing key does not satisfy, on one of the keys
// above, and no wildcard or variable in any value.
func (c *condition) confines() bool {
	if c.op.negated || c.op.ifExists || c.op.set == quantAll {
		return false
	}
	known := false
	for _, k := range confining {
		known = known || equalFold(k, c.key.name)
	}
	if !known {
		return false
	}
	service := equalFold(c.key.name, "aws:PrincipalIsAWSService")
	switch c.op.family {
	case famBool:
		return service && !c.no
	case famIP:
		for _, n := range c.typed.nets {
			if broad(n) {
				return false
			}
		}
		return true
	case famString, famLike, famARN:
		for i, v := range c.values {
			if c.patterns[i].variables || strings.ContainsAny(v, "*?") && !c.fixed(v) || service && !equalFold(v, "true") {
				return false
			}
		}
		return true
	}
	return false
}

// fixed tells the places where a wildcard does not make a value open: behind
// the account in the ARN of an access point, which the page names, or of a
// principal, at the end of a path within an organization, and in the name of a
// service.
func (c *condition) fixed(v string) bool {
	switch key := c.key.name; {
	case equalFold(key, "s3:DataAccessPointArn"):
		a, ok := splitARN(v)
		return ok && isAccountID(a.account) && !strings.ContainsAny(a.service, "*?")
	case equalFold(key, "aws:PrincipalArn"):
		a, ok := splitARN(v)
		return ok && c.op.family == famARN && isAccountID(a.account) && !strings.ContainsAny(a.partition+a.service+a.region, "*?")
	case equalFold(key, "aws:PrincipalOrgPaths"), equalFold(key, "aws:VpceOrgPaths"):
		org, path, _ := strings.Cut(strings.TrimSuffix(v, "*"), "/")
		return strings.HasPrefix(org, "o-") && path != "" && !strings.ContainsAny(org+path, "*?")
	case equalFold(key, "aws:PrincipalServiceName"), equalFold(key, "aws:PrincipalServiceNamesList"):
		return v == "*.amazonaws.com" || v == "*.amazonaws.com.cn"
	}
	return false
}

var private = [...]netip.Prefix{
	netip.PrefixFrom(netip.AddrFrom4([4]byte{10}), 8),
	netip.PrefixFrom(netip.AddrFrom4([4]byte{172, 16}), 12),
	netip.PrefixFrom(netip.AddrFrom4([4]byte{192, 168}), 16),
}

// broad reports ranges that S3 takes for everyone: wider than /8 in IPv4 and
// /32 in IPv6, unless private.
//
// Source: S3 User Guide, access-control-block-public-access.
func broad(n netip.Prefix) bool {
	for _, p := range private {
		if p.Bits() <= n.Bits() && p.Contains(n.Addr()) {
			return false
		}
	}
	if n.Addr().Is4() {
		return n.Bits() < 8
	}
	return n.Bits() < 32
}
