package grants_test

import (
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	kmstypes "github.com/aws/aws-sdk-go-v2/service/kms/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/strongroom-dev/strongroom/internal/state/grants"
)

// halves are the answers for an action, each once.
func halves(e *grants.Environment, action string) string {
	list := []string{}
	for _, c := range e.Principals[0].Checks {
		if c.Action == action {
			list = append(list, c.State+"/"+c.Principal)
		}
	}
	return strings.Join(list, " ")
}

// A KMS grant that was not read may be what lets the principal in, and so may one to its
// account or on behalf of something: what a policy does not allow is then not known. What
// a policy denies is denied all the same.
func TestAGrantThatMayLetIn(t *testing.T) {
	t.Parallel()
	w, p := granted(t)
	key := w.keys["development"]
	w.keyPolicy("development", "")
	grant := func(to string, constraints *kmstypes.GrantConstraints) {
		for _, g := range must(w.kms.ListGrants(t.Context(), &kms.ListGrantsInput{KeyId: &key})).Grants {
			must(w.kms.RevokeGrant(t.Context(), &kms.RevokeGrantInput{KeyId: &key, GrantId: g.GrantId}))
		}
		must(w.kms.CreateGrant(t.Context(), &kms.CreateGrantInput{KeyId: &key, GranteePrincipal: &to, Constraints: constraints, Operations: []kmstypes.GrantOperation{"Decrypt", "GenerateDataKey", "DescribeKey", "Encrypt"}}))
	}
	grant(w.users["development"], nil)
	if err := w.act("development", true); err != nil {
		t.Fatalf("with the grant: %v", err)
	}
	w.clear()
	blind := w.weak("kms:ListGrants")
	e := w.by(blind, "development")
	if got := halves(e, "kms:Decrypt"); e.Verdict() != 1 || got == "" || strings.TrimSpace(strings.ReplaceAll(got, "unknown/yes", "")) != "" || len(told(e, grants.Missing)) != 0 {
		t.Errorf("grants that may not be read: verdict %d, %s: %s", e.Verdict(), got, show(told(e, grants.Missing, grants.Unknown)))
	}
	w.keyPolicy("development", `{"Sid":"No","Effect":"Deny","Principal":{"AWS":"`+w.users["development"]+`"},"Action":"kms:Decrypt","Resource":"*"}`)
	if got := halves(w.by(blind, "development"), "kms:Decrypt"); !strings.HasPrefix(got, "no/yes") {
		t.Errorf("denied, and grants that may not be read: %s", got)
	}
	w.keyPolicy("development", "")

	grant("arn:aws:iam::"+accounts["development"]+":root", nil)
	e = w.check(w.room(true), "development")
	if got := halves(e, "kms:Decrypt"); !strings.HasPrefix(got, "unknown/yes") || !strings.Contains(show(told(e, grants.Unknown)), "KMS grants of the key") {
		t.Errorf("a grant to its account: %s: %s", got, show(told(e, grants.Missing, grants.Unknown)))
	}
	// With the policy nothing depends on it.
	w.paste(p, "development")
	if got := halves(w.check(w.room(true), "development"), "kms:Decrypt"); strings.Contains(got, "unknown") {
		t.Errorf("a grant to its account, beside the policy: %s", got)
	}
}

