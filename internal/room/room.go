package room

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/strongroom-dev/strongroom/internal/diag"
)

// SpecFile is the name of the spec in the room's directory.
const SpecFile = "strongroom.hcl"

// The stacks of a room, which are also their directories.
const (
	// StackBootstrap is applied by a person.
	StackBootstrap = "bootstrap"
	// StackSrc is applied by CI.
	StackSrc = "src"
)

// Stacks lists the stacks in the order they are applied.
var Stacks = []string{StackBootstrap, StackSrc}

// Room is a spec that has been read and checked, with every default filled in.
type Room struct {
	// Dir is the room's directory as it was given. Empty for a room that was
	// parsed from text.
	Dir string
	// Name begins the names of what bootstrap makes.
	Name string
	// Account is the account's ID, 12 digits.
	Account string
	Region  string
	// Engine is "tofu" or "terraform"; empty: whichever is found.
	Engine     string
	Forge      Forge
	State      State
	Automation Automation
	Nuke       Nuke
	// Baseline is the security baseline of the src stack; nil: the spec has none.
	Baseline *Baseline
}

// Forge is where the room's pipelines run.
type Forge struct {
	// Kind is "gitlab" or "github".
	Kind string
	// Project is GROUP/PROJECT, or OWNER/REPOSITORY.
	Project string
	// Issuer is the issuer of the tokens, with its scheme.
	Issuer string
	// Audience is the one audience that is accepted.
	Audience string
	// OwnerID and RepositoryID are GitHub's numbers, for subjects in the
	// immutable format; both empty: the older format.
	OwnerID, RepositoryID string
}

// State is where the states of the room are kept.
type State struct {
	// Backend is the kind of backend that states are kept in: "s3", "http" (GitLab's
	// or another's that speaks the same), "local".
	Backend string
	Bucket  string
	// Region is where the bucket and its keys are; the room's own by default.
	Region string
	// Locking is whether the bucket policy lets principals write and delete lock
	// files, and the S3 backend therefore uses them.
	Locking bool
	// ClientEncryption is whether OpenTofu encrypts states before it sends them.
	ClientEncryption bool
	// HTTPAddress is what the addresses of states begin with, of the http backend;
	// empty: the backend is not http. The name of a state follows after a slash.
	HTTPAddress string
	// KeyAlias is the alias of the key, with its "alias/" prefix.
	KeyAlias string
	// Lifecycle is whether old versions and unfinished uploads are ever removed.
	Lifecycle    bool
	Environments []*Environment
}

// Environment is an environment of another account that keeps its state in the
// room, under a key of its own.
type Environment struct {
	Name       string
	Principals []string
	StateKeys  []string
	// KeyARN is the ARN of its key; empty: the key behind the alias KeyAlias-NAME.
	KeyARN string
	// Stacks say more of some of the state keys. May be nil.
	Stacks []*EnvironmentStack
}

// EnvironmentStack is a root module whose state an environment keeps.
type EnvironmentStack struct {
	Name string
	// StateKey is one of the environment's.
	StateKey string
	// Dir is where the root module is, relative to the room's directory; empty: it
	// is not known.
	Dir string
}

// Automation is who may plan and apply from CI.
type Automation struct {
	// PlanSubjects and ApplySubjects are patterns for the token's sub claim.
	PlanSubjects, ApplySubjects []string
	// PlanLocks is whether the plan role may take the state lock.
	PlanLocks bool
	// PermissionsBoundary is the ARN of a managed policy; empty: none.
	PermissionsBoundary string
	// AllowedRegions is the fence around both roles; nil: none.
	AllowedRegions []string
	// Expectations say which tokens the roles are expected to admit; nil: what
	// their subjects say.
	Expectations []*Expectation
}

// Expectation is which tokens a role is expected to admit; it has to refuse all
// others.
type Expectation struct {
	// Role is "plan" or "apply".
	Role string
	// Admit holds IDs of token shapes, of those that oidc.ShapeIDs lists.
	Admit []string
}

// Nuke is the aws-nuke configuration of the room.
type Nuke struct {
	// Blocklist holds account IDs that aws-nuke must never touch.
	Blocklist []string
}

// StateKey returns the object key of a stack's state.
func (r *Room) StateKey(stack string) string { return stack + "/terraform.tfstate" }

// PlanRole and ApplyRole return the names of the roles that CI assumes.
func (r *Room) PlanRole() string  { return r.Name + "-plan" }
func (r *Room) ApplyRole() string { return r.Name + "-apply" }

// StackDir returns the directory of a stack.
func (r *Room) StackDir(stack string) string { return filepath.Join(r.Dir, stack) }

// Load reads and checks the spec in dir. The error is a diag.List with every
// fault of the spec, or a *diag.Diagnostic if there is no spec or it cannot be
// read.
func Load(dir string) (*Room, error) {
	name := filepath.Join(dir, SpecFile)
	src, err := os.ReadFile(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, &diag.Diagnostic{
			Rule: "spec-missing", Summary: "there is no " + SpecFile + " in " + dir,
			Why: "the spec says which account the room is and who may change it; without one there is nothing to build",
			Fix: "strongroom init " + dir + " --account ID --region REGION --project GROUP/PROJECT", Err: err,
		}
	}
	if err != nil {
		return nil, &diag.Diagnostic{
			Rule: "spec-unreadable", Summary: "the spec cannot be read: " + err.Error(),
			Why: "nothing is built from a spec that was not read", Fix: "make " + name + " a file that you can read", Err: err,
		}
	}
	r, err := Parse(name, src)
	if err != nil {
		return nil, err
	}
	r.Dir = dir
	return r, nil
}
