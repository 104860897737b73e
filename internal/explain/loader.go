package explain

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/strongroom-dev/strongroom/internal/diag"
	"github.com/strongroom-dev/strongroom/policy"
)

// Loader compiles policy files into Policies. Read is given each file's name.
type Loader struct {
	Read func(name string) ([]byte, error)
	// Resource is what the question is about; it settles how a resource's policy is
	// read (bucket, key or trust policy).
	Resource string

	scps, rcps int
	// placeless is an SCP without a level.
	placeless string
}

// Add compiles a file of a type. For SCPs and RCPs name may be LEVEL=FILE, levels
// counting from 1, the organization's root; a single file needs none.
func (l *Loader) Add(p *Policies, typ policy.Reason, name string) error {
	level := 0
	if typ == policy.ReasonSCP || typ == policy.ReasonRCP {
		if head, rest, ok := strings.Cut(name, "="); ok {
			if n, err := strconv.Atoi(head); err == nil {
				if n < 1 || n > 16 {
					return &diag.Diagnostic{Rule: "usage", Summary: fmt.Sprintf("level %d of %s: levels count from 1, the organization's root, to 16", n, name), Fix: "write 1=FILE, 2=FILE and so on"}
				}
				level, name = n, rest
			}
		}
		if l.scps == 0 {
			l.scps = len(p.Set.SCPs) // those of an account, say
		}
		switch {
		case typ == policy.ReasonRCP:
			l.rcps++
			level = max(level, 1) // all of them are lists of denials: any place will do
		case level == 0:
			l.placeless = name
			fallthrough
		default:
			l.scps++
		}
	}
	data, err := l.Read(name)
	if err != nil {
		return &diag.Diagnostic{Rule: "policy-file", Summary: err.Error(), Fix: "name a readable file of one policy document", Err: err}
	}
	if len(data) > maxValue {
		return &diag.Diagnostic{Rule: "policy-file", Summary: fmt.Sprintf("%s has %d bytes; no policy has more than %d", name, len(data), maxValue), Fix: "name a file of one policy document"}
	}
	return p.add(typ, level, name, data, l.Resource)
}

// rcpFull is the resource control policy that AWS attaches at every level and
// that cannot be detached; the others can only deny.
// Source: Organizations User Guide, orgs_manage_policies_rcps and
// orgs_manage_policies_rcps_syntax.
const rcpFull = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"}]}`

// Done is called when all files are added. It completes the RCPs by what AWS has
// at every level, and returns an error where the answer would turn on the level
// that an SCP is attached to and that is not told: two at one level allow what
// either allows, two at two levels what both allow.
func (l *Loader) Done(p *Policies) error {
	if l.scps > 1 && l.placeless != "" {
		return &diag.Diagnostic{
			Rule: "explain-policies", Summary: fmt.Sprintf("several service control policies are given, and %s without its level", l.placeless),
			Why: "every level must allow, and at one level one policy that allows is enough: the answer turns on where each is attached",
			Fix: "write 1=FILE for those of the organization's root, 2=FILE for those of the next level, and so on; FullAWSAccess is one of them, where it is attached",
		}
	}
	for i, level := range p.Set.SCPs {
		if l.scps > 0 && len(level) > 0 && !slices.ContainsFunc(level, allowsSome) {
			p.Notes = append(p.Notes, fmt.Sprintf("no service control policy given for level %d allows anything, so that it refuses everything; AWS attaches FullAWSAccess at every level until it is detached: give it too, as %d=FILE, where it is", i+1, i+1))
		}
	}
	if l.rcps == 0 {
		return nil
	}
	for i, level := range p.Set.RCPs {
		if slices.ContainsFunc(level, allowsSome) {
			continue
		}
		doc, err := policy.Parse("RCPFullAWSAccess", []byte(rcpFull), policy.RCP)
		if err != nil {
			return err
		}
		p.Set.RCPs[i] = append([]*policy.Policy{doc}, level...)
	}
	return nil
}

