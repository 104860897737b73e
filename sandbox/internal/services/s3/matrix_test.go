package s3_test

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/strongroom-dev/strongroom/sandbox"
)

// every says which of the combinations are tried, by default and in the full run: numbers
// that share no factor with the sizes of the tables, so that what they pick goes through all
// values of each column. All of them take minutes.
func every(n, full int) int {
	if os.Getenv("STRONGROOM_TEST_FULL") != "" {
		return full
	}
	return n
}

// asked is one request of the matrix: who asks, with what their own account says; and what
// the bucket and the key say.
type asked struct {
	account, kind string // kind is user or session
	// own and key are the two halves of the principal's own policy: about S3, about KMS.
	own, ownKey string
	bucket      string
	keyAccount  string
	keyPolicy   string
	bucketKey   bool
	do          *request
}

func (a asked) String() string {
	return fmt.Sprintf("%s by a %s of %s whose policy says %q of S3 and %q of KMS; bucket policy %q; key of %s with the policy %q; bucket key %v",
		a.do.name, a.kind, a.account, a.own, a.ownKey, a.bucket, a.keyAccount, a.keyPolicy, a.bucketKey)
}

// request is an operation and the KMS actions that it needs.
type request struct {
	name string
	kms  []string
	call func(*s3.Client, *place) error
}

// place is what an operation works on.
type place struct {
	bucket, name, version, upload, key string
	bucketKey                          bool
}

// allowed is the verdict as AWS documents it.
//
// Source: IAM User Guide, reference_policies_evaluation-logic_policy-eval-basics-single-account
// and reference_policies_evaluation-logic-cross-account; KMS Developer Guide, key-policies
// ("Allows access to the AWS account": a key policy is the one resource policy without which
// IAM policies have no effect) and key-policy-modifying-external-accounts; S3 User Guide,
// bucket-key (the encryption context) and mpuoverview (KMS and parts); S3 API_CopyObject,
// API_HeadObject (no bytes, no key) and API_UpdateObjectEncryption.
func (a asked) allowed() bool {
	var s3 bool
	switch {
	case a.own == "deny" || a.bucket == "deny":
	case a.account == stateAccount:
		s3 = a.own == "allow" || a.bucket == "principal"
	default:
		s3 = a.own == "allow" && (a.bucket == "principal" || a.bucket == "account")
	}
	if !s3 || a.do.name == "UpdateObjectEncryption" && a.keyAccount != stateAccount {
		return false
	}
	if len(a.do.kms) == 0 {
		return true
	}
	var own bool
	switch a.ownKey {
	case "allow":
		own = true
	case "object context":
		own = !a.bucketKey
	case "bucket context":
		own = a.bucketKey
	case "decrypt":
		own = slices.Equal(a.do.kms, []string{"kms:Decrypt"})
	case "generate":
		own = slices.Equal(a.do.kms, []string{"kms:GenerateDataKey"})
	}
	switch {
	case a.ownKey == "deny" || a.keyPolicy == "deny":
		return false
	case a.account == a.keyAccount:
		return a.keyPolicy == "principal" || own && (a.keyPolicy == "own account" || a.keyPolicy == "accounts")
	}
	return own && (a.keyPolicy == "principal" || a.keyPolicy == "accounts")
}

var (
	matrixAccounts = []string{stateAccount, development}
	matrixKinds    = []string{"user", "session"}
	ownPolicies    = []string{"nothing", "allow", "deny"}
	ownKeyPolicies = []string{"nothing", "allow", "deny", "object context", "bucket context", "decrypt", "generate"}
	bucketPolicies = []string{"nothing", "principal", "account", "deny"}
	keyPolicies    = []string{"administration", "own account", "principal", "accounts", "deny"}
)

const everyUse = `["kms:Encrypt","kms:Decrypt","kms:ReEncrypt*","kms:GenerateDataKey*","kms:DescribeKey"]`

