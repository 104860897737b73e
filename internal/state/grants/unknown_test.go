package grants_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/strongroom-dev/strongroom/internal/diag"
	"github.com/strongroom-dev/strongroom/internal/room"
	"github.com/strongroom-dev/strongroom/internal/state"
	"github.com/strongroom-dev/strongroom/internal/state/grants"
)

// The half that was not looked at is said to be unknown, whatever the other one says.
func TestAHalfThatIsNotLookedAtIsUnknown(t *testing.T) {
	t.Parallel()
	w, p := granted(t)
	blind := &grants.Checker{Room: w.room(true), State: w.sb.Config(w.sb.Credentials())}
	e := w.by(blind, "development")
	f := w.one(e)
	if e.Verdict() != 1 || f.Rule != "grants-unread" || f.Side != grants.PrincipalSide || !strings.Contains(f.Fix, "--principal-profile development=PROFILE") {
		t.Errorf("verdict %d: %s", e.Verdict(), show(f))
	}
	for _, c := range e.Principals[0].Checks {
		if c.State != "yes" || c.Principal != "unknown" {
			t.Errorf("judged %+v", c)
		}
	}
	// What is missing on the side that was looked at is missing all the same.
	w.paste(p.without("key", 0, "kms:Decrypt"), "development")
	if e := w.by(blind, "development"); e.Verdict() != 2 || told(e, grants.Missing)[0].Actions[0] != "kms:Decrypt" {
		t.Errorf("verdict %d: %s", e.Verdict(), show(e.Findings))
	}
	// Nor is it known with credentials that may not read it: the user's own.
	w.paste(p, "development")
	blind.Profiles = func(context.Context, string) ([]aws.Config, error) {
		return []aws.Config{w.sb.Config(w.creds["development"])}, nil
	}
	e = w.by(blind, "development")
	if f := w.one(e); e.Verdict() != 1 || !strings.Contains(f.Summary, "AccessDenied") {
		t.Errorf("verdict %d: %s", e.Verdict(), show(f))
	}
}

// An owner who may not read a policy learns that it is unknown, and not that something
// is missing.
func TestAStateSideThatMayNotBeReadIsUnknown(t *testing.T) {
	t.Parallel()
	w, _ := granted(t)
	for _, action := range []string{"kms:GetKeyPolicy", "s3:GetBucketPolicy", "s3:GetEncryptionConfiguration", "s3:GetBucketOwnershipControls", "kms:ListGrants", "kms:DescribeKey"} {
		e := w.by(w.weak(action), "development")
		if e.Verdict() != 1 || !strings.Contains(show(told(e, grants.Unknown)), action) {
			t.Errorf("without %s: verdict %d, %s", action, e.Verdict(), show(told(e, grants.Missing, grants.Wide, grants.Unknown)))
		}
	}
}

// weak is a checker by somebody of the state account who may do everything but one thing.
func (w *world) weak(action string) *grants.Checker {
	w.Helper()
	name := "weak-" + strings.ReplaceAll(action, ":", "-")
	creds := w.user(stateAccount, name)
	must(w.iam(stateAccount).PutUserPolicy(w.Context(), &iam.PutUserPolicyInput{UserName: &name, PolicyName: aws.String("deny"), PolicyDocument: document(`{"Effect":"Deny","Action":"` + action + `","Resource":"*"}`)}))
	return &grants.Checker{Room: w.room(true), State: w.sb.Config(creds), Profiles: func(context.Context, string) ([]aws.Config, error) {
		creds, err := w.sb.RootCredentials(accounts["development"])
		return []aws.Config{w.sb.Config(creds)}, err
	}}
}

