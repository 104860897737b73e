package iam

import "github.com/strongroom-dev/strongroom/policy"

// Guardrails returns the service and resource control policies that bind an
// account, by level, the organization's root first; nil: none do.
func (s *Service) Guardrails(account string) (scps, rcps [][]*policy.Policy) {
	return s.accounts.Get(account).scps(), s.RCPs(account)
}
