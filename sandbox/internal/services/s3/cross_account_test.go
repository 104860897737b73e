package s3_test

import (
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/strongroom-dev/strongroom/sandbox"
)

// The world of the second seed: a bucket and its keys in one account, and users with static
// access keys in others.
const (
	stateAccount = sandbox.DefaultAccount
	development  = "175059541256"
	staging      = "715401949493"
)

// states is that world, with the bucket "states" and a key for development.
type states struct {
	*world
	key        string
	dev, stage *s3.Client
	devIAM     *iam.Client
}

func startStates(t *testing.T) *states {
	w := &states{world: start(t, sandbox.Options{})}
	w.versioned("states")
	w.key = w.world.key()
	w.dev, w.devIAM = w.terraform(development)
	w.stage, _ = w.terraform(staging)
	w.put("states", "development", "state")
	return w
}

// terraform makes the user of an environment's account.
func (w *states) terraform(account string) (*s3.Client, *iam.Client) {
	w.t.Helper()
	root, err := w.sb.RootCredentials(account)
	w.must(err)
	admin := iam.NewFromConfig(w.config(root))
	_, err = admin.CreateUser(ctx, &iam.CreateUserInput{UserName: aws.String("terraform")})
	w.must(err)
	key, err := admin.CreateAccessKey(ctx, &iam.CreateAccessKeyInput{UserName: aws.String("terraform")})
	w.must(err)
	return s3.NewFromConfig(w.config(sandbox.Credentials{AccessKeyID: *key.AccessKey.AccessKeyId, SecretAccessKey: *key.AccessKey.SecretAccessKey})), admin
}

// sides are the two documents of each service, empty for none: what the user's own account
// says, and what the bucket and the key say.
type sides struct{ identity, bucket, key string }

func document(statements string) string {
	return `{"Version":"2012-10-17","Statement":[` + statements + `]}`
}

func (w *states) set(s sides) {
	w.t.Helper()
	var err error
	name := aws.String("terraform")
	if s.identity == "" {
		s.identity = `{"Effect":"Allow","Action":"sts:GetCallerIdentity","Resource":"*"}`
	}
	_, err = w.devIAM.PutUserPolicy(ctx, &iam.PutUserPolicyInput{UserName: name, PolicyName: name, PolicyDocument: aws.String(document(s.identity))})
	w.must(err)
	if s.bucket == "" {
		_, err = w.root.DeleteBucketPolicy(ctx, &s3.DeleteBucketPolicyInput{Bucket: aws.String("states")})
		w.must(err)
	} else {
		w.policy("states", document(s.bucket))
	}
	admin := `{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::` + stateAccount + `:root"},"Action":"kms:*","Resource":"*"}`
	if s.key != "" {
		admin += "," + s.key
	}
	_, err = w.kms.PutKeyPolicy(ctx, &kms.PutKeyPolicyInput{KeyId: &w.key, Policy: aws.String(document(admin))})
	w.must(err)
}

// The grants as the seed has them, and one statement that takes each back.
const (
	mine    = `"arn:aws:s3:::states/development","arn:aws:s3:::states/development-bootstrap"`
	onState = `{"Effect":"Allow","Action":["s3:GetObject","s3:PutObject","s3:PutObjectAcl"],"Resource":[` + mine + `]},{"Effect":"Allow","Action":"s3:ListBucket","Resource":"arn:aws:s3:::states"}`
	whoAmI  = `"Principal":{"AWS":"arn:aws:iam::` + development + `:user/terraform"}`
	inState = `{"Effect":"Allow",` + whoAmI + `,"Action":["s3:GetObject","s3:PutObject","s3:PutObjectAcl"],"Resource":[` + mine + `]},{"Effect":"Allow",` + whoAmI + `,"Action":"s3:ListBucket","Resource":"arn:aws:s3:::states"}`
	useKey  = `"Action":["kms:Encrypt","kms:Decrypt","kms:GenerateDataKey","kms:DescribeKey"],"Resource":"*"`
	anyKey  = `{"Effect":"Allow",` + useKey + `}`
	inKey   = `{"Effect":"Allow",` + whoAmI + `,` + useKey + `}`
	noGet   = `{"Effect":"Deny","Action":"s3:GetObject","Resource":"*"}`
	noDecr  = `{"Effect":"Deny","Action":"kms:Decrypt","Resource":"*"}`
)