// allowsSome reports a policy with an Allow statement.
func allowsSome(p *policy.Policy) bool {
	for i := range p.Len() {
		if p.Statement(i).Effect == policy.EffectAllow {
			return true
		}
	}
	return false
}

// add compiles a document and puts it in its place.
func (p *Policies) add(typ policy.Reason, level int, name string, data []byte, resource string) error {
	kind := map[policy.Reason]policy.Kind{
		policy.ReasonSCP: policy.SCP, policy.ReasonRCP: policy.RCP, policy.ReasonEndpoint: policy.Endpoint, policy.ReasonIdentity: policy.Identity,
		policy.ReasonBoundary: policy.Boundary, policy.ReasonSession: policy.Session, policy.ReasonResource: policy.ResourceKind(resource),
	}[layer(typ)]
	doc, err := policy.Parse(name, data, kind)
	if err != nil {
		return syntax(err)
	}
	return p.put(typ, level, doc)
}

func (p *Policies) put(typ policy.Reason, level int, doc *policy.Policy) error {
	s := &p.Set
	twice := func(what string) error {
		return &diag.Diagnostic{Rule: "explain-policies", Summary: "a second " + what + " is given: " + doc.Name(), Why: "a request meets one at most", Fix: "give one"}
	}
	switch layer(typ) {
	case policy.ReasonSCP:
		s.SCPs = atLevel(s.SCPs, level, doc)
	case policy.ReasonRCP:
		s.RCPs = atLevel(s.RCPs, level, doc)
	case policy.ReasonEndpoint:
		s.Endpoint = append(s.Endpoint, doc)
	case policy.ReasonIdentity:
		s.Identity = append(s.Identity, doc)
	case policy.ReasonSession:
		s.Session = append(s.Session, doc)
	case policy.ReasonBoundary:
		if s.Boundary != nil {
			return twice("permissions boundary")
		}
		s.Boundary = doc
	case policy.ReasonResource:
		if s.Resource != nil {
			return twice("resource policy")
		}
		s.Resource = doc
	}
	p.Read = append(p.Read, Source{layer(typ), doc.Name()})
	return nil
}

// atLevel adds a policy to a hierarchy; level 0 is the next one.
func atLevel(levels [][]*policy.Policy, level int, doc *policy.Policy) [][]*policy.Policy {
	if level == 0 {
		return append(levels, []*policy.Policy{doc})
	}
	for len(levels) < level {
		levels = append(levels, nil)
	}
	levels[level-1] = append(levels[level-1], doc)
	return levels
}

// CheckLevels returns an error that names a level of SCPs or RCPs for which no
// policy was given, though one below it has some: every level must allow, so that
// an empty one would refuse everything.
func (p *Policies) CheckLevels() error {
	for _, l := range []struct {
		name   string
		levels [][]*policy.Policy
	}{{"service control policies", p.Set.SCPs}, {"resource control policies", p.Set.RCPs}} {
		for i, level := range l.levels {
			if len(level) == 0 {
				return &diag.Diagnostic{Rule: "explain-policies", Summary: fmt.Sprintf("level %d of the %s has no policy, and a lower one has", i+1, l.name),
					Why: "every level must allow: an empty one refuses everything", Fix: "give the policies of every level, FullAWSAccess included"}
			}
		}
	}
	return nil
}

// syntax turns a policy's syntax error into a diagnostic.
func syntax(err error) error {
	var s *policy.SyntaxError
	if !errors.As(err, &s) {
		return err
	}
	d := &diag.Diagnostic{
		Rule: "policy-syntax", Summary: s.Msg, At: diag.Location{File: s.Name, Line: s.Line, Column: s.Column},
		Why: "AWS refuses such a document, so that no verdict on it means anything", Fix: s.Fix, Err: err,
	}
	if s.Path != "" {
		d.Summary = s.Path + ": " + s.Msg
	}
	return d
}
