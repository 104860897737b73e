package s3_test

import (
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/strongroom-dev/strongroom/sandbox"
)

// asker is who asks for an object that somebody has put.
type asker struct {
	name, account string
	root          bool
	// may: the reader's own policy allows all of S3; the root user needs none.
	may    bool
	client *s3.Client
}

// owned is an object of the second matrix.
type owned struct{ ownership, policy, acl, writer, version string }

// readable is the verdict on an object as AWS documents it. permission is what an access
// control list would have to give: READ, READ_ACP, or "" for what the bucket's owner decides.
//
// Source: S3 User Guide about-object-ownership (who owns what is put); acl-overview ("Canned
// ACL", and the mapping of permissions); how-s3-evaluates-access-control (an object's
// operation: user, bucket and object context); example-bucket-policies (bucket policies
// allow nothing on objects that another account owns).
func (o owned) readable(r *asker, permission string) bool {
	if o.policy == "deny" && permission != "" {
		return false
	}
	lets := o.policy == "everyone" || o.policy == "deny" // the latter denies reading
	owner := o.writer
	if o.ownership == "BucketOwnerEnforced" || o.ownership == "BucketOwnerPreferred" && o.acl == "bucket-owner-full-control" {
		owner = stateAccount
	}
	switch {
	case permission == "" || owner == stateAccount:
		if r.account == stateAccount {
			return r.may || o.policy == "principals"
		}
		return r.may && (lets || o.policy == "principals")
	case r.account == owner:
		return r.may
	case r.account == stateAccount:
		return r.may && (o.acl == "bucket-owner-full-control" || o.acl == "bucket-owner-read" && permission == "READ")
	}
	return false
}