// matrixRequests are the operations, each on a bucket's own objects: nothing that one of
// them does changes what another finds.
func matrixRequests() []*request {
	decrypt, generate := []string{"kms:Decrypt"}, []string{"kms:GenerateDataKey"}
	all := []string{"kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey", "kms:ReEncryptFrom", "kms:ReEncryptTo"}
	at := func(kind string, p *place) *string { return aws.String(kind + "/" + p.name) }
	source := func(p *place) *string { return aws.String(p.bucket + "/state/" + p.name) }
	return []*request{
		{"GetObject", decrypt, func(c *s3.Client, p *place) error {
			_, err := c.GetObject(ctx, &s3.GetObjectInput{Bucket: &p.bucket, Key: at("state", p)})
			return err
		}},
		{"GetObject of a version", decrypt, func(c *s3.Client, p *place) error {
			_, err := c.GetObject(ctx, &s3.GetObjectInput{Bucket: &p.bucket, Key: at("state", p), VersionId: &p.version})
			return err
		}},
		{"HeadObject", nil, func(c *s3.Client, p *place) error {
			_, err := c.HeadObject(ctx, &s3.HeadObjectInput{Bucket: &p.bucket, Key: at("state", p)})
			return err
		}},
		{"PutObject", generate, func(c *s3.Client, p *place) error {
			_, err := c.PutObject(ctx, &s3.PutObjectInput{Bucket: &p.bucket, Key: at("put", p), Body: strings.NewReader("new"),
				ServerSideEncryption: "aws:kms", SSEKMSKeyId: &p.key, BucketKeyEnabled: &p.bucketKey})
			return err
		}},
		{"CopyObject", []string{"kms:Decrypt", "kms:GenerateDataKey"}, func(c *s3.Client, p *place) error {
			_, err := c.CopyObject(ctx, &s3.CopyObjectInput{Bucket: &p.bucket, Key: at("copy", p), CopySource: source(p),
				ServerSideEncryption: "aws:kms", SSEKMSKeyId: &p.key, BucketKeyEnabled: &p.bucketKey})
			return err
		}},
		{"CreateMultipartUpload", generate, func(c *s3.Client, p *place) error {
			_, err := c.CreateMultipartUpload(ctx, &s3.CreateMultipartUploadInput{Bucket: &p.bucket, Key: at("begun", p),
				ServerSideEncryption: "aws:kms", SSEKMSKeyId: &p.key, BucketKeyEnabled: &p.bucketKey})
			return err
		}},
		{"UploadPart", decrypt, func(c *s3.Client, p *place) error {
			_, err := c.UploadPart(ctx, &s3.UploadPartInput{Bucket: &p.bucket, Key: at("upload", p), UploadId: &p.upload, PartNumber: aws.Int32(1), Body: strings.NewReader("part")})
			return err
		}},
		{"UploadPartCopy", decrypt, func(c *s3.Client, p *place) error {
			_, err := c.UploadPartCopy(ctx, &s3.UploadPartCopyInput{Bucket: &p.bucket, Key: at("upload", p), UploadId: &p.upload, PartNumber: aws.Int32(2), CopySource: source(p)})
			return err
		}},
		{"UpdateObjectEncryption", all, func(c *s3.Client, p *place) error {
			_, err := c.UpdateObjectEncryption(ctx, toKey(p.bucket, "state/"+p.name, "", p.key, p.bucketKey))
			return err
		}},
		{"DeleteObject", nil, func(c *s3.Client, p *place) error {
			_, err := c.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: &p.bucket, Key: at("gone", p)})
			return err
		}},
		{"DeleteObject of a version", nil, func(c *s3.Client, p *place) error {
			_, err := c.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: &p.bucket, Key: at("gone", p), VersionId: aws.String("null")})
			return err
		}},
	}
}

// matrix is the world of the requests.
type matrix struct {
	*world
	cfg        aws.Config
	roots      map[string]aws.Config
	principals map[[4]string]*s3.Client // account, kind, own, ownKey
	arns       []string
	keys       map[[2]string]string // account, policy
	places     map[string]*place
}

// as is a client with the credentials given, on the connections of all others.
func (m *matrix) as(c sandbox.Credentials) aws.Config {
	cfg := m.cfg.Copy()
	cfg.Credentials = credentials.NewStaticCredentialsProvider(c.AccessKeyID, c.SecretAccessKey, c.SessionToken)
	return cfg
}

// ownPolicy is the policy of a principal.
func ownPolicy(own, ownKey string) string {
	list := []string{`{"Effect":"Allow","Action":"sts:GetCallerIdentity","Resource":"*"}`}
	add := func(effect, actions, resource, condition string) {
		list = append(list, `{"Effect":"`+effect+`","Action":`+actions+`,"Resource":"`+resource+`"`+condition+`}`)
	}
	if own != "nothing" {
		add("Allow", `"s3:*"`, "*", "")
	}
	if own == "deny" {
		add("Deny", `"s3:*"`, "arn:aws:s3:::*/*", "")
	}
	var buckets []string
	for _, b := range bucketPolicies {
		buckets = append(buckets, `"arn:aws:s3:::matrix-`+b+`"`)
	}
	switch ownKey {
	case "allow":
		add("Allow", everyUse, "*", "")
	case "deny":
		add("Allow", everyUse, "*", "")
		add("Deny", everyUse, "*", "")
	case "object context":
		add("Allow", everyUse, "*", `,"Condition":{"StringLike":{"kms:EncryptionContext:aws:s3:arn":"arn:aws:s3:::*/*"}}`)
	case "bucket context":
		add("Allow", everyUse, "*", `,"Condition":{"StringEquals":{"kms:EncryptionContext:aws:s3:arn":[`+strings.Join(buckets, ",")+`]}}`)
	case "decrypt":
		add("Allow", `"kms:Decrypt"`, "*", "")
	case "generate":
		add("Allow", `"kms:GenerateDataKey"`, "*", "")
	}
	return document(strings.Join(list, ","))
}

