package sandbox_test

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"sort"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	kmstypes "github.com/aws/aws-sdk-go-v2/service/kms/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/strongroom-dev/strongroom/internal/engine"
	"github.com/strongroom-dev/strongroom/sandbox"
)

const (
	deployerRole = "deployer"
	deployerARN  = "arn:aws:iam::" + sandbox.DefaultAccount + ":role/" + deployerRole
)

// deployer makes the two identities that are there before a stack is: a user
// with an access key, who may do one thing, and the role that he assumes.
func deployer(t *testing.T, s *sandbox.Sandbox) sandbox.Credentials {
	t.Helper()
	client := iam.NewFromConfig(s.Config(s.Credentials()))
	user, err := client.CreateUser(ctx, &iam.CreateUserInput{UserName: aws.String("person")})
	if err != nil {
		t.Fatal(err)
	}
	_, err = client.PutUserPolicy(ctx, &iam.PutUserPolicyInput{
		UserName: aws.String("person"), PolicyName: aws.String("assume"),
		PolicyDocument: aws.String(`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":["sts:AssumeRole","sts:TagSession"],"Resource":"` + deployerARN + `"}}`),
	})
	if err != nil {
		t.Fatal(err)
	}
	_, err = client.CreateRole(ctx, &iam.CreateRoleInput{
		RoleName: aws.String(deployerRole),
		AssumeRolePolicyDocument: aws.String(`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"AWS":"` + *user.User.Arn + `"},
			"Action":["sts:AssumeRole","sts:TagSession"],"Condition":{"StringEquals":{"sts:ExternalId":"strongroom","aws:RequestTag/Purpose":"test"}}}}`),
	})
	if err != nil {
		t.Fatal(err)
	}
	_, err = client.AttachRolePolicy(ctx, &iam.AttachRolePolicyInput{RoleName: aws.String(deployerRole), PolicyArn: aws.String("arn:aws:iam::aws:policy/AdministratorAccess")})
	if err != nil {
		t.Fatal(err)
	}
	key, err := client.CreateAccessKey(ctx, &iam.CreateAccessKeyInput{UserName: aws.String("person")})
	if err != nil {
		t.Fatal(err)
	}
	return sandbox.Credentials{AccessKeyID: *key.AccessKey.AccessKeyId, SecretAccessKey: *key.AccessKey.SecretAccessKey}
}

// What a room's stacks and a person declare for IAM, KMS, S3 and STS is built,
// changed, imported, replaced and destroyed by a real engine and the real AWS
// provider, and reads back as it was written each time.
func TestProviderBuildsChangesAndDestroys(t *testing.T) {
	if testing.Short() {
		t.Skip("the provider needs about a minute and a half")
	}
	t.Parallel()
	list := engines(t)
	if !full() {
		list = list[:1]
	}
	for _, b := range list {
		t.Run(b.Name, func(t *testing.T) {
			t.Parallel() // most of the time the provider sleeps
			buildChangeDestroy(t, b)
		})
	}
}

func buildChangeDestroy(t *testing.T, b engine.Binary) {
	s := start(t, sandbox.Options{})
	w := newWorkdir(t, b, s, deployer(t, s), "stack")
	generation := func(n int) {
		w.write("generation.auto.tfvars", fmt.Sprintf("generation = %d\ndeployer = %q\n", n, deployerARN))
	}
	before := holds(t, s)

	generation(1)
	defer checkRequests(t, s)
	w.must("init", "-input=false", "-no-color")
	w.must("apply", "-auto-approve", "-no-color")
	w.settled()
	checkReads(t, w)

	// Forgotten by the state and found again by import, in the apply that
	// changes everything and replaces what is tainted.
	w.write("import.tf", importBlocks(t, w, imported))
	w.must(append([]string{"state", "rm"}, imported...)...)
	w.must("taint", "aws_iam_role.inline")
	generation(2)
	out := w.must("apply", "-auto-approve", "-no-color")
	if want := fmt.Sprintf("%d imported", len(imported)); !strings.Contains(out, want) {
		t.Errorf("the second apply does not say %q:\n%s", want, out)
	}
	w.settled()

	w.must("destroy", "-auto-approve", "-no-color")
	if after := holds(t, s); !slices.Equal(before, after) {
		t.Errorf("after destroy the account holds\n%s\nbefore the first apply it held\n%s", strings.Join(after, "\n"), strings.Join(before, "\n"))
	}
}

// imported are resources that the state forgets and that are taken back by import.
var imported = []string{
	"aws_iam_role.worker", "aws_iam_policy.read", "aws_iam_openid_connect_provider.gitlab", "aws_iam_user.bob",
	"aws_iam_group.staff", "aws_iam_role_policy.worker", "aws_iam_instance_profile.worker",
	"aws_kms_key.data", "aws_kms_alias.data", "aws_s3_bucket.data", "aws_s3_bucket_policy.data",
	"aws_s3_bucket_versioning.data", "aws_s3_bucket_server_side_encryption_configuration.data",
}

