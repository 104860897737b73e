package sandbox_test

import (
	"context"
	"errors"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	kmstypes "github.com/aws/aws-sdk-go-v2/service/kms/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"

	"github.com/strongroom-dev/strongroom/sandbox"
)

// resource makes the case's resource, as the owner's root, with its policy.
func (w *world) resource(ctx context.Context) error {
	root, err := w.root(w.owner)
	if err != nil {
		return err
	}
	switch strings.SplitN(w.c.Request.Resource.ARN, ":", 4)[2] {
	case "s3":
		return w.bucket(ctx, s3.NewFromConfig(root))
	case "kms":
		return w.key(ctx, kms.NewFromConfig(root))
	}
	return w.role(ctx, iam.NewFromConfig(root))
}

// saved passes over documents that AWS itself refuses to save.
func saved(err error) error {
	var api smithy.APIError
	if errors.As(err, &api) && strings.HasPrefix(api.ErrorCode(), "MalformedPolicy") {
		return inexpressible("AWS refuses to save the resource's policy")
	}
	return err
}

func (w *world) object() (bucket, key string) {
	name := strings.TrimPrefix(w.c.Request.Resource.ARN, "arn:aws:s3:::")
	bucket, key, _ = strings.Cut(name, "/")
	return bucket, key
}

func (w *world) bucket(ctx context.Context, client *s3.Client) error {
	bucket, key := w.object()
	if strings.ContainsAny(bucket+key, "*?${}") {
		return inexpressible("the resource is not the name of an object")
	}
	_, err := client.CreateBucket(ctx, &s3.CreateBucketInput{Bucket: &bucket,
		CreateBucketConfiguration: &s3types.CreateBucketConfiguration{LocationConstraint: "eu-west-2"}})
	if err != nil {
		return err
	}
	if key != "" {
		if _, err := client.PutObject(ctx, &s3.PutObjectInput{Bucket: &bucket, Key: &key, Body: strings.NewReader("x")}); err != nil {
			return err
		}
	}
	if _, err := client.DeletePublicAccessBlock(ctx, &s3.DeletePublicAccessBlockInput{Bucket: &bucket}); err != nil {
		return err
	}
	if has(w.c.Request.Resource.Policy) {
		if _, err := client.PutBucketPolicy(ctx, &s3.PutBucketPolicyInput{Bucket: &bucket, Policy: w.text(w.c.Request.Resource.Policy)}); err != nil {
			return saved(err)
		}
	}
	if w.c.Request.S3BlockPublicAccess {
		_, err = client.PutPublicAccessBlock(ctx, &s3.PutPublicAccessBlockInput{Bucket: &bucket,
			PublicAccessBlockConfiguration: &s3types.PublicAccessBlockConfiguration{RestrictPublicBuckets: aws.Bool(true)}})
	}
	return err
}

// encryptionContext is what the case's context says of it.
func (w *world) encryptionContext() map[string]string {
	m := map[string]string{}
	for k, v := range w.c.Request.Context {
		if name, ok := strings.CutPrefix(k, "kms:EncryptionContext:"); ok {
			m[name] = v.Values[0]
		}
		if strings.EqualFold(k, "kms:EncryptionContextKeys") {
			for _, name := range v.Values {
				if m[name] == "" {
					m[name] = "value"
				}
			}
		}
	}
	return m
}

func (w *world) key(ctx context.Context, client *kms.Client) error {
	made, err := client.CreateKey(ctx, &kms.CreateKeyInput{})
	if err != nil {
		return err
	}
	w.keyARN = *made.KeyMetadata.Arn
	w.swap = strings.NewReplacer(caseKey, w.keyARN)
	out, err := client.Encrypt(ctx, &kms.EncryptInput{KeyId: &w.keyARN, Plaintext: []byte("x"), EncryptionContext: w.encryptionContext()})
	if err != nil {
		return err
	}
	w.blob = out.CiphertextBlob
	_, err = client.PutKeyPolicy(ctx, &kms.PutKeyPolicyInput{KeyId: &w.keyARN, Policy: w.text(w.c.Request.Resource.Policy), BypassPolicyLockoutSafetyCheck: true})
	return saved(err)
}

