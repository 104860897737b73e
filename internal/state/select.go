package state

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/strongroom-dev/strongroom/internal/diag"
	"github.com/strongroom-dev/strongroom/internal/room"
)

// Environment is an environment of the spec, or the room itself.
type Environment struct {
	// Name is the spec's label; room.RoomEnvironment for the room's own stacks.
	Name string
	// Principals are the ARNs of those who use its states across accounts; nil for
	// the room's own, whose roles are of the room's account.
	Principals []string
	// KeyARN is what the spec says the key is; "" if it does not.
	KeyARN string
	// KeyAlias is the alias of its key, "alias/NAME".
	KeyAlias string
	// Stacks are its states' stacks, in the order of the state keys. Never empty.
	Stacks []Stack
}

// Stack is a root module, as far as its state is concerned.
type Stack struct {
	Name string
	// Key is the object key of its default workspace's state in S3.
	Key string
	// Dir is the root module's directory; "" when the spec does not say.
	Dir string
}

// HTTPName is the name of its state in GitLab.
func (s Stack) HTTPName() string { return room.HTTPName(s.Key) }

// Environments returns all environments in the spec's order. The room's own stacks
// come last, if the room has them: a directory for the bootstrap stack.
func Environments(r *room.Room) []Environment {
	list := []Environment{}
	for _, e := range r.State.Environments {
		out := Environment{Name: e.Name, Principals: e.Principals, KeyARN: e.KeyARN, KeyAlias: r.State.KeyAlias + "-" + e.Name}
		for _, key := range e.StateKeys {
			s := Stack{Name: stackName(key), Key: key}
			for _, named := range e.Stacks {
				if named.StateKey == key {
					s.Name = named.Name
					if named.Dir != "" {
						s.Dir = filepath.Join(r.Dir, filepath.FromSlash(named.Dir))
					}
				}
			}
			out.Stacks = append(out.Stacks, s)
		}
		list = append(list, out)
	}
	if _, err := os.Stat(r.StackDir(room.StackBootstrap)); err == nil {
		list = append(list, own(r))
	}
	return list
}

// own is the environment of the room's own stacks.
func own(r *room.Room) Environment {
	e := Environment{Name: room.RoomEnvironment, KeyAlias: r.State.KeyAlias}
	for _, stack := range room.Stacks {
		e.Stacks = append(e.Stacks, Stack{Name: stack, Key: r.StateKey(stack), Dir: r.StackDir(stack)})
	}
	return e
}

// stackName is what a stack is called that the spec does not name: the key,
// without what every key ends with.
func stackName(key string) string {
	return strings.TrimSuffix(strings.TrimSuffix(key, "/terraform.tfstate"), ".tfstate")
}

// Select returns the environments that a command is about, each with the stacks
// that it is about. Empty names mean all. The error is a *diag.Diagnostic that
// names what there is.
func Select(r *room.Room, environment, stack string) ([]Environment, error) {
	all := Environments(r)
	if environment == room.RoomEnvironment && !slices.ContainsFunc(all, func(e Environment) bool { return e.Name == environment }) {
		all = append(all, own(r))
	}
	if len(all) == 0 {
		return nil, &diag.Diagnostic{
			Rule: "state-no-environment", Summary: "the spec has no environment, and there is no stack in " + r.StackDir(room.StackBootstrap), At: diag.Location{File: filepath.Join(r.Dir, room.SpecFile)},
			Why: "there is no state to speak of", Fix: `add a block environment "NAME" { ... } to the block "state", or run: strongroom init ` + r.Dir,
		}
	}
	names := []string{}
	found := []Environment{}
	for _, e := range all {
		names = append(names, e.Name)
		if environment == "" || e.Name == environment {
			found = append(found, e)
		}
	}
	if len(found) == 0 {
		return nil, unknown("environment", environment, names, r)
	}
	if stack == "" {
		return found, nil
	}
	left, stacks := []Environment{}, []string{}
	for _, e := range found {
		keep := []Stack{}
		for _, s := range e.Stacks {
			stacks = append(stacks, s.Name)
			if s.Name == stack || s.Key == stack {
				keep = append(keep, s)
			}
		}
		if e.Stacks = keep; len(keep) > 0 {
			left = append(left, e)
		}
	}
	if len(left) == 0 {
		return nil, unknown("stack", stack, stacks, r)
	}
	return left, nil
}

func unknown(what, name string, names []string, r *room.Room) error {
	slices.Sort(names)
	return &diag.Diagnostic{
		Rule: "state-unknown-" + what, Summary: fmt.Sprintf("there is no %s %q", what, name), At: diag.Location{File: filepath.Join(r.Dir, room.SpecFile)},
		Why: "the spec says which there are", Fix: "choose one of: " + strings.Join(slices.Compact(names), ", "),
	}
}

// In returns the stack of a directory: the one whose Dir it is. The error is
// fs.ErrNotExist when there is none.
func In(r *room.Room, dir string) (Environment, Stack, error) {
	want, err := filepath.Abs(dir)
	if err != nil {
		return Environment{}, Stack{}, err
	}
	for _, e := range Environments(r) {
		for _, s := range e.Stacks {
			if s.Dir == "" {
				continue
			}
			if have, err := filepath.Abs(s.Dir); err == nil && path.Clean(filepath.ToSlash(have)) == path.Clean(filepath.ToSlash(want)) {
				return e, s, nil
			}
		}
	}
	return Environment{}, Stack{}, errors.Join(fs.ErrNotExist, fmt.Errorf("no stack of the spec is in %s", dir))
}