// A role's sessions have names of their own. NotPrincipal leaves out who is listed by
// every name, and a statement may name one session: what is said is what becomes of a
// session's requests, or that it turns on its name.
func TestARolesSessions(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "")
	client := w.iam(accounts["development"])
	role := *must(client.CreateRole(t.Context(), &iam.CreateRoleInput{RoleName: aws.String("terraform"), Path: aws.String("/ci/"), AssumeRolePolicyDocument: document(`{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::` + accounts["development"] + `:root"},"Action":"sts:AssumeRole"}`)})).Role.Arn
	w.users["development"] = role
	p := printed(w.check(w.room(true), "development"))
	must(client.PutRolePolicy(t.Context(), &iam.PutRolePolicyInput{RoleName: aws.String("terraform"), PolicyName: aws.String("state"), PolicyDocument: document(text(w, p["own"]))}))
	w.keyPolicy("development", text(w, p["key"]))
	session := func(name string) string {
		return "arn:aws:sts::" + accounts["development"] + ":assumed-role/terraform/" + name
	}
	deny := func(but ...string) string {
		return `{"Sid":"OnlyThese","Effect":"Deny","NotPrincipal":{"AWS":["` + strings.Join(but, `","`) + `"]},"Action":"s3:GetObject","Resource":"arn:aws:s3:::` + bucket + `/development*"}`
	}
	root, account := "arn:aws:iam::"+stateAccount+":root", "arn:aws:iam::"+accounts["development"]+":root"
	named := strings.ReplaceAll(text(w, p["bucket"]), role, session("job-1"))
	for name, tt := range map[string]struct {
		statements []string
		// said is of s3:GetObject on the state account's side.
		said string
		// lets are the sessions that are let in.
		lets map[string]bool
	}{
		"the role":                       {[]string{text(w, p["bucket"])}, "yes", map[string]bool{"job-1": true, "job-2": true}},
		"all but the role":               {[]string{text(w, p["bucket"]), deny(role, account, root)}, "no", map[string]bool{"job-1": false, "job-2": false}},
		"all but the role and a session": {[]string{text(w, p["bucket"]), deny(role, session("job-1"), account, root)}, "unknown", map[string]bool{"job-1": true, "job-2": false}},
		"a session alone":                {[]string{named}, "unknown", map[string]bool{"job-1": true, "job-2": false}},
	} {
		w.bucketPolicy(tt.statements...)
		if got := halves(w.check(w.room(true), "development"), "s3:GetObject"); !strings.HasPrefix(got, tt.said+"/") {
			t.Errorf("%s: said %s, want %s", name, got, tt.said)
		}
		for session, in := range tt.lets {
			_, err := s3.NewFromConfig(w.sb.Config(must(w.sb.Session(role, session)))).GetObject(t.Context(), &s3.GetObjectInput{Bucket: aws.String(bucket), Key: aws.String("development")})
			if denied := strings.Contains(err.Error(), "AccessDenied"); denied == in {
				t.Errorf("%s: session %s: %v", name, session, err)
			}
		}
	}
}

// Where access control lists count, they let in whom no policy does, and keep out whom
// the bucket policy lets in: nothing about reading is certain, and it is said why.
func TestAccessControlListsCount(t *testing.T) {
	t.Parallel()
	w, p := granted(t)
	must(w.s3.PutBucketOwnershipControls(t.Context(), &s3.PutBucketOwnershipControlsInput{Bucket: aws.String(bucket), OwnershipControls: &s3types.OwnershipControls{
		Rules: []s3types.OwnershipControlsRule{{ObjectOwnership: s3types.ObjectOwnershipObjectWriter}}}}))
	mine := s3.NewFromConfig(w.sb.Config(w.creds["development"]))
	must(mine.PutObject(t.Context(), &s3.PutObjectInput{Bucket: aws.String(bucket), Key: aws.String("development"), Body: strings.NewReader("{}")}))
	// The state is the writer's: it reads it without the bucket policy, and nobody else
	// does with it.
	w.paste(p.without("bucket", 0, "s3:GetObject"), "development")
	if _, err := mine.GetObject(t.Context(), &s3.GetObjectInput{Bucket: aws.String(bucket), Key: aws.String("development")}); err != nil {
		t.Errorf("its own object: %v", err)
	}
	e := w.check(w.room(true), "development")
	if got := halves(e, "s3:GetObject"); strings.Contains(got, "no") && !strings.HasPrefix(got, "unknown/yes") || !strings.Contains(show(told(e, grants.Unknown)), "grants-acl") {
		t.Errorf("without the bucket policy: %s: %s", got, show(told(e, grants.Missing, grants.Unknown)))
	}
	w.paste(p, "development")
	e = w.check(w.room(true), "development")
	if got := halves(e, "s3:GetObject"); !strings.HasPrefix(got, "unknown/yes") || e.Verdict() != 1 {
		t.Errorf("with the bucket policy: verdict %d, %s", e.Verdict(), got)
	}
	if got := halves(e, "s3:PutObject"); !strings.HasPrefix(got, "yes/yes") {
		t.Errorf("writing: %s", got)
	}
}