// checkReads compares what the data sources read with what was declared.
func checkReads(t *testing.T, w *workdir) {
	t.Helper()
	var out struct {
		Caller, Issuer, Secret struct{ Value string }
		Reads                  struct{ Value map[string]any }
	}
	if err := json.Unmarshal([]byte(w.must("output", "-json")), &out); err != nil {
		t.Fatal(err)
	}
	if want := "arn:aws:sts::" + sandbox.DefaultAccount + ":assumed-role/deployer/provider-test"; out.Caller.Value != want || out.Issuer.Value != deployerARN || out.Secret.Value != "hush" {
		t.Errorf("caller, issuer, secret = %q, %q, %q", out.Caller.Value, out.Issuer.Value, out.Secret.Value)
	}
	for name, want := range map[string]any{
		"audit": "arn:aws:iam::aws:policy/IAMReadOnlyAccess", "group": []any{"bob"}, "roles": []any{"worker"},
		"simulated": map[string]any{"s3:GetObject": "allowed", "sts:AssumeRole": "implicitDeny"},
		"spec":      "RSA_2048", "text": "first text\n", "keys": []any{"text/hello.txt"}, "blocked": true, "keyed": true,
		"context": "provider-test-1",
	} {
		if got := out.Reads.Value[name]; !reflect.DeepEqual(got, want) {
			t.Errorf("reads.%s = %v, want %v", name, got, want)
		}
	}
}

// holds lists what an account has that a stack could have made.
func holds(t *testing.T, s *sandbox.Sandbox) []string {
	t.Helper()
	cfg := s.Config(s.Credentials())
	var list []string
	add := func(kind string, name *string) { list = append(list, kind+" "+aws.ToString(name)) }
	check := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	i := iam.NewFromConfig(cfg)
	details, err := i.GetAccountAuthorizationDetails(ctx, &iam.GetAccountAuthorizationDetailsInput{MaxItems: aws.Int32(1000), Filter: []iamtypes.EntityType{
		iamtypes.EntityTypeUser, iamtypes.EntityTypeRole, iamtypes.EntityTypeGroup, iamtypes.EntityTypeLocalManagedPolicy,
	}})
	check(err)
	for _, x := range details.UserDetailList {
		add("user", x.UserName)
	}
	for _, x := range details.RoleDetailList {
		add("role", x.RoleName)
	}
	for _, x := range details.GroupDetailList {
		add("group", x.GroupName)
	}
	for _, x := range details.Policies {
		add("policy", x.PolicyName)
	}
	summary, err := i.GetAccountSummary(ctx, &iam.GetAccountSummaryInput{})
	check(err)
	for _, name := range []string{"Users", "Groups", "Roles", "Policies", "InstanceProfiles", "Providers", "MFADevices"} {
		list = append(list, fmt.Sprint(name, " ", summary.SummaryMap[name]))
	}
	aliases, err := i.ListAccountAliases(ctx, &iam.ListAccountAliasesInput{})
	check(err)
	list = append(list, aliases.AccountAliases...)
	if _, err := i.GetAccountPasswordPolicy(ctx, &iam.GetAccountPasswordPolicyInput{}); code(err) != "NoSuchEntity" {
		list = append(list, "password policy")
	}
	k := kms.NewFromConfig(cfg)
	keys, err := k.ListKeys(ctx, &kms.ListKeysInput{})
	check(err)
	for _, x := range keys.Keys {
		key, err := k.DescribeKey(ctx, &kms.DescribeKeyInput{KeyId: x.KeyId})
		check(err)
		if m := key.KeyMetadata; m.KeyManager == kmstypes.KeyManagerTypeCustomer && m.KeyState != kmstypes.KeyStatePendingDeletion {
			add("key", x.KeyId)
		}
	}
	names, err := k.ListAliases(ctx, &kms.ListAliasesInput{})
	check(err)
	for _, x := range names.Aliases {
		if !strings.HasPrefix(*x.AliasName, "alias/aws/") {
			add("key alias", x.AliasName)
		}
	}
	buckets, err := s3.NewFromConfig(cfg).ListBuckets(ctx, &s3.ListBucketsInput{})
	check(err)
	for _, x := range buckets.Buckets {
		add("bucket", x.Name)
	}
	sort.Strings(list)
	return list
}

// absent are the errors that tell the provider that something is not there.
var absent = []string{
	"NoSuchEntity", "NotFoundException", "NotFound", "NoSuchKey", "NoSuchBucket", "NoSuchBucketPolicy", "NoSuchTagSet", "NoSuchCORSConfiguration",
	"NoSuchWebsiteConfiguration", "NoSuchLifecycleConfiguration", "NoSuchPublicAccessBlockConfiguration", "OwnershipControlsNotFoundError",
	"ReplicationConfigurationNotFoundError", "ServerSideEncryptionConfigurationNotFoundError", "ObjectLockConfigurationNotFoundError",
}