// people makes the principals of an account: a user and a session of a role for each policy.
func (m *matrix) people(account string) {
	m.t.Helper()
	admin := iam.NewFromConfig(m.roots[account])
	user := func(name, doc string) aws.Config {
		_, err := admin.CreateUser(ctx, &iam.CreateUserInput{UserName: &name})
		m.must(err)
		_, err = admin.PutUserPolicy(ctx, &iam.PutUserPolicyInput{UserName: &name, PolicyName: &name, PolicyDocument: &doc})
		m.must(err)
		key, err := admin.CreateAccessKey(ctx, &iam.CreateAccessKeyInput{UserName: &name})
		m.must(err)
		return m.as(sandbox.Credentials{AccessKeyID: *key.AccessKey.AccessKeyId, SecretAccessKey: *key.AccessKey.SecretAccessKey})
	}
	door := sts.NewFromConfig(user("door", document(`{"Effect":"Allow","Action":"sts:AssumeRole","Resource":"*"}`)))
	trust := document(`{"Effect":"Allow","Principal":{"AWS":"` + account + `"},"Action":"sts:AssumeRole"}`)
	for _, own := range ownPolicies {
		for _, ownKey := range ownKeyPolicies {
			name := strings.ReplaceAll(own+"-"+ownKey, " ", "-")
			doc := ownPolicy(own, ownKey)
			m.principals[[4]string{account, "user", own, ownKey}] = s3.NewFromConfig(user(name, doc))
			role, err := admin.CreateRole(ctx, &iam.CreateRoleInput{RoleName: &name, AssumeRolePolicyDocument: &trust})
			m.must(err)
			_, err = admin.PutRolePolicy(ctx, &iam.PutRolePolicyInput{RoleName: &name, PolicyName: &name, PolicyDocument: &doc})
			m.must(err)
			out, err := door.AssumeRole(ctx, &sts.AssumeRoleInput{RoleArn: role.Role.Arn, RoleSessionName: aws.String("it")})
			m.must(err)
			m.principals[[4]string{account, "session", own, ownKey}] = s3.NewFromConfig(m.as(sandbox.Credentials{
				AccessKeyID: *out.Credentials.AccessKeyId, SecretAccessKey: *out.Credentials.SecretAccessKey, SessionToken: *out.Credentials.SessionToken}))
			m.arns = append(m.arns, `"arn:aws:iam::`+account+`:user/`+name+`"`, `"`+*role.Role.Arn+`"`)
		}
	}
}

func rootsOf(accounts ...string) string {
	var list []string
	for _, a := range accounts {
		list = append(list, `"arn:aws:iam::`+a+`:root"`)
	}
	return `"Principal":{"AWS":[` + strings.Join(list, ",") + `]}`
}

// keyPolicy is the policy of a key.
func (m *matrix) keyPolicy(account, kind string) string {
	use := `,"Action":` + everyUse + `,"Resource":"*"}`
	list := []string{`{"Effect":"Allow",` + rootsOf(account) + `,"Action":["kms:PutKeyPolicy","kms:GetKeyPolicy"],"Resource":"*"}`}
	named := `{"Effect":"Allow","Principal":{"AWS":[` + strings.Join(m.arns, ",") + `]}` + use
	switch kind {
	case "own account":
		list = append(list, `{"Effect":"Allow",`+rootsOf(account)+`,"Action":"kms:*","Resource":"*"}`)
	case "principal":
		list = append(list, named)
	case "accounts":
		list = append(list, `{"Effect":"Allow",`+rootsOf(matrixAccounts...)+use)
	case "deny":
		list = append(list, named, `{"Effect":"Allow",`+rootsOf(matrixAccounts...)+use, `{"Effect":"Deny","Principal":"*"`+use)
	}
	return document(strings.Join(list, ","))
}

// bucketPolicy is the policy of a bucket; empty: none.
func (m *matrix) bucketPolicy(name, kind string) string {
	on := `,"Action":"s3:*","Resource":"arn:aws:s3:::` + name + `/*"}`
	named := `{"Effect":"Allow","Principal":{"AWS":[` + strings.Join(m.arns, ",") + `]}` + on
	switch kind {
	case "principal":
		return document(named)
	case "account":
		return document(`{"Effect":"Allow",` + rootsOf(matrixAccounts...) + on)
	case "deny":
		return document(named + `,{"Effect":"Deny","Principal":"*"` + on)
	}
	return ""
}

