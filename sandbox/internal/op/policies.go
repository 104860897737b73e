package op

import "github.com/strongroom-dev/strongroom/policy"

// Policies are what limits and empowers a principal besides the resource's own
// policy and the session's.
type Policies struct {
	// Identity policies: inline, managed, and those of the user's groups.
	Identity []*policy.Policy
	// Boundary is the permissions boundary; nil: none is set.
	Boundary *policy.Policy
	// SCPs by level, root first; nil: none apply. Every level must allow.
	SCPs [][]*policy.Policy
	// Tags of the user or role, for aws:PrincipalTag/...; session tags win.
	Tags map[string]string
}
