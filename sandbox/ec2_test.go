package sandbox_test

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/xml"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/kms"

	"github.com/strongroom-dev/strongroom/sandbox"
)

// ec2 asks EC2 as its clients do: a signed form, for an XML answer. out may be
// nil. The SDK's package is not used: it takes longer to compile than all else.
func ec2(t *testing.T, s *sandbox.Sandbox, creds sandbox.Credentials, form url.Values, out any) (status int, body string) {
	t.Helper()
	form.Set("Version", "2016-11-15")
	text := form.Encode()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, "https://ec2.eu-west-2.amazonaws.com/", strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	sum := sha256.Sum256([]byte(text))
	if err := v4.NewSigner().SignHTTP(ctx, aws.Credentials{AccessKeyID: creds.AccessKeyID, SecretAccessKey: creds.SecretAccessKey, SessionToken: creds.SessionToken},
		r, hex.EncodeToString(sum[:]), "ec2", "eu-west-2", time.Now()); err != nil {
		t.Fatal(err)
	}
	client := s.HTTPClient()
	defer client.CloseIdleConnections()
	answer, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	data, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	if out != nil {
		if err := xml.Unmarshal(data, out); err != nil {
			t.Fatalf("%v in %s", err, data)
		}
	}
	return answer.StatusCode, string(data)
}

