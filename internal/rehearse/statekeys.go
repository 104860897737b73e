package rehearse

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/strongroom-dev/strongroom/internal/diag"
	"github.com/strongroom-dev/strongroom/internal/lock"
	"github.com/strongroom-dev/strongroom/internal/state"
)

// handPolicy is what the scenario calls the policy of a principal that people of
// its own account keep by hand.
const handPolicy = "terraform-ci"

// stateKeys are the stages of the scenario: the world as it was found, then each
// environment in turn from SSE-S3 to a key of its own.
func (r *Rehearsal) stateKeys() []stage {
	stages := []stage{{"sandbox", r.start}, {"accounts", r.accounts}, {"engine", r.equip}, {"states", r.writeStates}}
	if r.options.AsFound {
		return append(stages, stage{"stacks", r.writeStacks})
	}
	stages = append(stages, stage{"keys", r.makeKeys})
	for _, e := range r.Room.State.Environments {
		stages = append(stages,
			stage{e.Name + ": grants", func(ctx context.Context) error { return r.grant(ctx, e.Name) }},
			stage{e.Name + ": rekey", func(ctx context.Context) error { return r.rekey(ctx, e.Name) }})
	}
	return stages
}

// accounts makes those who are there before anything is encrypted: the owner of
// the state account, a reader there, the bucket, and in each environment's account
// a principal with an access key and a policy that is kept by hand.
func (r *Rehearsal) accounts(ctx context.Context) error {
	if err := r.suits(); err != nil {
		return err
	}
	r.newStatesWorld()
	if err := r.owners(ctx); err != nil {
		return err
	}
	for _, e := range state.Environments(r.Room) {
		if err := r.tenant(ctx, e); err != nil {
			return fmt.Errorf("environment %s: %w", e.Name, err)
		}
	}
	return r.stateBucket(ctx)
}

// newStatesWorld makes the world of a scenario, with nobody in it yet.
func (r *Rehearsal) newStatesWorld() *lock.World {
	r.World = &lock.World{
		Account: r.Room.Account, Region: r.Room.State.Region, Bucket: r.Room.State.Bucket, Room: r.Room,
		Config: r.config, Decided: r.Sandbox.Decided, Now: r.Sandbox.Now, Settle: r.Sandbox.Settle, Advance: r.advance,
	}
	r.commands = &commands{r: r, knob: map[string]string{}, backends: map[[2]string]string{}, revisions: map[[2]string]int{}}
	r.World.Commands = r.commands
	return r.World
}

// suits refuses a spec that the scenario cannot be played with.
func (r *Rehearsal) suits() error {
	s := r.Room.State
	d := &diag.Diagnostic{
		Rule: "rehearse-scenario", Why: "scenario " + r.options.Scenario + " is about environments of other accounts, which share a bucket",
		Fix: "name another directory, or none: the example has three environments",
	}
	switch {
	case s.Backend != "s3":
		d.Summary = fmt.Sprintf("the spec keeps states in the backend %q", s.Backend)
	case s.ClientEncryption:
		d.Summary = "the spec has OpenTofu encrypt states before it sends them: there is nothing that SSE-KMS would add"
	case len(s.Environments) < 2:
		d.Summary = fmt.Sprintf("the spec has %d environments, and the scenario needs two", len(s.Environments))
	default:
		for _, e := range s.Environments {
			account, kind, _, _, err := splitPrincipal(e.Principals[0])
			switch {
			case err != nil:
				return err
			case kind != "user":
				d.Summary = fmt.Sprintf("the first principal of environment %q is a role", e.Name)
				d.Why = "the scenario is about static users, whose policies are kept by hand"
				return d
			case account == r.Room.Account:
				d.Summary = fmt.Sprintf("environment %q is in the state account itself", e.Name)
				return d
			}
		}
		return nil
	}
	return d
}

// tenant makes an environment's principal in its own account: a user with an
// access key and a policy that has been kept by hand.
func (r *Rehearsal) tenant(ctx context.Context, e state.Environment) error {
	account, _, path, name, err := splitPrincipal(e.Principals[0])
	if err != nil {
		return err
	}
	root, err := r.Sandbox.RootCredentials(account)
	if err != nil {
		return err
	}
	out := lock.Environment{
		Name: e.Name, StateKey: e.Stacks[0].Key, Principal: e.Principals[0], Policy: handPolicy,
		Admin: aws.Credentials{AccessKeyID: root.AccessKeyID, SecretAccessKey: root.SecretAccessKey},
	}
	for _, s := range e.Stacks {
		out.Stacks = append(out.Stacks, lock.StackState{Name: s.Name, Key: s.Key})
	}
	client := iam.NewFromConfig(r.config(&out.Admin))
	if _, err := client.CreateUser(ctx, &iam.CreateUserInput{UserName: &name, Path: &path}); err != nil {
		return err
	}
	if err := r.putHandPolicy(ctx, &out, r.principalStatements(&out)); err != nil {
		return err
	}
	key, err := client.CreateAccessKey(ctx, &iam.CreateAccessKeyInput{UserName: &name})
	if err != nil {
		return err
	}
	out.Credentials = aws.Credentials{AccessKeyID: *key.AccessKey.AccessKeyId, SecretAccessKey: *key.AccessKey.SecretAccessKey}
	r.World.Environments = append(r.World.Environments, out)
	return nil
}