// Whose an object is, and what that means for who may read and delete it.
func TestVerdictsByOwner(t *testing.T) {
	w := start(t, sandbox.Options{})
	cfg := w.config(w.sb.Credentials())
	w.use(cfg)
	as := func(c sandbox.Credentials) aws.Config {
		other := cfg.Copy()
		other.Credentials = credentials.NewStaticCredentialsProvider(c.AccessKeyID, c.SecretAccessKey, "")
		return other
	}
	accounts := []string{stateAccount, development, staging}
	everything := document(`{"Effect":"Allow","Action":"s3:*","Resource":"*"}`)
	var readers []*asker
	var arns []string
	for _, account := range accounts {
		c, err := w.sb.RootCredentials(account)
		w.must(err)
		root := as(c)
		readers = append(readers, &asker{"root", account, true, true, s3.NewFromConfig(root)})
		admin := iam.NewFromConfig(root)
		for _, name := range []string{"full", "bare"} {
			out, err := admin.CreateUser(ctx, &iam.CreateUserInput{UserName: &name})
			w.must(err)
			if name == "full" {
				_, err = admin.PutUserPolicy(ctx, &iam.PutUserPolicyInput{UserName: &name, PolicyName: &name, PolicyDocument: &everything})
				w.must(err)
			}
			key, err := admin.CreateAccessKey(ctx, &iam.CreateAccessKeyInput{UserName: &name})
			w.must(err)
			cred := sandbox.Credentials{AccessKeyID: *key.AccessKey.AccessKeyId, SecretAccessKey: *key.AccessKey.SecretAccessKey}
			readers = append(readers, &asker{name, account, false, name == "full", s3.NewFromConfig(as(cred))})
			arns = append(arns, `"`+*out.User.Arn+`"`)
		}
		arns = append(arns, `"arn:aws:iam::`+account+`:root"`)
	}
	writer := func(account string) *s3.Client {
		for _, r := range readers {
			if r.account == account && r.name == "full" {
				return r.client
			}
		}
		return nil
	}
	ask := []struct {
		name, permission string
		call             func(c *s3.Client, bucket, key, version string) error
	}{
		{"GetObject", "READ", func(c *s3.Client, bucket, key, _ string) error { _, err := read(c, bucket, key); return err }},
		{"GetObject of a version", "READ", func(c *s3.Client, bucket, key, version string) error {
			_, err := c.GetObject(ctx, &s3.GetObjectInput{Bucket: &bucket, Key: &key, VersionId: &version})
			return err
		}},
		{"HeadObject", "READ", func(c *s3.Client, bucket, key, _ string) error {
			_, err := c.HeadObject(ctx, &s3.HeadObjectInput{Bucket: &bucket, Key: &key})
			return err
		}},
		{"GetObjectAttributes", "READ", func(c *s3.Client, bucket, key, _ string) error {
			_, err := c.GetObjectAttributes(ctx, &s3.GetObjectAttributesInput{Bucket: &bucket, Key: &key, ObjectAttributes: []types.ObjectAttributes{types.ObjectAttributesEtag}})
			return err
		}},
		{"GetObjectAcl", "READ_ACP", func(c *s3.Client, bucket, key, _ string) error {
			_, err := c.GetObjectAcl(ctx, &s3.GetObjectAclInput{Bucket: &bucket, Key: &key})
			return err
		}},
		{"DeleteObject of a version that is not there", "", func(c *s3.Client, bucket, key, _ string) error {
			_, err := c.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: &bucket, Key: &key, VersionId: aws.String("null")})
			return err
		}},
	}
	seen, i, step := map[bool]int{}, 0, every(7, 1)
	for _, ownership := range []types.ObjectOwnership{types.ObjectOwnershipBucketOwnerEnforced, types.ObjectOwnershipBucketOwnerPreferred, types.ObjectOwnershipObjectWriter} {
		for _, kind := range []string{"nothing", "everyone", "principals", "deny"} {
			bucket := "owned-" + strings.ToLower(string(ownership)) + "-" + kind
			w.versioned(bucket)
			_, err := w.root.PutBucketOwnershipControls(ctx, &s3.PutBucketOwnershipControlsInput{Bucket: &bucket,
				OwnershipControls: &types.OwnershipControls{Rules: []types.OwnershipControlsRule{{ObjectOwnership: ownership}}}})
			w.must(err)
			on := `,"Action":"s3:*","Resource":"arn:aws:s3:::` + bucket + `/*"}`
			everyone := `{"Effect":"Allow",` + rootsOf(accounts...) + on
			w.policy(bucket, document(everyone))
			var objects []owned
			for _, acl := range []types.ObjectCannedACL{"", types.ObjectCannedACLBucketOwnerRead, types.ObjectCannedACLBucketOwnerFullControl} {
				if ownership == types.ObjectOwnershipBucketOwnerEnforced && acl == types.ObjectCannedACLBucketOwnerRead {
					continue // where ACLs are disabled it is refused
				}
				for _, by := range accounts[:2] {
					out, err := writer(by).PutObject(ctx, &s3.PutObjectInput{Bucket: &bucket, Key: aws.String(string(acl) + "/" + by), ACL: acl, Body: strings.NewReader("theirs")})
					w.must(err)
					objects = append(objects, owned{string(ownership), kind, string(acl), by, *out.VersionId})
				}
			}
			switch kind {
			case "nothing":
				_, err = w.root.DeleteBucketPolicy(ctx, &s3.DeleteBucketPolicyInput{Bucket: &bucket})
				w.must(err)
			case "principals":
				w.policy(bucket, document(`{"Effect":"Allow","Principal":{"AWS":[`+strings.Join(arns, ",")+`]}`+on))
			case "deny":
				w.policy(bucket, document(everyone+`,{"Effect":"Deny","Principal":"*","Action":"s3:GetObject*","Resource":"arn:aws:s3:::`+bucket+`/*"}`))
			}
			for _, o := range objects {
				for _, r := range readers {
					for _, q := range ask {
						if i++; i%step != 0 {
							continue
						}
						err := q.call(r.client, bucket, o.acl+"/"+o.writer, o.version)
						if err != nil && status(err) != 403 {
							t.Fatalf("%s of %+v by %s of %s: %v", q.name, o, r.name, r.account, err)
						}
						want := o.readable(r, q.permission)
						if (err == nil) != want {
							t.Errorf("%s of %+v by %s of %s: got %v, want allowed %v", q.name, o, r.name, r.account, err, want)
						}
						seen[want]++
					}
				}
			}
		}
	}
	if seen[true] == 0 || seen[false] == 0 {
		t.Errorf("not both verdicts: %v", seen)
	}
}