// A volume is encrypted because its region says so, with the region's key, whatever
// its maker asked; and its maker must be allowed to use that key.
func TestVolumesAreEncryptedByDefault(t *testing.T) {
	s := start(t, sandbox.Options{})
	root := s.Credentials()
	type answer struct {
		ByDefault string `xml:"ebsEncryptionByDefault"`
		Key       string `xml:"kmsKeyId"`
		Volume    string `xml:"volumeId"`
		Encrypted string `xml:"encrypted"`
		Set       struct {
			Items []struct {
				ID string `xml:"volumeId"`
			} `xml:"item"`
		} `xml:"volumeSet"`
		Next string `xml:"nextToken"`
		Code string `xml:"Errors>Error>Code"`
	}
	ask := func(creds sandbox.Credentials, action string, pairs ...string) (a answer) {
		t.Helper()
		form := url.Values{"Action": {action}}
		for i := 0; i < len(pairs); i += 2 {
			form.Set(pairs[i], pairs[i+1])
		}
		if status, body := ec2(t, s, creds, form, &a); (status == 200) != (a.Code == "") {
			t.Fatalf("%s: %d %s", action, status, body)
		}
		return a
	}
	create := []string{"AvailabilityZone", "eu-west-2a", "Size", "1"}
	if a := ask(root, "GetEbsEncryptionByDefault"); a.ByDefault != "false" {
		t.Errorf("at first: %+v", a)
	}
	if a := ask(root, "CreateVolume", create...); a.Encrypted != "false" {
		t.Errorf("a volume at first: %+v", a)
	}
	key, err := kms.NewFromConfig(s.Config(root)).CreateKey(ctx, &kms.CreateKeyInput{})
	if err != nil {
		t.Fatal(err)
	}
	arn := *key.KeyMetadata.Arn
	ask(root, "EnableEbsEncryptionByDefault")
	if a := ask(root, "CreateVolume", create...); a.Encrypted != "true" || !strings.Contains(a.Key, ":key/") {
		t.Errorf("under the AWS managed key: %+v", a)
	}
	for id, code := range map[string]string{"": "MissingParameter", "alias/none": "InvalidParameterValue", strings.Replace(arn, "eu-west-2", "us-east-1", 1): "InvalidParameterValue"} {
		if a := ask(root, "ModifyEbsDefaultKmsKeyId", "KmsKeyId", id); a.Code != code {
			t.Errorf("the key %q: %+v", id, a)
		}
	}
	ask(root, "ModifyEbsDefaultKmsKeyId", "KmsKeyId", arn)
	a := ask(root, "CreateVolume", append(create, "Encrypted", "false", "TagSpecification.1.ResourceType", "volume", "TagSpecification.1.Tag.1.Key", "a", "TagSpecification.1.Tag.1.Value", "b")...)
	if a.Encrypted != "true" || a.Key != arn {
		t.Errorf("a volume that wants none: %+v", a)
	}
	if got := ask(root, "GetEbsDefaultKmsKeyId"); got.Key != arn {
		t.Errorf("the default key: %+v", got)
	}

	clerk := user(t, s, "clerk", `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"ec2:*","Resource":"*"},
		{"Effect":"Deny","Action":"ec2:DeleteVolume","Resource":"*","Condition":{"StringEquals":{"ec2:ResourceTag/a":"b"}}}]}`)
	if got := ask(clerk, "CreateVolume", create...); got.Code != "UnauthorizedOperation" {
		t.Errorf("a volume by a user without the key: %+v", got)
	}
	if got := ask(clerk, "DeleteVolume", "VolumeId", a.Volume); got.Code != "UnauthorizedOperation" {
		t.Errorf("a protected volume goes: %+v", got)
	}
	events := s.Events()
	if e := events[len(events)-1]; e.ErrorCode != "Client.UnauthorizedOperation" {
		t.Errorf("event %s has the code %q", e.EventName, e.ErrorCode)
	}
	if got := ask(root, "DeleteVolume", "VolumeId", a.Volume, "DryRun", "true"); got.Code != "DryRunOperation" {
		t.Errorf("a dry run: %+v", got)
	}
	if got := ask(root, "DescribeVolumes", "VolumeId.1", a.Volume); len(got.Set.Items) != 1 {
		t.Errorf("after the dry run: %+v", got)
	}
	for range 4 { // to the two of before
		ask(root, "CreateVolume", create...)
	}
	first := ask(root, "DescribeVolumes", "MaxResults", "5")
	rest := ask(root, "DescribeVolumes", "MaxResults", "5", "NextToken", first.Next)
	if len(first.Set.Items) != 5 || len(rest.Set.Items) != 2 || rest.Next != "" {
		t.Errorf("pages of %d and %d volumes, then %q", len(first.Set.Items), len(rest.Set.Items), rest.Next)
	}
	ask(root, "DeleteVolume", "VolumeId", a.Volume)
	if got := ask(root, "DescribeVolumes", "VolumeId.1", a.Volume); got.Code != "InvalidVolume.NotFound" {
		t.Errorf("a deleted volume: %+v", got)
	}
	if got := ask(root, "ResetEbsDefaultKmsKeyId"); got.Key != "alias/aws/ebs" {
		t.Errorf("reset: %+v", got)
	}
	if got := ask(root, "DisableEbsEncryptionByDefault"); got.ByDefault != "false" {
		t.Errorf("disabled: %+v", got)
	}
	if got := ask(sandbox.Credentials{AccessKeyID: root.AccessKeyID, SecretAccessKey: "wrong"}, "DescribeVolumes"); got.Code != "AuthFailure" {
		t.Errorf("a wrong signature: %+v", got)
	}
}

// user makes a user with a policy and a key.
func user(t *testing.T, s *sandbox.Sandbox, name, policy string) sandbox.Credentials {
	t.Helper()
	client := iam.NewFromConfig(s.Config(s.Credentials()))
	if _, err := client.CreateUser(ctx, &iam.CreateUserInput{UserName: &name}); err != nil {
		t.Fatal(err)
	}
	if _, err := client.PutUserPolicy(ctx, &iam.PutUserPolicyInput{UserName: &name, PolicyName: aws.String("own"), PolicyDocument: &policy}); err != nil {
		t.Fatal(err)
	}
	key, err := client.CreateAccessKey(ctx, &iam.CreateAccessKeyInput{UserName: &name})
	if err != nil {
		t.Fatal(err)
	}
	return sandbox.Credentials{AccessKeyID: *key.AccessKey.AccessKeyId, SecretAccessKey: *key.AccessKey.SecretAccessKey}
}