// denied is a Deny of a resource's policy.
func denied(action, resource string) string {
	return `{"Effect":"Deny",` + whoAmI + `,"Action":"` + action + `","Resource":"` + resource + `"}`
}

// Source: IAM User Guide, reference_policies_evaluation-logic-cross-account: both sides must
// allow, and a Deny of either is one; S3 User Guide example-walkthroughs-managing-access-example2;
// KMS Developer Guide key-policy-modifying-external-accounts.
func TestBothSidesOfStates(t *testing.T) {
	w := startStates(t)
	get := func() error { _, err := read(w.dev, "states", "development"); return err }
	put := func(key string, change func(*s3.PutObjectInput)) func() error {
		return func() error {
			in := putInput("states", key, "new state")
			if change != nil {
				change(in)
			}
			_, err := w.dev.PutObject(ctx, in)
			return err
		}
	}
	underKey := func(in *s3.PutObjectInput) { in.ServerSideEncryption, in.SSEKMSKeyId = "aws:kms", &w.key }
	withACL := func(acl types.ObjectCannedACL) func(*s3.PutObjectInput) {
		return func(in *s3.PutObjectInput) { in.ACL = acl }
	}
	list := func() error {
		_, err := w.dev.ListObjectsV2(ctx, &s3.ListObjectsV2Input{Bucket: aws.String("states")})
		return err
	}
	remove := func() error {
		_, err := w.dev.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: aws.String("states"), Key: aws.String("development.tflock")})
		return err
	}
	both := sides{identity: onState, bucket: inState}
	withKey := sides{identity: onState + "," + anyKey, bucket: inState, key: inKey}
	for _, tc := range []struct {
		name string
		sides
		do   func() error
		want string
	}{
		{"nothing", sides{}, get, "AccessDenied"},
		{"the user's policy alone", sides{identity: onState}, get, "AccessDenied"},
		{"the bucket policy alone", sides{bucket: inState}, get, "AccessDenied"},
		{"both", both, get, ""},
		{"both, and the user's Deny", sides{identity: onState + "," + noGet, bucket: inState}, get, "AccessDenied"},
		{"both, and the bucket's Deny", sides{identity: onState, bucket: inState + "," + denied("s3:GetObject", "arn:aws:s3:::states/*")}, get, "AccessDenied"},
		{"the bucket policy names the account", sides{identity: onState, bucket: strings.ReplaceAll(inState, ":user/terraform", ":root")}, get, ""},
		{"the bucket policy names the account, the user's is missing", sides{bucket: strings.ReplaceAll(inState, ":user/terraform", ":root")}, get, "AccessDenied"},
		{"write", both, put("development", nil), ""},
		{"write another environment's", both, put("staging", nil), "AccessDenied"},
		{"write a lock, which the seed does not grant", both, put("development.tflock", nil), "AccessDenied"},
		{"remove a lock", both, remove, "AccessDenied"},
		{"list", both, list, ""},
		{"list, the user's policy alone", sides{identity: onState}, list, "AccessDenied"},

		{"write with the list for the owner", both, put("development", withACL(types.ObjectCannedACLBucketOwnerFullControl)), ""},
		{"write with it, and no s3:PutObjectAcl in the bucket policy", sides{identity: onState, bucket: strings.ReplaceAll(inState, `,"s3:PutObjectAcl"`, "")}, put("development", withACL(types.ObjectCannedACLBucketOwnerFullControl)), "AccessDenied"},
		{"write with another list, where ACLs are disabled", both, put("development", withACL(types.ObjectCannedACLPrivate)), "AccessControlListNotSupported"},
		{"another expected owner", both, put("development", func(in *s3.PutObjectInput) { in.ExpectedBucketOwner = aws.String(development) }), "AccessDenied"},
		{"the expected owner", both, put("development", func(in *s3.PutObjectInput) { in.ExpectedBucketOwner = aws.String(stateAccount) }), ""},

		{"write under the key, neither side of it", both, put("development", underKey), "AccessDenied"},
		{"write under the key, the user's side", sides{identity: onState + "," + anyKey, bucket: inState}, put("development", underKey), "AccessDenied"},
		{"write under the key, the key's side", sides{identity: onState, bucket: inState, key: inKey}, put("development", underKey), "AccessDenied"},
		{"write under the key, both sides", withKey, put("development", underKey), ""},
		{"read it", withKey, get, ""},
		{"read it with s3:GetObject alone", both, get, "AccessDenied"},
		{"read it, the user's Deny", sides{identity: withKey.identity + "," + noDecr, bucket: inState, key: inKey}, get, "AccessDenied"},
		{"read it, the key's Deny", sides{identity: withKey.identity, bucket: inState, key: inKey + "," + denied("kms:Decrypt", "*")}, get, "AccessDenied"},
		{"read it, the key's policy names the account", sides{identity: withKey.identity, bucket: inState, key: strings.ReplaceAll(inKey, ":user/terraform", ":root")}, get, ""},
		{"an alias is one of the caller's account", withKey, put("development", func(in *s3.PutObjectInput) {
			in.ServerSideEncryption, in.SSEKMSKeyId = "aws:kms", aws.String("alias/state")
		}), "KMS.NotFoundException"},
		{"the same alias by its ARN", withKey, put("development", func(in *s3.PutObjectInput) {
			in.ServerSideEncryption, in.SSEKMSKeyId = "aws:kms", aws.String("arn:aws:kms:"+region+":"+stateAccount+":alias/state")
		}), ""},
		{"a bare ID is one of the caller's account", withKey, put("development", func(in *s3.PutObjectInput) {
			in.ServerSideEncryption, in.SSEKMSKeyId = "aws:kms", aws.String(w.key[strings.LastIndexByte(w.key, '/')+1:])
		}), "KMS.NotFoundException"},
	} {
		if tc.name == "an alias is one of the caller's account" {
			_, err := w.kms.CreateAlias(ctx, &kms.CreateAliasInput{AliasName: aws.String("alias/state"), TargetKeyId: &w.key})
			w.must(err)
		}
		w.set(tc.sides)
		if got := code(tc.do()); got != tc.want {
			t.Errorf("%s: got %q, want %q", tc.name, got, tc.want)
		}
	}
	// Each environment's user alone: the other's is not among the principals.
	w.set(withKey)
	_, err := read(w.stage, "states", "development")
	w.wantCode(err, "AccessDenied")
}