// principalStatements are the rights that an environment's principal begins with.
func (r *Rehearsal) principalStatements(e *lock.Environment) []any {
	return []any{
		map[string]any{"Sid": "Infrastructure", "Effect": "Allow", "Action": []string{"ec2:*", "route53:*", "lambda:*"}, "Resource": "*"},
		map[string]any{"Sid": "StateBucket", "Effect": "Allow", "Action": "s3:ListBucket", "Resource": "arn:aws:s3:::" + r.Room.State.Bucket},
		map[string]any{"Sid": "State", "Effect": "Allow", "Action": r.stateActions(), "Resource": r.stateObjects(e)},
	}
}

// stateActions are what a principal does with the objects of its states.
func (r *Rehearsal) stateActions() []string {
	actions := []string{"s3:GetObject", "s3:PutObject", "s3:PutObjectAcl"}
	if r.Room.State.Locking {
		actions = append(actions, "s3:DeleteObject")
	}
	return actions
}

func (r *Rehearsal) stateObjects(e *lock.Environment) (arns []string) {
	for _, s := range e.Stacks {
		arns = append(arns, "arn:aws:s3:::"+r.Room.State.Bucket+"/"+s.Key)
		if r.Room.State.Locking {
			arns = append(arns, "arn:aws:s3:::"+r.Room.State.Bucket+"/"+s.Key+".tflock")
		}
	}
	return arns
}

// putHandPolicy writes the policy of an environment's principal.
func (r *Rehearsal) putHandPolicy(ctx context.Context, e *lock.Environment, statements []any) error {
	_, _, _, name, err := splitPrincipal(e.Principal)
	if err != nil {
		return err
	}
	text, err := json.Marshal(map[string]any{"Version": "2012-10-17", "Statement": statements})
	if err != nil {
		return err
	}
	_, err = iam.NewFromConfig(r.config(&e.Admin)).PutUserPolicy(ctx, &iam.PutUserPolicyInput{UserName: &name, PolicyName: &e.Policy, PolicyDocument: aws.String(string(text))})
	return err
}

// stateBucket makes the bucket that was there before: encrypted with SSE-S3, as every
// bucket is that says nothing else, and shared by its policy.
func (r *Rehearsal) stateBucket(ctx context.Context) error {
	client := s3.NewFromConfig(r.config(&r.World.Operator), func(o *s3.Options) { o.Region = r.World.Region })
	in := &s3.CreateBucketInput{Bucket: &r.World.Bucket}
	if r.World.Region != "us-east-1" {
		in.CreateBucketConfiguration = &types.CreateBucketConfiguration{LocationConstraint: types.BucketLocationConstraint(r.World.Region)}
	}
	if _, err := client.CreateBucket(ctx, in); err != nil {
		return err
	}
	if _, err := client.PutBucketVersioning(ctx, &s3.PutBucketVersioningInput{
		Bucket: &r.World.Bucket, VersioningConfiguration: &types.VersioningConfiguration{Status: types.BucketVersioningStatusEnabled},
	}); err != nil {
		return err
	}
	var principals []string
	statements := []any{}
	for i := range r.World.Environments {
		e := &r.World.Environments[i]
		principals = append(principals, e.Principal)
		statements = append(statements, map[string]any{
			"Sid": "State" + fmt.Sprint(i), "Effect": "Allow", "Principal": map[string]any{"AWS": e.Principal}, "Action": r.stateActions(), "Resource": r.stateObjects(e),
		})
	}
	statements = append(statements, map[string]any{
		"Sid": "List", "Effect": "Allow", "Principal": map[string]any{"AWS": principals}, "Action": "s3:ListBucket", "Resource": "arn:aws:s3:::" + r.World.Bucket,
	})
	text, err := json.Marshal(map[string]any{"Version": "2012-10-17", "Statement": statements})
	if err != nil {
		return err
	}
	_, err = client.PutBucketPolicy(ctx, &s3.PutBucketPolicyInput{Bucket: &r.World.Bucket, Policy: aws.String(string(text))})
	return err
}

// writeStates has each environment's principal apply its stacks, as pipelines did
// before there was a key, and notes what the states are.
func (r *Rehearsal) writeStates(ctx context.Context) error {
	c := r.commands
	for i := range r.World.Environments {
		e := &r.World.Environments[i]
		if err := r.World.Commands.Knob(ctx, e.Name, false); err != nil {
			return err
		}
		for j := range e.Stacks {
			s := &e.Stacks[j]
			said, err := c.apply(ctx, e.Name, s.Name, 0)
			if err == nil && said != "" {
				err = errors.New(said)
			}
			if err == nil {
				err = r.World.Remember(ctx, s)
			}
			if err != nil {
				return fmt.Errorf("stack %s of %s: %w", s.Name, e.Name, err)
			}
		}
	}
	return nil
}
