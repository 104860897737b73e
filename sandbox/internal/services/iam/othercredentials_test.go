package iam_test

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"

	"github.com/strongroom-dev/strongroom/sandbox/internal/services/iam/iamtest"
)

// Nobody has credentials of these kinds, but who may not look is told nothing.
func TestOtherCredentialsAreListedEmpty(t *testing.T) {
	w := iamtest.Start(t)
	w.User("victim", "")
	root, nobody := w.Root().IAM, w.User("nobody", "").IAM
	for name, list := range map[string]func(c *iam.Client, user string) (int, error){
		"ListSSHPublicKeys": func(c *iam.Client, user string) (int, error) {
			out, err := c.ListSSHPublicKeys(ctx, &iam.ListSSHPublicKeysInput{UserName: aws.String(user)})
			if err != nil {
				return 0, err
			}
			return len(out.SSHPublicKeys), nil
		},
		"ListSigningCertificates": func(c *iam.Client, user string) (int, error) {
			out, err := c.ListSigningCertificates(ctx, &iam.ListSigningCertificatesInput{UserName: aws.String(user)})
			if err != nil {
				return 0, err
			}
			return len(out.Certificates), nil
		},
		"ListServiceSpecificCredentials": func(c *iam.Client, user string) (int, error) {
			out, err := c.ListServiceSpecificCredentials(ctx, &iam.ListServiceSpecificCredentialsInput{UserName: aws.String(user)})
			if err != nil {
				return 0, err
			}
			return len(out.ServiceSpecificCredentials), nil
		},
	} {
		t.Run(name, func(t *testing.T) {
			if n, err := list(root, "victim"); n != 0 || err != nil {
				t.Errorf("got %d, %v", n, err)
			}
			_, err := list(root, "no-such-user")
			wantCode(t, err, "NoSuchEntity")
			_, err = list(nobody, "victim")
			wantCode(t, err, "AccessDenied")
		})
	}
}