// A default that names a key is the caller's to use, or nothing can be put without naming
// another. Source: S3 User Guide bucket-encryption, "Using SSE-KMS encryption for cross-account operations".
func TestDefaultKeyOfAnotherAccount(t *testing.T) {
	w := startStates(t)
	_, err := w.root.PutBucketEncryption(ctx, &s3.PutBucketEncryptionInput{Bucket: aws.String("states"), ServerSideEncryptionConfiguration: &types.ServerSideEncryptionConfiguration{
		Rules: []types.ServerSideEncryptionRule{{ApplyServerSideEncryptionByDefault: &types.ServerSideEncryptionByDefault{SSEAlgorithm: "aws:kms", KMSMasterKeyID: &w.key}, BucketKeyEnabled: aws.Bool(true)}}}})
	w.must(err)
	put := func(sse types.ServerSideEncryption) (*s3.PutObjectOutput, error) {
		in := putInput("states", "development", "new state")
		in.ServerSideEncryption = sse
		return w.dev.PutObject(ctx, in)
	}
	w.set(sides{identity: onState, bucket: inState})
	_, err = put("")
	w.wantCode(err, "AccessDenied")
	if out, err := put("AES256"); err != nil || out.ServerSideEncryption != "AES256" {
		t.Errorf("naming SSE-S3: %v %v", out, err)
	}
	// The bucket key's context is the bucket: a grant for the object's is none.
	context := func(resource string) string {
		return `{"Effect":"Allow",` + useKey + `,"Condition":{"StringEquals":{"kms:EncryptionContext:aws:s3:arn":"` + resource + `"}}}`
	}
	w.set(sides{identity: onState + "," + context("arn:aws:s3:::states/development"), bucket: inState, key: inKey})
	_, err = put("")
	w.wantCode(err, "AccessDenied")
	w.set(sides{identity: onState + "," + context("arn:aws:s3:::states"), bucket: inState, key: inKey})
	out, err := put("")
	w.must(err)
	if *out.SSEKMSKeyId != w.key || !*out.BucketKeyEnabled {
		t.Errorf("got %s, bucket key %v", *out.SSEKMSKeyId, out.BucketKeyEnabled)
	}
}

