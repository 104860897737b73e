package iam

import (
	"slices"

	"github.com/strongroom-dev/strongroom/sandbox/internal/op"
)

// table lists the operations, noun by noun.
func (s *Service) table() []op.Row {
	return slices.Concat(s.userRows(), s.roleRows(), s.boundaryRows(), s.inlineRows(), s.attachRows(), s.providerRows(), s.accessKeyRows())
}
