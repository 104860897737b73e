package rehearse

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"

	"github.com/strongroom-dev/strongroom/internal/lock"
	"github.com/strongroom-dev/strongroom/internal/room"
	"github.com/strongroom-dev/strongroom/sandbox"
)

// A bare account has a root user and nobody else. The rehearsal adds those who
// are there before bootstrap on AWS too: an administrator who signs in without
// an access key, a reader for one attack, and the environments' own principals
// in their accounts.
const (
	operatorRole = "rehearsal-operator"
	readerRole   = "rehearsal-reader"
)

const readEverything = `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":["s3:Get*","s3:List*"],"Resource":"*"}}`

func (r *Rehearsal) people(ctx context.Context) error {
	w := &lock.World{
		Account: r.Room.Account, Region: r.Room.Region, Bucket: r.Room.State.Bucket,
		StateKey: r.Room.StateKey(room.StackBootstrap),
		Forge:    r.Room.Forge.Kind, Project: r.Room.Forge.Project, Audience: r.Room.Forge.Audience,
		Branch: branchOf(r.Room.Automation.ApplySubjects),
		Config: r.config, Decided: r.Sandbox.Decided, Token: r.token, Room: r.Room, Mint: r.Sandbox.Token,
		Stack: &stack{r: r, name: room.StackBootstrap}, Trust: r.trust,
		Now: r.Sandbox.Now, Advance: r.advance, Settle: r.Sandbox.Settle,
		Emit: r.Sandbox.Emit, Record: r.Sandbox.Record, Mail: r.Sandbox.Mail, Undelivered: r.Sandbox.Undelivered,
	}
	r.World = w
	if err := r.owners(ctx); err != nil {
		return err
	}
	for _, e := range r.Room.State.Environments {
		if err := r.environment(ctx, e); err != nil {
			return fmt.Errorf("environment %s: %w", e.Name, err)
		}
	}
	if r.Room.Baseline == nil {
		return nil
	}
	var err error
	if w.Person, err = r.person(ctx, r.Room.Account, "alice"); err != nil {
		return err
	}
	w.Stranger, err = r.person(ctx, strangersAccount(r.Room.Account), "mallory")
	return err
}

// owners makes the operator and the reader, of the room's account.
func (r *Rehearsal) owners(ctx context.Context) (err error) {
	w := r.World
	root, err := r.Sandbox.RootCredentials(r.Room.Account)
	if err != nil {
		return err
	}
	client := iam.NewFromConfig(r.Sandbox.Config(root))
	if w.Operator, err = r.role(ctx, client, operatorRole, func(name *string) error {
		_, err := client.AttachRolePolicy(ctx, &iam.AttachRolePolicyInput{RoleName: name, PolicyArn: aws.String("arn:aws:iam::aws:policy/AdministratorAccess")})
		return err
	}); err != nil {
		return err
	}
	w.ReaderRole = "arn:aws:iam::" + r.Room.Account + ":role/" + readerRole
	w.Reader, err = r.role(ctx, client, readerRole, func(name *string) error {
		_, err := client.PutRolePolicy(ctx, &iam.PutRolePolicyInput{RoleName: name, PolicyName: aws.String("read-everything"), PolicyDocument: aws.String(readEverything)})
		return err
	})
	return err
}

// role makes a role of the room's account and returns a session of it.
func (r *Rehearsal) role(ctx context.Context, client *iam.Client, name string, empower func(name *string) error) (aws.Credentials, error) {
	trust := fmt.Sprintf(`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::%s:root"},"Action":"sts:AssumeRole"}}`, r.Room.Account)
	made, err := client.CreateRole(ctx, &iam.CreateRoleInput{RoleName: &name, AssumeRolePolicyDocument: &trust})
	if err != nil {
		return aws.Credentials{}, err
	}
	if err := empower(&name); err != nil {
		return aws.Credentials{}, err
	}
	return r.session(*made.Role.Arn)
}

func (r *Rehearsal) session(role string) (aws.Credentials, error) {
	c, err := r.Sandbox.Session(role, "rehearsal")
	return aws.Credentials{AccessKeyID: c.AccessKeyID, SecretAccessKey: c.SecretAccessKey, SessionToken: c.SessionToken}, err
}

// environment makes the principals of an environment in their own accounts,
// with the rights that a careless administrator there would give them: all of
// S3 and KMS. What they cannot do in the room is then the room's doing.
func (r *Rehearsal) environment(ctx context.Context, e *room.Environment) error {
	out := lock.Environment{Name: e.Name, StateKey: e.StateKeys[0]}
	for i, arn := range e.Principals {
		account, kind, path, name, err := splitPrincipal(arn)
		if err != nil {
			return err
		}
		root, err := r.Sandbox.RootCredentials(account)
		if err != nil {
			return err
		}
		client := iam.NewFromConfig(r.Sandbox.Config(root))
		const all = `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":["s3:*","kms:*"],"Resource":"*"}}`
		var creds aws.Credentials
		if kind == "user" {
			creds, err = makeUser(ctx, client, path, name, all)
		} else {
			creds, err = r.makeRole(ctx, client, account, path, name, all)
		}
		if err != nil {
			return err
		}
		if i == 0 {
			out.Principal, out.Credentials = arn, creds
		}
	}
	r.World.Environments = append(r.World.Environments, out)
	return nil
}