// What KMS refuses is passed on with its own code, status 400. Source: localstack's recordings
// of AWS (test_s3_sse_validate_kms_key_state); KMS Developer Guide deleting-keys: a
// cancelled deletion leaves the key disabled.
func TestStatesOfTheKey(t *testing.T) {
	w := startStates(t)
	w.set(sides{identity: onState + "," + anyKey, bucket: inState, key: inKey})
	put := func(c *s3.Client) error {
		in := putInput("states", "development", "new state")
		in.ServerSideEncryption, in.SSEKMSKeyId = "aws:kms", &w.key
		_, err := c.PutObject(ctx, in)
		return err
	}
	w.must(put(w.dev))
	move := func(to types.ServerSideEncryption) func(*s3.Client) error {
		return func(c *s3.Client) error {
			_, err := c.CopyObject(ctx, &s3.CopyObjectInput{Bucket: aws.String("states"), Key: aws.String("development"), CopySource: aws.String("states/development"), ServerSideEncryption: to})
			return err
		}
	}
	get := func(c *s3.Client) error { _, err := read(c, "states", "development"); return err }
	head := func(c *s3.Client) error {
		_, err := c.HeadObject(ctx, &s3.HeadObjectInput{Bucket: aws.String("states"), Key: aws.String("development")})
		return err
	}
	all := func(what, want, text string) {
		t.Helper()
		for _, c := range []*s3.Client{w.dev, w.root} {
			for name, do := range map[string]func(*s3.Client) error{"get": get, "put": put, "copy": move("AES256")} {
				err := do(c)
				if code(err) != want || status(err) != 400 || !strings.Contains(err.Error(), w.key+text) {
					t.Errorf("%s: %s: got %v, want %s", what, name, err, want)
				}
			}
			w.must(head(c)) // needs no key
		}
	}
	_, err := w.kms.DisableKey(ctx, &kms.DisableKeyInput{KeyId: &w.key})
	w.must(err)
	all("disabled", "KMS.DisabledException", " is disabled.")
	_, err = w.kms.ScheduleKeyDeletion(ctx, &kms.ScheduleKeyDeletionInput{KeyId: &w.key})
	w.must(err)
	all("pending deletion", "KMS.KMSInvalidStateException", " is pending deletion.")
	_, err = w.kms.CancelKeyDeletion(ctx, &kms.CancelKeyDeletionInput{KeyId: &w.key})
	w.must(err)
	all("after a cancelled deletion", "KMS.DisabledException", " is disabled.")
	// Who may not use the key learns that and nothing of its state.
	w.set(sides{identity: onState, bucket: inState, key: inKey})
	w.wantCode(get(w.dev), "AccessDenied")
	_, err = w.kms.EnableKey(ctx, &kms.EnableKeyInput{KeyId: &w.key})
	w.must(err)
	w.must(move("AES256")(w.root))
	w.must(get(w.dev))
}