// checkRequests looks at every request that was made: each operation is
// implemented, and none was refused but to say that something is not there.
func checkRequests(t *testing.T, s *sandbox.Sandbox) {
	t.Helper()
	if unknown := s.Unknown(); len(unknown) > 0 {
		t.Errorf("operations that the sandbox does not implement: %v", unknown)
	}
	if s.Dropped() > 0 {
		t.Errorf("%d events were dropped: look at fewer requests at a time", s.Dropped())
	}
	for _, e := range s.Events() {
		if e.ErrorCode != "" && !slices.Contains(absent, e.ErrorCode) {
			t.Errorf("%s %s: %s: %s %v", e.EventSource, e.EventName, e.ErrorCode, e.ErrorMessage, e.RequestParameters)
		}
	}
}

// refusals are the resources of the stack "refused", and what must be named.
var refusals = map[string]string{
	"aws_s3_bucket_cors_configuration":                "s3:PutBucketCors",
	"aws_s3_bucket_website_configuration":             "s3:PutBucketWebsite",
	"aws_s3_bucket_notification":                      "s3:PutBucketNotificationConfiguration",
	"aws_s3_bucket_accelerate_configuration":          "s3:PutBucketAccelerateConfiguration",
	"aws_s3_bucket_request_payment_configuration":     "s3:PutBucketRequestPayment",
	"aws_s3_bucket_object_lock_configuration":         "s3:PutObjectLockConfiguration",
	"aws_s3_bucket_intelligent_tiering_configuration": "s3:PutBucketIntelligentTieringConfiguration",
	"aws_s3_bucket_metric":                            "s3:PutBucketMetricsConfiguration",
	"aws_s3_bucket_inventory":                         "s3:PutBucketInventoryConfiguration",
	"aws_s3_bucket":                                   "x-amz-bucket-object-lock-enabled",
	"aws_s3_object":                                   "x-amz-object-lock-legal-hold",
	"aws_iam_user_ssh_key":                            "iam:UploadSSHPublicKey",
	"aws_iam_service_specific_credential":             "iam:CreateServiceSpecificCredential",
	"aws_iam_saml_provider":                           "iam:CreateSAMLProvider",
	"aws_iam_server_certificate":                      "iam:UploadServerCertificate",
	"aws_iam_organizations_features":                  "iam:EnableOrganizationsRootSessions",
	"aws_kms_key":                                     "MultiRegion",
	"aws_kms_replica_key":                             "kms:ReplicateKey",
	"aws_kms_external_key":                            "EXTERNAL",
	"aws_kms_custom_key_store":                        "kms:CreateCustomKeyStore",
}

// What the sandbox does not implement is asked for once, for the provider does
// not retry the refusal, and the refusal names it.
func TestProviderIsRefusedAtOnce(t *testing.T) {
	if testing.Short() {
		t.Skip("the provider needs some seconds")
	}
	t.Parallel()
	s := start(t, sandbox.Options{})
	w := newWorkdir(t, engines(t)[0], s, s.Credentials(), "refused")
	_, err := s3.NewFromConfig(s.Config(s.Credentials())).CreateBucket(ctx, &s3.CreateBucketInput{
		Bucket: aws.String("refused-test"), CreateBucketConfiguration: &s3types.CreateBucketConfiguration{LocationConstraint: sandbox.DefaultRegion},
	})
	if err != nil {
		t.Fatal(err)
	}
	w.must("init", "-no-color")
	out, status := w.run("apply", "-auto-approve", "-no-color")
	out = strings.Join(strings.Fields(out), " ") // the engine breaks lines anywhere
	problems := strings.Split(out, "Error: ")[1:]
	if status != 1 || len(problems) != len(refusals) {
		t.Errorf("exit status %d, %d errors, want 1 and %d:\n%s", status, len(problems), len(refusals), strings.Join(problems, "\n"))
	}
	for resource, want := range refusals {
		if !slices.ContainsFunc(problems, func(p string) bool {
			return strings.Contains(p, "with "+resource+".this,") && strings.Contains(p, want)
		}) {
			t.Errorf("the refusal of %s does not name %q:\n%s", resource, want, strings.Join(problems, "\n"))
		}
		if strings.Contains(want, ":") && s.Unknown()[want] != 1 {
			t.Errorf("%s is counted %d times as unknown, want once", want, s.Unknown()[want])
		}
	}
	times := map[string]int{}
	for _, e := range s.Events() {
		if e.ErrorCode != "" {
			times[e.EventName+": "+e.ErrorMessage]++
		}
	}
	for refusal, n := range times {
		if n > 1 {
			t.Errorf("asked %d times: %s", n, refusal)
		}
	}
}
