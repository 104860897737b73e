package rehearse

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	tfjson "github.com/hashicorp/terraform-json"

	"github.com/strongroom-dev/strongroom/internal/diag"
	"github.com/strongroom-dev/strongroom/internal/engine"
	"github.com/strongroom-dev/strongroom/internal/lock"
	"github.com/strongroom-dev/strongroom/internal/room"
)

// src builds the src stack as CI does: a pipeline's job of the branch that may
// apply, with the job's token and nothing else. A room without a baseline has
// nothing in that stack that is the room's own.
func (r *Rehearsal) src(ctx context.Context) error {
	if r.Room.Baseline == nil {
		return nil
	}
	// The room may have been bootstrapped for real: its backend names that key.
	backend, err := r.Room.BackendS3(room.StackSrc, r.World.KeyARN)
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(r.Room.StackDir(room.StackSrc), "backend.tf"), backend, 0o644); err != nil {
		return err
	}
	e, err := r.job(r.World.ApplyRole)
	if err != nil {
		return err
	}
	for _, s := range []struct {
		name string
		do   func(context.Context) error
	}{{"src: init", e.Init}, {"src: apply", e.Apply}} {
		r.begin(s.name)
		if err := s.do(ctx); err != nil {
			return srcError(ctx, s.name, err)
		}
		r.end()
	}
	r.World.Src = &srcStack{stack{r: r, name: room.StackSrc}}
	return r.subscribe(ctx)
}

func srcError(ctx context.Context, step string, err error) error {
	var failed *engine.Error
	if ctx.Err() != nil || !errors.As(err, &failed) || failed.Exit != 1 {
		return err
	}
	return &diag.Diagnostic{
		Rule: "rehearse-src", Summary: step + ": the apply role cannot build the src stack: " + failed.Reason(), Err: err,
		Why: "what fails here with a pipeline's token fails in CI too, after a person has reviewed the plan",
		Fix: "mend the stack or the apply role, and rehearse again; --keep leaves the sandbox up to look at",
	}
}

// job returns an engine in the src stack as a pipeline's job runs it: with the
// token of the branch that may apply, for a role.
func (r *Rehearsal) job(role string) (*engine.Engine, error) {
	token, err := r.token(lock.Token{})
	if err != nil {
		return nil, err
	}
	name := role[strings.LastIndexByte(role, '/')+1:]
	file := filepath.Join(r.work, name+".token")
	if err := os.WriteFile(file, []byte(token), 0o600); err != nil {
		return nil, err
	}
	set := withCredentials(r.environ, "AWS_ROLE_ARN="+role, "AWS_ROLE_SESSION_NAME="+name, "AWS_WEB_IDENTITY_TOKEN_FILE="+file)
	return r.engineWith(r.Room.StackDir(room.StackSrc), set)
}

// srcStack is the built src stack, for the locks that the engine enforces.
type srcStack struct{ stack }

// Plan plans the stack as the plan role.
func (s *srcStack) Plan(ctx context.Context) ([]string, error) {
	e, err := s.r.job(s.r.World.PlanRole)
	if err != nil {
		return nil, err
	}
	return planned(ctx, e, filepath.Join(s.r.work, "second.tfplan"))
}

// planned are the changes of a plan, which is made in file and thrown away.
func planned(ctx context.Context, e *engine.Engine, file string) (changes []string, err error) {
	defer os.Remove(file)
	_, changed, err := e.Plan(ctx, file)
	if said, err := refusal(ctx, err); err != nil || said != "" || !changed {
		if said != "" {
			changes = []string{"the plan failed: " + said}
		}
		return changes, err
	}
	plan, err := e.PlannedChanges(ctx, file)
	if err != nil {
		return nil, err
	}
	for _, c := range plan.ResourceChanges {
		if c.Change != nil && !c.Change.Actions.NoOp() && !c.Change.Actions.Read() {
			changes = append(changes, fmt.Sprintf("%s: %s", c.Address, actions(c.Change.Actions)))
		}
	}
	if len(changes) == 0 {
		changes = []string{"outputs alone"}
	}
	return changes, nil
}

// Apply applies the stack, as CI or with credentials of somebody's own.
func (s *srcStack) Apply(ctx context.Context, creds *aws.Credentials) (string, error) {
	if creds == nil {
		e, err := s.r.job(s.r.World.ApplyRole)
		if err != nil {
			return "", err
		}
		return refusal(ctx, e.Apply(ctx))
	}
	e, err := s.r.engineWith(s.r.Room.StackDir(room.StackSrc), withCredentials(s.r.environ,
		"AWS_ACCESS_KEY_ID="+creds.AccessKeyID, "AWS_SECRET_ACCESS_KEY="+creds.SecretAccessKey, "AWS_SESSION_TOKEN="+creds.SessionToken))
	if err != nil {
		return "", err
	}
	return refusal(ctx, e.Apply(ctx))
}

func actions(a tfjson.Actions) string {
	words := make([]string, len(a))
	for i, action := range a {
		words[i] = string(action)
	}
	return strings.Join(words, " and ")
}