func startMatrix(t *testing.T) *matrix {
	m := &matrix{world: start(t, sandbox.Options{}), roots: map[string]aws.Config{}, principals: map[[4]string]*s3.Client{}, keys: map[[2]string]string{}, places: map[string]*place{}}
	m.cfg = m.config(m.sb.Credentials())
	m.use(m.cfg)
	for _, account := range matrixAccounts {
		c, err := m.sb.RootCredentials(account)
		m.must(err)
		m.roots[account] = m.as(c)
		m.people(account)
	}
	open := document(`{"Effect":"Allow",` + rootsOf(matrixAccounts...) + `,"Action":"kms:*","Resource":"*"}`)
	for _, account := range matrixAccounts {
		for _, kind := range keyPolicies {
			out, err := kms.NewFromConfig(m.roots[account]).CreateKey(ctx, &kms.CreateKeyInput{Policy: &open})
			m.must(err)
			m.keys[[2]string{account, kind}] = *out.KeyMetadata.Arn
		}
	}
	for _, kind := range bucketPolicies {
		bucket := "matrix-" + kind
		m.versioned(bucket)
		for k, arn := range m.keys {
			for _, bucketKey := range []bool{false, true} {
				p := &place{bucket: bucket, name: fmt.Sprintf("%s-%s-%v", k[0], strings.ReplaceAll(k[1], " ", "-"), bucketKey), key: arn, bucketKey: bucketKey}
				out, err := m.root.PutObject(ctx, &s3.PutObjectInput{Bucket: &bucket, Key: aws.String("state/" + p.name), Body: strings.NewReader("state"),
					ServerSideEncryption: "aws:kms", SSEKMSKeyId: &arn, BucketKeyEnabled: &bucketKey})
				m.must(err)
				up, err := m.root.CreateMultipartUpload(ctx, &s3.CreateMultipartUploadInput{Bucket: &bucket, Key: aws.String("upload/" + p.name),
					ServerSideEncryption: "aws:kms", SSEKMSKeyId: &arn, BucketKeyEnabled: &bucketKey})
				m.must(err)
				p.version, p.upload = *out.VersionId, *up.UploadId
				m.places[fmt.Sprint(kind, k, bucketKey)] = p
			}
		}
		if doc := m.bucketPolicy(bucket, kind); doc != "" {
			m.policy(bucket, doc)
		}
	}
	for k, arn := range m.keys {
		_, err := kms.NewFromConfig(m.roots[k[0]]).PutKeyPolicy(ctx, &kms.PutKeyPolicyInput{KeyId: &arn, Policy: aws.String(m.keyPolicy(k[0], k[1]))})
		m.must(err)
	}
	return m
}

// Every operation on objects, with every combination of what the caller's account, the bucket
// and the key say: 73,920 requests, of which one in 61 is tried, and one in 13 in the full run.
func TestVerdictsOfS3AndKMS(t *testing.T) {
	m := startMatrix(t)
	requests := matrixRequests()
	sizes := []int{len(requests), 2, len(keyPolicies), len(matrixAccounts), len(bucketPolicies), len(ownKeyPolicies), len(ownPolicies), len(matrixKinds), len(matrixAccounts)}
	total := 1
	for _, n := range sizes {
		total *= n
	}
	seen := map[string]map[bool]int{}
	for i := 0; i < total; i += every(61, 13) {
		var at [9]int
		for rest, k := i, 0; k < len(sizes); k++ {
			at[k], rest = rest%sizes[k], rest/sizes[k]
		}
		a := asked{
			do: requests[at[0]], bucketKey: at[1] == 1, keyPolicy: keyPolicies[at[2]], keyAccount: matrixAccounts[at[3]], bucket: bucketPolicies[at[4]],
			ownKey: ownKeyPolicies[at[5]], own: ownPolicies[at[6]], kind: matrixKinds[at[7]], account: matrixAccounts[at[8]],
		}
		p := m.places[fmt.Sprint(a.bucket, [2]string{a.keyAccount, a.keyPolicy}, a.bucketKey)]
		err := a.do.call(m.principals[[4]string{a.account, a.kind, a.own, a.ownKey}], p)
		want := a.allowed()
		if err != nil && status(err) != 403 {
			t.Fatalf("%s: %v", a, err)
		}
		if (err == nil) != want {
			t.Errorf("%s: got %v, want allowed %v", a, err, want)
		}
		if seen[a.do.name] == nil {
			seen[a.do.name] = map[bool]int{}
		}
		seen[a.do.name][want]++
	}
	for _, r := range requests {
		if seen[r.name][true] == 0 || seen[r.name][false] == 0 {
			t.Errorf("%s was not both allowed and refused: %v", r.name, seen[r.name])
		}
	}
}
