package explain

import (
	"fmt"
	"slices"

	"github.com/strongroom-dev/strongroom/policy"
)

// Policies are those that apply to a question, as far as they are known.
type Policies struct {
	Set policy.Set
	// Unread are the types of which policies may exist that were not read.
	Unread []Unread
	// Read are the policies that were read, for the answer to list. Key is the type.
	Read []Source
	// Stated says that somebody vouches for the list, even if it is empty.
	Stated bool
	// Notes say what was found while they were read.
	Notes []string
}

// Unread is a type of policy that could not be read.
type Unread struct {
	Type policy.Reason `json:"type"`
	Why  string        `json:"why"`
}

// Source is a policy that was read.
type Source struct {
	Type policy.Reason `json:"type"`
	Name string        `json:"name"`
}

// Any reports whether anything is known of the policies at all.
func (p *Policies) Any() bool { return p != nil && (p.Stated || len(p.Read) > 0 || len(p.Unread) > 0) }

// has reports whether a policy of the type was read.
func (p *Policies) has(t policy.Reason) bool {
	return slices.ContainsFunc(p.Read, func(s Source) bool { return sameLayer(s.Type, t) })
}

func (p *Policies) unread(t policy.Reason) (why string, ok bool) {
	for _, u := range p.Unread {
		if sameLayer(u.Type, t) {
			return u.Why, true
		}
	}
	return "", false
}

func (p *Policies) miss(t policy.Reason, format string, args ...any) {
	if _, ok := p.unread(t); !ok {
		p.Unread = append(p.Unread, Unread{t, fmt.Sprintf(format, args...)})
	}
}

// sameLayer takes a resource's policy, a key policy and a trust policy for one
// type: they stand in the same place of the evaluation.
func sameLayer(a, b policy.Reason) bool { return layer(a) == layer(b) }

func layer(r policy.Reason) policy.Reason {
	switch r {
	case policy.ReasonTrust, policy.ReasonKeyPolicy:
		return policy.ReasonResource
	}
	return r
}

// Settle states that there are no policies of a type beyond those that were read.
func (p *Policies) Settle(t policy.Reason) {
	p.Unread = slices.DeleteFunc(p.Unread, func(u Unread) bool { return sameLayer(u.Type, t) })
}

// Layers are the types of policy in the order of the evaluation.
func Layers() []policy.Reason {
	return []policy.Reason{policy.ReasonSCP, policy.ReasonRCP, policy.ReasonEndpoint, policy.ReasonResource,
		policy.ReasonIdentity, policy.ReasonBoundary, policy.ReasonSession}
}

// unreadName names the stand-ins for policies that could not be read.
const unreadName = "(not read)"

// bound is the set with what is unknown taken as it allows most, or least.
func (p *Policies) bound(unknown func(string) bool, generous bool, resource string) *policy.Set {
	s := p.Set.Assume(unknown, generous)
	for _, u := range p.Unread {
		switch layer(u.Type) {
		case policy.ReasonSCP:
			if !generous {
				s.SCPs = append(slices.Clone(s.SCPs), []*policy.Policy{standIn(policy.SCP, false)})
			}
		case policy.ReasonRCP:
			if !generous {
				s.RCPs = append(slices.Clone(s.RCPs), []*policy.Policy{standIn(policy.RCP, false)})
			}
		case policy.ReasonEndpoint, policy.ReasonPublicAccess:
			// What stops a public policy stops the request like a Deny.
			if !generous {
				s.Endpoint = append(slices.Clone(s.Endpoint), standIn(policy.Endpoint, false))
			}
		case policy.ReasonResource:
			if s.Resource == nil {
				s.Resource = standIn(policy.ResourceKind(resource), generous)
			}
		case policy.ReasonIdentity:
			s.Identity = append(slices.Clone(s.Identity), standIn(policy.Identity, generous))
		case policy.ReasonBoundary:
			if !generous && s.Boundary == nil {
				s.Boundary = standIn(policy.Boundary, false)
			}
		case policy.ReasonSession:
			if !generous {
				s.Session = append(slices.Clone(s.Session), standIn(policy.Session, false))
			}
		}
	}
	return s
}

// standIn is a policy that allows everything to everyone, or denies it.
func standIn(kind policy.Kind, allow bool) *policy.Policy {
	effect := "Deny"
	if allow {
		effect = "Allow"
	}
	body := `"Effect":"` + effect + `","Action":"*"`
	switch kind {
	case policy.Trust:
		body = `"Effect":"` + effect + `","Action":"sts:*","Principal":"*"`
	case policy.Resource, policy.Key, policy.RCP, policy.Endpoint:
		body += `,"Principal":"*","Resource":"*"`
	default:
		body += `,"Resource":"*"`
	}
	p, err := policy.ParseLoose(unreadName, []byte(`{"Version":"2012-10-17","Statement":[{`+body+`}]}`), kind)
	if err != nil {
		panic("explain: the stand-in for " + kind.String() + ": " + err.Error()) // its text is ours
	}
	return p
}
