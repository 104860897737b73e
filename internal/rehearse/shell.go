package rehearse

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/strongroom-dev/strongroom/internal/state"
)

// Shell returns what a shell needs, as KEY=VALUE and as names to unset, to work in
// the sandbox: as the root user of the room's account, or in a scenario as the owner
// of the state account, with a profile for everybody else.
func (r *Rehearsal) Shell() (set, unset []string, err error) {
	set, unset = r.Sandbox.Env(), r.Sandbox.EnvUnset()
	if r.commands == nil {
		return set, unset, nil
	}
	file, err := r.commands.profiles()
	if err != nil {
		return nil, nil, err
	}
	set = append(withCredentials(set), "AWS_CONFIG_FILE="+file, "AWS_SHARED_CREDENTIALS_FILE="+os.DevNull, "AWS_PROFILE="+ownerProfile)
	keep := unset[:0]
	for _, name := range append(unset, "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN") {
		switch name {
		case "AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE", "AWS_PROFILE":
		default:
			keep = append(keep, name)
		}
	}
	return set, keep, nil
}

// writeStacks puts the stacks where the spec says that they are, for a person who
// goes on from there, and opens an account for one environment more. Every
// environment has the same stacks.
func (r *Rehearsal) writeStacks(context.Context) error {
	root, err := r.Sandbox.RootCredentials(newcomer)
	if err != nil {
		return err
	}
	r.commands.newcomer = &aws.Credentials{AccessKeyID: root.AccessKeyID, SecretAccessKey: root.SecretAccessKey}
	for _, e := range state.Environments(r.Room) {
		for i, s := range e.Stacks {
			if s.Dir == "" {
				continue
			}
			if err := os.MkdirAll(s.Dir, 0o755); err != nil {
				return err
			}
			if err := os.WriteFile(filepath.Join(s.Dir, "main.tf"), []byte(r.commands.stackText(i == 0)), 0o644); err != nil {
				return fmt.Errorf("stack %s: %w", s.Name, err)
			}
		}
	}
	return nil
}
