package sandbox_test

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/strongroom-dev/strongroom/sandbox"
)

// A request to the plain endpoint names neither service nor region unless it is
// signed. Anonymous ones reach what AWS gives to anybody all the same.
func TestUnsignedRequestsToThePlainEndpoint(t *testing.T) {
	s := start(t, sandbox.Options{})
	client := bucket(t, s, "shown")
	name := aws.String("shown")
	if _, err := client.PutObject(ctx, &s3.PutObjectInput{Bucket: name, Key: aws.String("k"), Body: strings.NewReader("hello")}); err != nil {
		t.Fatal(err)
	}
	if _, err := client.DeletePublicAccessBlock(ctx, &s3.DeletePublicAccessBlockInput{Bucket: name}); err != nil {
		t.Fatal(err)
	}
	if _, err := client.PutBucketPolicy(ctx, &s3.PutBucketPolicyInput{Bucket: name, Policy: aws.String(`{"Version":"2012-10-17","Statement":[
		{"Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::shown/*","Condition":{"StringEquals":{"aws:RequestedRegion":"eu-west-2"}}}]}`)}); err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		method, path, body, target string
		status                     int
		want                       string
	}{
		{"GET", "/shown/k", "", "", 200, "hello"},
		{"GET", "/shown", "", "", 403, "<Code>AccessDenied</Code>"},
		{"POST", "/", "Action=AssumeRoleWithWebIdentity&Version=2011-06-15&RoleArn=arn:aws:iam::111122223333:role/r&RoleSessionName=ci&WebIdentityToken=garbage", "", 400, "<Code>InvalidIdentityToken</Code>"},
		{"POST", "/", "Action=AssumeRoleWithSAML&Version=2011-06-15&RoleArn=arn:aws:iam::111122223333:role/r&PrincipalArn=x&SAMLAssertion=x", "", 400, "<Code>NotImplemented</Code>"},
		{"POST", "/", "Action=GetCallerIdentity&Version=2011-06-15", "", 403, "<Code>MissingAuthenticationToken</Code>"},
		{"POST", "/", "Action=CreateUser&Version=2010-05-08&UserName=x", "", 403, "<Code>MissingAuthenticationToken</Code>"},
		{"POST", "/", `{"KeySpec":"RSA_4096","KeyUsage":"SIGN_VERIFY"}`, "TrentService.CreateKey", 400, "MissingAuthenticationTokenException"},
	} {
		req, err := http.NewRequest(tc.method, s.URL()+tc.path, strings.NewReader(tc.body))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		if tc.target != "" {
			req.Header.Set("Content-Type", "application/x-amz-json-1.1")
			req.Header.Set("X-Amz-Target", tc.target)
		}
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		if err != nil || resp.StatusCode != tc.status || !strings.Contains(string(body), tc.want) {
			t.Errorf("%s %s %.40s: %d %s %v, want %d and %s", tc.method, tc.path, tc.body+tc.target, resp.StatusCode, body, err, tc.status, tc.want)
		}
	}
}
