package iam

import (
	"slices"

	"github.com/strongroom-dev/strongroom/sandbox/internal/op"
)

// table lists the operations, noun by noun.
func (s *Service) table() []op.Row {
	return slices.Concat(
		s.userRows(), s.groupRows(), s.roleRows(), s.serviceLinkedRows(), s.profileRows(),
		s.inlineRows(), s.attachRows(), s.boundaryRows(), s.policyRows(), s.tagRows(),
		s.accessKeyRows(), s.otherCredentialRows(), s.loginRows(), s.passwordPolicyRows(), s.mfaRows(),
		s.providerRows(), s.aliasRows(), s.accountRows(), s.simulateRows(),
	)
}