// role makes the role that is to be assumed, and the provider that vouches.
func (w *world) role(ctx context.Context, client *iam.Client) error {
	if _, provider, ok := strings.Cut(string(w.c.Request.Principal), ":oidc-provider/"); ok {
		audiences := []string{"https://sts", "sts.amazonaws.com"}
		if aud, ok := context1(w.c, provider+":aud"); ok && aud != audiences[0] && aud != audiences[1] {
			audiences = append(audiences, aud)
		}
		if _, err := client.CreateOpenIDConnectProvider(ctx, &iam.CreateOpenIDConnectProviderInput{Url: aws.String("https://" + provider), ClientIDList: audiences}); err != nil {
			return err
		}
	}
	_, name, _ := strings.Cut(w.c.Request.Resource.ARN, ":role/")
	_, err := client.CreateRole(ctx, &iam.CreateRoleInput{RoleName: &name, AssumeRolePolicyDocument: w.text(w.c.Request.Resource.Policy)})
	return saved(err)
}

// call makes the request that the case is about.
func (w *world) call(ctx context.Context, action string, cfg aws.Config) error {
	bucket, key := w.object()
	switch action {
	case "s3:getobject":
		out, err := s3.NewFromConfig(cfg, w.plain).GetObject(ctx, &s3.GetObjectInput{Bucket: &bucket, Key: &key})
		if err == nil {
			out.Body.Close()
		}
		return err
	case "s3:putobject":
		in := &s3.PutObjectInput{Bucket: &bucket, Key: &key, Body: strings.NewReader("y")}
		if v, ok := context1(w.c, "s3:x-amz-server-side-encryption"); ok {
			in.ServerSideEncryption = s3types.ServerSideEncryption(v)
		}
		_, err := s3.NewFromConfig(cfg, w.plain).PutObject(ctx, in)
		return unsupported(err)
	case "s3:listbucket":
		in := &s3.ListObjectsV2Input{Bucket: &bucket}
		if v, ok := context1(w.c, "s3:prefix"); ok {
			in.Prefix = &v
		}
		_, err := s3.NewFromConfig(cfg, w.plain).ListObjectsV2(ctx, in)
		return err
	case "kms:decrypt":
		_, err := kms.NewFromConfig(cfg).Decrypt(ctx, &kms.DecryptInput{KeyId: &w.keyARN, CiphertextBlob: w.blob,
			EncryptionContext: w.encryptionContext(), EncryptionAlgorithm: kmstypes.EncryptionAlgorithmSpecSymmetricDefault})
		return err
	case "sts:assumerole":
		in := &sts.AssumeRoleInput{RoleArn: &w.c.Request.Resource.ARN, RoleSessionName: aws.String("case")}
		if v, ok := context1(w.c, "sts:ExternalId"); ok {
			in.ExternalId = &v
		}
		_, err := sts.NewFromConfig(cfg).AssumeRole(ctx, in)
		return err
	}
	token, err := w.token()
	if err != nil {
		return err
	}
	_, err = sts.NewFromConfig(cfg).AssumeRoleWithWebIdentity(ctx, &sts.AssumeRoleWithWebIdentityInput{
		RoleArn: &w.c.Request.Resource.ARN, RoleSessionName: aws.String("case"), WebIdentityToken: &token})
	return err
}

func unsupported(err error) error {
	var api smithy.APIError
	if errors.As(err, &api) && api.ErrorCode() == "NotImplemented" {
		return inexpressible("the sandbox does not implement the request: " + api.ErrorMessage())
	}
	return err
}

// token is a token of the forge with the claims of the case.
func (w *world) token() (string, error) {
	_, provider, _ := strings.Cut(string(w.c.Request.Principal), ":oidc-provider/")
	req := sandbox.TokenRequest{Forge: "gitlab", Project: "acme/room", Ref: "main", Replace: map[string]any{}}
	if provider != "gitlab.com" {
		req.Forge = "github"
	}
	for k, v := range w.c.Request.Context {
		claim, ok := strings.CutPrefix(k, provider+":")
		if !ok {
			return "", inexpressible("the token is of another provider than the claims")
		}
		req.Replace[claim] = v.Values[0]
	}
	return w.sb.Token(req)
}
