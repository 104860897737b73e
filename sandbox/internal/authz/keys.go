package authz

import (
	"net/http"
	"strings"
	"sync"

	"github.com/strongroom-dev/strongroom/policy"
	"github.com/strongroom-dev/strongroom/sandbox/internal/op"
	"github.com/strongroom-dev/strongroom/sandbox/internal/sigv4"
)

// global lists the aws: keys whose value, or absence, is right in the sandbox.
// Those that fill never sets belong to things it does not have: VPCs,
// organizations, EC2 roles, sign-in sessions, calls by service principals.
// Source: IAM User Guide "AWS global condition context keys".
var global = []string{
	"aws:CalledVia", "aws:CalledViaFirst", "aws:CalledViaLast",
	"aws:CalledViaAWSMCP", "aws:SignInSessionArn", "aws:CurrentTime",
	"aws:EpochTime", "aws:FederatedProvider", "aws:MultiFactorAuthAge",
	"aws:MultiFactorAuthPresent", "aws:PrincipalAccount", "aws:PrincipalArn",
	"aws:PrincipalIsAWSService", "aws:PrincipalOrgID", "aws:PrincipalOrgPaths",
	"aws:PrincipalServiceName", "aws:PrincipalServiceNamesList",
	"aws:PrincipalTag/*", "aws:PrincipalType", "aws:Referer",
	"aws:RequestedRegion", "aws:RequestTag/*", "aws:ResourceAccount",
	"aws:ResourceOrgID", "aws:ResourceOrgPaths", "aws:ResourceTag/*",
	"aws:SecureTransport", "aws:SourceAccount", "aws:SourceArn",
	"aws:SourceIdentity", "aws:SourceIp", "aws:SourceOrgID",
	"aws:SourceOrgPaths", "aws:SourceVpc", "aws:SourceVpcArn", "aws:SourceVpce",
	"aws:TagKeys", "aws:TokenIssueTime", "aws:UserAgent", "aws:userid",
	"aws:username", "aws:ViaAWSService", "aws:VpcSourceIp", "aws:VpceAccount",
	"aws:VpceOrgID", "aws:VpceOrgPaths", "aws:Ec2InstanceSourceVpc",
	"aws:Ec2InstanceSourcePrivateIPv4", "aws:ChatbotSourceArn", "aws:AssumedRoot",
}

// knownKeys tells which condition keys the sandbox answers for. A key of
// another service's prefix is absent from a request on AWS too, and so is a
// web identity provider's: those have a dot in their prefix.
type knownKeys struct {
	exact    map[string]bool
	families []string        // lower-case, ending in "/"
	judged   map[string]bool // prefixes whose full list is known

	mu    sync.RWMutex
	cache map[*policy.Policy][]risk
}

func newKnownKeys(services []op.Service) *knownKeys {
	k := &knownKeys{exact: map[string]bool{}, judged: map[string]bool{"aws": true}}
	k.add(global)
	for _, s := range services {
		if l, ok := s.(Lister); ok {
			k.judged[s.Prefix()] = true
			k.add(l.Keys())
		}
	}
	return k
}

func (k *knownKeys) add(names []string) {
	for _, name := range names {
		name = strings.ToLower(name)
		if family, ok := strings.CutSuffix(name, "*"); ok {
			k.families = append(k.families, family)
		} else {
			k.exact[name] = true
		}
	}
}

// vouched reports whether a request carries the key exactly when AWS's would,
// given an action of the key's own prefix. own is that prefix.
func (k *knownKeys) vouched(key string) (own string, ok bool) {
	key = strings.ToLower(key)
	own, _, found := strings.Cut(key, ":")
	if !found || strings.Contains(own, ".") || !k.judged[own] || k.exact[key] {
		return own, true
	}
	for _, f := range k.families {
		if strings.HasPrefix(key, f) && len(key) > len(f) {
			return own, true
		}
	}
	return own, false
}

type unknownKey struct{ policy, key string }

// unknown returns the first key, in a statement that could apply to the action,
// whose value in the request the sandbox cannot vouch for; nil: there is none.
func (k *knownKeys) unknown(s *policy.Set, action string) *unknownKey {
	one := [...]*policy.Policy{s.Boundary, s.Resource}
	for _, list := range [...][]*policy.Policy{s.Identity, one[:], s.Session, s.Endpoint} {
		if u := k.search(list, action); u != nil {
			return u
		}
	}
	for _, levels := range [...][][]*policy.Policy{s.SCPs, s.RCPs} {
		for _, level := range levels {
			if u := k.search(level, action); u != nil {
				return u
			}
		}
	}
	return nil
}

func (k *knownKeys) search(list []*policy.Policy, action string) *unknownKey {
	for _, p := range list {
		if p == nil {
			continue
		}
		for _, r := range k.risks(p) {
			if r.bears(action) {
				return &unknownKey{p.Name(), r.key}
			}
		}
	}
	return nil
}

func (u *unknownKey) refuse(action string, d sigv4.Dialect) error {
	e := denied(d, "")
	e.Message = "the sandbox refuses " + action + ": the policy \"" + u.policy + "\" has a condition on \"" + u.key + "\", a key whose value the sandbox does not know"
	return e
}

// denied is the error code of a refusal in the service's dialect.
func denied(d sigv4.Dialect, message string) *op.Error {
	if d == sigv4.JSON {
		return &op.Error{Status: http.StatusBadRequest, Code: "AccessDeniedException", Message: message}
	}
	return &op.Error{Status: http.StatusForbidden, Code: "AccessDenied", Message: message}
}