// Where ACLs are enabled who puts an object owns it, and the bucket's owner reads what its
// list lets it read. Source: S3 User Guide about-object-ownership;
// how-s3-evaluates-access-control; acl-overview, "Canned ACL".
func TestObjectsOfTheWriter(t *testing.T) {
	w := startStates(t)
	_, err := w.root.PutBucketOwnershipControls(ctx, &s3.PutBucketOwnershipControlsInput{Bucket: aws.String("states"),
		OwnershipControls: &types.OwnershipControls{Rules: []types.OwnershipControlsRule{{ObjectOwnership: types.ObjectOwnershipObjectWriter}}}})
	w.must(err)
	everyone := `{"Effect":"Allow","Principal":{"AWS":["` + development + `","` + staging + `","` + stateAccount + `"]},"Action":"s3:*","Resource":["arn:aws:s3:::states","arn:aws:s3:::states/*"]}`
	own := `{"Effect":"Allow","Action":"s3:*","Resource":"*"}`
	w.set(sides{identity: own, bucket: everyone})
	b, k := aws.String("states"), aws.String("development")
	put := func(acl types.ObjectCannedACL) {
		in := putInput("states", "development", "theirs")
		in.ACL = acl
		_, err := w.dev.PutObject(ctx, in)
		w.must(err)
	}
	owner := w.user("owner", allow(`"s3:*"`, `"*"`))
	want := func(what string, c *s3.Client, want string) {
		t.Helper()
		if _, err := read(c, "states", "development"); code(err) != want {
			t.Errorf("%s: got %v, want %q", what, err, want)
		}
	}
	put("")
	want("the writer", w.dev, "")
	want("the bucket's owner", owner, "AccessDenied")
	want("its root", w.root, "AccessDenied")
	want("another account that the bucket policy lets in", w.stage, "AccessDenied")
	list, err := w.root.GetBucketAcl(ctx, &s3.GetBucketAclInput{Bucket: b})
	w.must(err)
	acl, err := w.dev.GetObjectAcl(ctx, &s3.GetObjectAclInput{Bucket: b, Key: k})
	w.must(err)
	if *acl.Owner.ID == *list.Owner.ID || len(acl.Grants) != 1 {
		t.Errorf("got the owner %s and %d grants, want the writer alone", *acl.Owner.ID, len(acl.Grants))
	}

	put(types.ObjectCannedACLBucketOwnerRead)
	want("bucket-owner-read", owner, "")
	if _, err := owner.GetObjectAcl(ctx, &s3.GetObjectAclInput{Bucket: b, Key: k}); code(err) != "AccessDenied" {
		t.Errorf("READ lets the bucket's owner read the list: %v", err)
	}
	_, err = w.dev.PutObjectAcl(ctx, &s3.PutObjectAclInput{Bucket: b, Key: k, ACL: types.ObjectCannedACLPrivate})
	w.must(err)
	want("private again", owner, "AccessDenied")
	_, err = owner.PutObjectAcl(ctx, &s3.PutObjectAclInput{Bucket: b, Key: k, ACL: types.ObjectCannedACLBucketOwnerFullControl})
	w.wantCode(err, "AccessDenied")
	_, err = w.dev.PutObjectAcl(ctx, &s3.PutObjectAclInput{Bucket: b, Key: k, ACL: types.ObjectCannedACLBucketOwnerFullControl})
	w.must(err)
	want("bucket-owner-full-control", owner, "")
	want("it is not the bucket owner's to give away", w.stage, "AccessDenied")
	if acl, err = owner.GetObjectAcl(ctx, &s3.GetObjectAclInput{Bucket: b, Key: k}); err != nil || len(acl.Grants) != 2 || acl.Grants[1].Permission != types.PermissionFullControl || *acl.Grants[1].Grantee.ID != *list.Owner.ID {
		t.Errorf("got %v %v, want full control for the bucket's owner", acl, err)
	}
	w.policy("states", document(everyone+","+denied("s3:GetObject", "arn:aws:s3:::states/*")))
	want("what the bucket's owner denies to the writer", w.dev, "AccessDenied")
	w.policy("states", document(strings.Replace(everyone, `"s3:*"`, `"s3:ListBucket"`, 1)))
	want("the writer needs no bucket policy to read its own", w.dev, "")

	// The owner of the bucket decides about what lies in it, and what it copies is its own.
	_, err = owner.CopyObject(ctx, &s3.CopyObjectInput{Bucket: b, Key: k, CopySource: aws.String("states/development"), MetadataDirective: types.MetadataDirectiveReplace})
	w.must(err)
	want("a copy by the owner", w.dev, "AccessDenied")
	w.policy("states", document(everyone))
	in := putInput("states", "development", "theirs")
	_, err = w.dev.PutObject(ctx, in)
	w.must(err)
	want("theirs again", owner, "AccessDenied")
	controls := func(to types.ObjectOwnership) {
		_, err := w.root.PutBucketOwnershipControls(ctx, &s3.PutBucketOwnershipControlsInput{Bucket: b,
			OwnershipControls: &types.OwnershipControls{Rules: []types.OwnershipControlsRule{{ObjectOwnership: to}}}})
		w.must(err)
	}
	controls(types.ObjectOwnershipBucketOwnerEnforced)
	want("ACLs disabled", owner, "")
	_, err = w.dev.PutObjectAcl(ctx, &s3.PutObjectAclInput{Bucket: b, Key: k, ACL: types.ObjectCannedACLBucketOwnerFullControl})
	w.wantCode(err, "AccessControlListNotSupported")
	controls(types.ObjectOwnershipBucketOwnerPreferred)
	want("and enabled again", owner, "AccessDenied")
	in = putInput("states", "development", "given")
	in.ACL = types.ObjectCannedACLBucketOwnerFullControl
	_, err = w.dev.PutObject(ctx, in)
	w.must(err)
	if acl, err = owner.GetObjectAcl(ctx, &s3.GetObjectAclInput{Bucket: b, Key: k}); err != nil || *acl.Owner.ID != *list.Owner.ID {
		t.Errorf("bucket owner preferred: got %v %v, want the bucket's owner", acl, err)
	}
	_, err = owner.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: b, Key: k})
	w.must(err)
}