func makeUser(ctx context.Context, client *iam.Client, path, name, document string) (aws.Credentials, error) {
	if _, err := client.CreateUser(ctx, &iam.CreateUserInput{UserName: &name, Path: &path}); err != nil {
		return aws.Credentials{}, err
	}
	if _, err := client.PutUserPolicy(ctx, &iam.PutUserPolicyInput{UserName: &name, PolicyName: aws.String("state"), PolicyDocument: &document}); err != nil {
		return aws.Credentials{}, err
	}
	key, err := client.CreateAccessKey(ctx, &iam.CreateAccessKeyInput{UserName: &name})
	if err != nil {
		return aws.Credentials{}, err
	}
	return aws.Credentials{AccessKeyID: *key.AccessKey.AccessKeyId, SecretAccessKey: *key.AccessKey.SecretAccessKey}, nil
}

func (r *Rehearsal) makeRole(ctx context.Context, client *iam.Client, account, path, name, document string) (aws.Credentials, error) {
	trust := fmt.Sprintf(`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::%s:root"},"Action":"sts:AssumeRole"}}`, account)
	made, err := client.CreateRole(ctx, &iam.CreateRoleInput{RoleName: &name, Path: &path, AssumeRolePolicyDocument: &trust})
	if err != nil {
		return aws.Credentials{}, err
	}
	if _, err := client.PutRolePolicy(ctx, &iam.PutRolePolicyInput{RoleName: &name, PolicyName: aws.String("state"), PolicyDocument: &document}); err != nil {
		return aws.Credentials{}, err
	}
	return r.session(*made.Role.Arn)
}

// splitPrincipal takes arn:aws:iam::ACCOUNT:user/PATH/NAME apart. The spec has
// checked its form.
func splitPrincipal(arn string) (account, kind, path, name string, err error) {
	parts := strings.SplitN(arn, ":", 6)
	if len(parts) != 6 {
		return "", "", "", "", fmt.Errorf("principal %q is not an ARN", arn)
	}
	kind, rest, _ := strings.Cut(parts[5], "/")
	if kind != "user" && kind != "role" {
		return "", "", "", "", fmt.Errorf("principal %q is neither a user nor a role", arn)
	}
	at := strings.LastIndexByte(rest, '/')
	return parts[4], kind, "/" + rest[:at+1], rest[at+1:], nil
}

// branchOf returns the branch that the first apply subject names, or "main".
func branchOf(subjects []string) string {
	for _, s := range subjects {
		for _, mark := range []string{"ref_type:branch:ref:", "ref:refs/heads/"} {
			if _, branch, ok := strings.Cut(s, mark); ok && !strings.ContainsAny(branch, "*?:") {
				return branch
			}
		}
	}
	return "main"
}

// config is the SDK's configuration for credentials; nil: anonymous.
func (r *Rehearsal) config(creds *aws.Credentials) aws.Config {
	if creds == nil {
		cfg := r.Sandbox.Config(sandbox.Credentials{})
		cfg.Credentials = aws.AnonymousCredentials{}
		return cfg
	}
	return r.Sandbox.Config(sandbox.Credentials{AccessKeyID: creds.AccessKeyID, SecretAccessKey: creds.SecretAccessKey, SessionToken: creds.SessionToken})
}

// faults are the lock's faults in the forge's terms.
var faults = map[lock.Fault]sandbox.Fault{
	lock.Honest: "", lock.Forged: "forged", lock.Expired: "expired", lock.Unsigned: "alg-none",
}

// token asks the sandbox's forge for the token of a pipeline.
func (r *Rehearsal) token(t lock.Token) (string, error) {
	f := r.Room.Forge
	req := sandbox.TokenRequest{Forge: f.Kind, Issuer: f.Issuer, Project: f.Project, Ref: r.World.Branch, Audience: []string{f.Audience}}
	if f.OwnerID != "" {
		req.Immutable, req.OwnerID, req.RepositoryID = true, f.OwnerID, f.RepositoryID
	}
	if t.Project != "" {
		req.Project, req.OwnerID, req.RepositoryID = t.Project, "", ""
	}
	if t.Branch != "" {
		req.Ref = t.Branch
	}
	if t.Audience != "" {
		req.Audience = []string{t.Audience}
	}
	var ok bool
	if req.Fault, ok = faults[t.Fault]; !ok {
		return "", fmt.Errorf("the forge has no fault %q", t.Fault)
	}
	return r.Sandbox.Token(req)
}

// settle reads what the built room calls its parts.
func (r *Rehearsal) settle(ctx context.Context, e interface {
	Outputs(context.Context) (map[string]json.RawMessage, error)
}) error {
	outputs, err := e.Outputs(ctx)
	if err != nil {
		return err
	}
	text := func(name string) (s string) {
		if raw, ok := outputs[name]; !ok || json.Unmarshal(raw, &s) != nil {
			err = fmt.Errorf("the bootstrap stack has no output %q", name)
		}
		return s
	}
	w := r.World
	w.KeyARN, w.PlanRole, w.ApplyRole = text("state_kms_key_arn"), text("plan_role_arn"), text("apply_role_arn")
	if err != nil {
		return err
	}
	var environments map[string]struct {
		KeyARN string `json:"kms_key_arn"`
	}
	if raw, ok := outputs["environments"]; ok {
		if err := json.Unmarshal(raw, &environments); err != nil {
			return fmt.Errorf("output environments: %w", err)
		}
	}
	for i := range w.Environments {
		w.Environments[i].KeyARN = environments[w.Environments[i].Name].KeyARN
		if w.Environments[i].KeyARN == "" {
			return fmt.Errorf("the bootstrap stack has no key for environment %q", w.Environments[i].Name)
		}
	}
	return nil
}