// Credentials of another account are refused: what they cannot see would pass for what
// is not there.
func TestCredentialsOfAnotherAccountAreRefused(t *testing.T) {
	t.Parallel()
	w, _ := granted(t)
	far := w.sb.Config(must(w.sb.RootCredentials("999988887777")))
	for name, c := range map[string]*grants.Checker{
		"state side": {Room: w.room(true), State: far},
		"principal side": {Room: w.room(true), State: w.sb.Config(w.sb.Credentials()), Profiles: func(context.Context, string) ([]aws.Config, error) {
			return []aws.Config{far}, nil
		}},
	} {
		list := must(state.Select(c.Room, "development", ""))
		_, err := c.Check(t.Context(), list[0])
		var d *diag.Diagnostic
		if !errors.As(err, &d) || d.Rule != "grants-account" || !strings.Contains(d.Summary, "999988887777") || d.Why == "" || d.Fix == "" {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// What this is not about is refused by name, and an environment without a key lacks it.
func TestWhatCannotBeAsked(t *testing.T) {
	t.Parallel()
	w, _ := granted(t)
	r := w.room(true)
	c := &grants.Checker{Room: r, State: w.sb.Config(w.sb.Credentials())}
	refused := func(e state.Environment, rule string) {
		t.Helper()
		_, err := c.Check(t.Context(), e)
		var d *diag.Diagnostic
		if !errors.As(err, &d) || d.Rule != rule || d.Why == "" || d.Fix == "" {
			t.Errorf("%v, want %s", err, rule)
		}
	}
	refused(must(state.Select(r, room.RoomEnvironment, ""))[0], "grants-room")
	r.State.Backend = "http"
	refused(must(state.Select(r, "development", ""))[0], "grants-backend")
	r.State.Backend = "s3"
	r.State.Bucket = "no-such-bucket"
	if f := told(w.by(c, "development"), grants.Missing); len(f) == 0 || !slices.ContainsFunc(f, func(f grants.Finding) bool { return f.Rule == "grants-no-bucket" }) {
		t.Errorf("found %s", show(f))
	}
	r.State.Bucket = bucket
	r.State.Environments[0].KeyARN = ""
	e := w.by(c, "development")
	if f := w.one(e); e.Verdict() != 2 || f.Rule != "grants-no-key" || !strings.Contains(f.Fix, "modules/state-key") {
		t.Errorf("found %s", show(f))
	}
	// By its alias, which is what modules/state-key calls it.
	key := w.keys["development"]
	must(w.kms.CreateAlias(t.Context(), &kms.CreateAliasInput{AliasName: aws.String("alias/cabal-tf-state-development"), TargetKeyId: &key}))
	if e := w.by(c, "development"); e.KeyARN != key || len(told(e, grants.Missing)) != 0 {
		t.Errorf("key %s: %s", e.KeyARN, show(e.Findings))
	}
}

// A principal that is a role is judged by its name, since a session's is made up as it
// goes; what its sessions are passed is not looked at.
func TestARoleIsAPrincipal(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "")
	client := w.iam(accounts["development"])
	role := *must(client.CreateRole(t.Context(), &iam.CreateRoleInput{RoleName: aws.String("terraform"), Path: aws.String("/ci/"), AssumeRolePolicyDocument: document(`{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::` + accounts["development"] + `:root"},"Action":"sts:AssumeRole"}`)})).Role.Arn
	w.users["development"] = role
	r := w.room(true)
	p := printed(w.check(r, "development"))
	w.keyPolicy("development", text(w, p["key"]))
	w.bucketPolicy(text(w, p["bucket"]))
	put := func(list []grants.Statement) {
		must(client.PutRolePolicy(t.Context(), &iam.PutRolePolicyInput{RoleName: aws.String("terraform"), PolicyName: aws.String("state"), PolicyDocument: document(text(w, list))}))
	}
	put(p["own"])
	w.creds["development"] = must(w.sb.Session(role, "job-1"))
	if err := w.act("development", true); err != nil {
		t.Error(err)
	}
	e := w.check(r, "development")
	if e.Verdict() != 0 || !strings.Contains(show(told(e, grants.Note)), "grants-session") {
		t.Errorf("found %s", show(e.Findings))
	}
	put(p["own"][1:])
	if f := w.one(w.check(r, "development")); f.Rule != "grants-missing" || f.Side != grants.PrincipalSide || len(f.Actions) != 4 {
		t.Errorf("found %s", show(f))
	}
}

// Of principals in several accounts those are looked at whose account the profile is of;
// a state of another workspace is told of.
func TestPrincipalsOfSeveralAccounts(t *testing.T) {
	t.Parallel()
	w, _ := granted(t)
	must(w.s3.PutObject(t.Context(), &s3.PutObjectInput{Bucket: aws.String(bucket), Key: aws.String("env:/blue/development"), Body: strings.NewReader("{}")}))
	r := w.room(true)
	r.State.Environments[0].Principals = append(r.State.Environments[0].Principals, w.users["staging"])
	r.State.Environments = r.State.Environments[:1]
	e := w.check(r, "development")
	if len(e.Principals) != 2 || !e.Principals[0].Read || e.Principals[1].Read || len(e.KeyPolicy[0].Principal["AWS"]) != 2 {
		t.Fatalf("read %s", show(e.Principals))
	}
	unknown := told(e, grants.Unknown)
	if len(unknown) != 1 || unknown[0].Principal != w.users["staging"] {
		t.Errorf("unknown: %s", show(unknown))
	}
	for _, f := range told(e, grants.Missing) {
		if f.Principal != w.users["staging"] {
			t.Errorf("found %s", show(f))
		}
	}
	// With a profile of each account everything is read.
	c := &grants.Checker{Room: r, State: w.sb.Config(w.sb.Credentials()), Profiles: func(context.Context, string) (list []aws.Config, _ error) {
		for _, name := range []string{"staging", "development"} {
			list = append(list, w.sb.Config(must(w.sb.RootCredentials(accounts[name]))))
		}
		return list, nil
	}}
	if both := w.by(c, "development"); !both.Principals[0].Read || !both.Principals[1].Read || len(told(both, grants.Unknown)) != 0 {
		t.Errorf("with both profiles: %s", show(both.Principals))
	}
	if !strings.Contains(show(told(e, grants.Note)), "env:/blue/development") {
		t.Errorf("the workspace is not told of: %s", show(told(e, grants.Note)))
	}
}

// Whatever stops a request is named for what it is: a boundary, a Deny on either side, a
// key that is off, a principal of another path, a condition that only a request can tell.
func TestWhatStopsARequestIsNamed(t *testing.T) {
	t.Parallel()
	w, p := granted(t)
	dev := w.iam(accounts["development"])
	everything := text(w, p["own"])
	boundary := func(statements string) string {
		arn := *must(dev.CreatePolicy(t.Context(), &iam.CreatePolicyInput{PolicyName: aws.String("boundary"), PolicyDocument: document(statements)})).Policy.Arn
		must(dev.PutUserPermissionsBoundary(t.Context(), &iam.PutUserPermissionsBoundaryInput{UserName: aws.String("terraform"), PermissionsBoundary: &arn}))
		return arn
	}
	group := func(statement string) {
		must(dev.CreateGroup(t.Context(), &iam.CreateGroupInput{GroupName: aws.String("g")}))
		must(dev.PutGroupPolicy(t.Context(), &iam.PutGroupPolicyInput{GroupName: aws.String("g"), PolicyName: aws.String("p"), PolicyDocument: document(statement)}))
		must(dev.AddUserToGroup(t.Context(), &iam.AddUserToGroupInput{GroupName: aws.String("g"), UserName: aws.String("terraform")}))
	}
	key := w.keys["development"]
	for _, tt := range []struct {
		name       string
		do, undo   func()
		rule, says string
		side       grants.Side
		level      grants.Level
		// works: the requests succeed here and now.
		works bool
	}{
		{name: "a boundary without the key", do: func() { boundary(`{"Effect":"Allow","Action":"s3:*","Resource":"*"}`) }, undo: func() {
			must(dev.DeleteUserPermissionsBoundary(t.Context(), &iam.DeleteUserPermissionsBoundaryInput{UserName: aws.String("terraform")}))
		}, rule: "grants-boundary", says: "boundary", side: grants.PrincipalSide, level: grants.Missing},
		{name: "a Deny of a group", do: func() { group(`{"Sid":"No","Effect":"Deny","Action":"s3:DeleteObject","Resource":"*"}`) }, undo: func() {
			must(dev.RemoveUserFromGroup(t.Context(), &iam.RemoveUserFromGroupInput{GroupName: aws.String("g"), UserName: aws.String("terraform")}))
		}, rule: "grants-denied", says: `statement \"No\" of group/g/p`, side: grants.PrincipalSide, level: grants.Missing},
		{name: "a Deny of the bucket", do: func() {
			w.bucketPolicy(text(w, p["bucket"]), `{"Sid":"OnlyMine","Effect":"Deny","Principal":"*","Action":"s3:PutObject","Resource":"arn:aws:s3:::`+bucket+`/development","Condition":{"StringNotEquals":{"s3:x-amz-server-side-encryption-aws-kms-key-id":"arn:aws:kms:us-east-1:101246931230:key/other"}}}`)
		}, rule: "grants-denied", says: `statement \"OnlyMine\" of the policy of bucket`, side: grants.StateSide, level: grants.Missing},
		{name: "a key that is off", do: func() { must(w.kms.DisableKey(t.Context(), &kms.DisableKeyInput{KeyId: &key})) }, undo: func() {
			must(w.kms.EnableKey(t.Context(), &kms.EnableKeyInput{KeyId: &key}))
		}, rule: "grants-key-state", says: "aws kms enable-key --key-id " + key, side: grants.StateSide, level: grants.Missing},
		{name: "a key on its way out", do: func() {
			must(w.kms.ScheduleKeyDeletion(t.Context(), &kms.ScheduleKeyDeletionInput{KeyId: &key}))
		}, undo: func() {
			must(w.kms.CancelKeyDeletion(t.Context(), &kms.CancelKeyDeletionInput{KeyId: &key}))
			must(w.kms.EnableKey(t.Context(), &kms.EnableKeyInput{KeyId: &key}))
		}, rule: "grants-key-state", says: "aws kms cancel-key-deletion --key-id " + key, side: grants.StateSide, level: grants.Missing},
		{name: "a network that only a request has", do: func() {
			w.ownPolicy("development", everything+`,{"Effect":"Deny","Action":"*","Resource":"*","Condition":{"NotIpAddress":{"aws:SourceIp":"127.0.0.0/8"},"Bool":{"aws:ViaAWSService":"false"}}}`)
		}, rule: "grants-unknown", says: "aws:SourceIp", side: grants.PrincipalSide, level: grants.Unknown, works: true},
	} {
		w.clear()
		w.paste(p, "development")
		tt.do()
		if err := w.act("development", true); (err == nil) != tt.works {
			t.Errorf("%s: the requests: %v", tt.name, err)
		}
		e := w.check(w.room(true), "development")
		if tt.undo != nil {
			tt.undo()
		}
		list := told(e, grants.Missing, grants.Wide, grants.Unknown)
		if len(list) == 0 || !strings.Contains(show(list), tt.says) {
			t.Errorf("%s: %q is not in %s", tt.name, tt.says, show(list))
		}
		for _, f := range list {
			if f.Rule != tt.rule || f.Side != tt.side || f.Level != tt.level {
				t.Errorf("%s: found %s", tt.name, show(f))
			}
		}
	}
	w.paste(p, "development")
	if e := w.check(w.room(true), "development"); e.Verdict() != 0 {
		t.Errorf("all undone: %s", show(e.Findings))
	}

	// A user that is gone, and one of the same name elsewhere.
	w.ownPolicy("development", "")
	keys := must(dev.ListAccessKeys(t.Context(), &iam.ListAccessKeysInput{UserName: aws.String("terraform")}))
	must(dev.DeleteAccessKey(t.Context(), &iam.DeleteAccessKeyInput{UserName: aws.String("terraform"), AccessKeyId: keys.AccessKeyMetadata[0].AccessKeyId}))
	must(dev.DeleteUser(t.Context(), &iam.DeleteUserInput{UserName: aws.String("terraform")}))
	e := w.check(w.room(true), "development")
	if !strings.Contains(show(told(e, grants.Unknown)), "NoSuchEntity") {
		t.Errorf("a user that is gone: %s", show(e.Findings))
	}
	must(dev.CreateUser(t.Context(), &iam.CreateUserInput{UserName: aws.String("terraform"), Path: aws.String("/ci/")}))
	e = w.check(w.room(true), "development")
	for _, what := range []string{"the principal is arn:aws:iam::175059541256:user/ci/terraform", "grants-principal"} {
		if missing := show(told(e, grants.Missing)); !strings.Contains(missing, what) {
			t.Errorf("a user that was made again elsewhere: %s is not in %s", what, missing)
		}
	}
}
