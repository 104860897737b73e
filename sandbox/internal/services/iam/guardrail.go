package iam

import (
	"fmt"
	"slices"

	"github.com/strongroom-dev/strongroom/policy"
	"github.com/strongroom-dev/strongroom/sandbox/internal/op"
)

var _ op.Organization = (*Service)(nil)

// Guardrail is a service or resource control policy attached to an account for
// rehearsal.
type Guardrail struct {
	Name string
	Doc  *Document
}

// The policies that Organizations attaches to every root, unit and account by
// itself. The one for resources cannot be detached.
// Source: Organizations User Guide, orgs_manage_policies_scps,
// orgs_manage_policies_rcps_evaluation.
const (
	fullAWSAccess    = "FullAWSAccess"
	rcpFullAWSAccess = "RCPFullAWSAccess"
)

// Loaded compiles the control policies after a restart.
func (a *Account) Loaded() error {
	for _, list := range []struct {
		levels [][]Guardrail
		kind   policy.Kind
	}{{a.SCPs, policy.SCP}, {a.RCPs, policy.RCP}} {
		for _, p := range slices.Concat(list.levels...) {
			if err := p.Doc.recompile(p.Name, list.kind); err != nil {
				return err
			}
		}
	}
	return nil
}

// AttachSCP attaches a service control policy to the account at a level: 0 is
// the organization's root, the next its organizational unit, the last the
// account. Every level holds FullAWSAccess as well, as on AWS, until a policy
// of that name takes its place; a policy of the same name at that level is
// always replaced. Call it within Update.
func (s *Service) AttachSCP(account string, level int, name string, doc []byte) error {
	p, err := policy.Parse(name, doc, policy.SCP)
	if err != nil {
		return err
	}
	return s.attachGuardrail(account, level, p, fullAWSAccess, `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}`,
		func(a *Account) *[][]Guardrail { return &a.SCPs })
}

// AttachRCP attaches a resource control policy to the account at a level, as
// AttachSCP does. Every level holds RCPFullAWSAccess, which stays. Call it
// within Update.
// Source: Organizations User Guide, orgs_manage_policies_rcps_syntax: Allow is
// supported for RCPFullAWSAccess alone.
func (s *Service) AttachRCP(account string, level int, name string, doc []byte) error {
	if name == rcpFullAWSAccess {
		return fmt.Errorf("the resource control policy %s is AWS's own and cannot be replaced", name)
	}
	p, err := policy.Parse(name, doc, policy.RCP)
	if err != nil {
		return err
	}
	for i := range p.Len() {
		if p.Statement(i).Effect != policy.EffectDeny {
			return fmt.Errorf("resource control policy %s: statement %d allows; such a policy can only deny", name, i+1)
		}
	}
	return s.attachGuardrail(account, level, p, rcpFullAWSAccess, `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"}]}`,
		func(a *Account) *[][]Guardrail { return &a.RCPs })
}

// attachGuardrail puts p in a level of one of the account's lists, and the
// policy that AWS keeps there into every level that is new.
func (s *Service) attachGuardrail(account string, level int, p *policy.Policy, byDefault, text string, list func(*Account) *[][]Guardrail) error {
	old := s.accounts.Get(account)
	if old == nil {
		return fmt.Errorf("account %q does not exist", account)
	}
	// Source: Organizations User Guide, orgs_reference_limits: five levels of
	// organizational units below the root, then the account.
	if level < 0 || level > 6 {
		return fmt.Errorf("level %d: want 0 (the root) to 6 (the account)", level)
	}
	a := *old
	levels := list(&a)
	*levels = slices.Clone(*levels)
	for len(*levels) <= level {
		full, err := document(byDefault, text, p.Kind())
		if err != nil {
			return err
		}
		*levels = append(*levels, []Guardrail{{byDefault, full}})
	}
	next := slices.DeleteFunc(slices.Clone((*levels)[level]), func(g Guardrail) bool { return g.Name == p.Name() })
	(*levels)[level] = append(next, Guardrail{Name: p.Name(), Doc: &Document{Text: string(p.Source()), compiled: p}})
	s.accounts.Put(account, &a)
	return nil
}

// scps returns the account's SCPs by level, or nil.
func (a *Account) scps() [][]*policy.Policy {
	if a == nil {
		return nil
	}
	return compiled(a.SCPs)
}

// RCPs returns the resource control policies of an account by level, root
// first; nil: none apply.
func (s *Service) RCPs(account string) [][]*policy.Policy {
	if a := s.accounts.Get(account); a != nil {
		return compiled(a.RCPs)
	}
	return nil
}

func compiled(list [][]Guardrail) (levels [][]*policy.Policy) {
	for _, level := range list {
		ps := make([]*policy.Policy, 0, len(level))
		for _, g := range level {
			ps = append(ps, g.Doc.compiled)
		}
		levels = append(levels, ps)
	}
	return levels
}
