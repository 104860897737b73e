package sts_test

import (
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsiam "github.com/aws/aws-sdk-go-v2/service/iam"
	awssts "github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/pquerna/otp/totp"

	"github.com/strongroom-dev/strongroom/sandbox/internal/services/iam/iamtest"
)

// MFA opens the role, but the role's session is not one with MFA, whether the
// code came with the call or the calling session had it.
// Source: IAM User Guide, id_credentials_mfa_configure-api-require.
func TestMFADoesNotOutliveTheCall(t *testing.T) {
	w := iamtest.Start(t)
	alice := w.User("alice", "")
	arn := w.Role("target", trust(`{"AWS":"arn:aws:iam::111122223333:user/alice"}`, needsMFA),
		`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"iam:ListUsers","Resource":"*"`+needsMFA+`},
		{"Effect":"Allow","Action":"iam:ListRoles","Resource":"*","Condition":{"Bool":{"aws:MultiFactorAuthPresent":"false"}}}]}`)
	serial, seed := device(t, w)
	w.Move(30 * time.Second)
	now := code(t, seed, w.Now())
	direct, err := alice.STS.AssumeRole(ctx, &awssts.AssumeRoleInput{RoleArn: &arn, RoleSessionName: aws.String("session"), SerialNumber: &serial, TokenCode: &now})
	if err != nil {
		t.Fatal(err)
	}
	w.Move(30 * time.Second)
	now = code(t, seed, w.Now())
	strong, err := alice.STS.GetSessionToken(ctx, &awssts.GetSessionTokenInput{SerialNumber: &serial, TokenCode: &now})
	if err != nil {
		t.Fatal(err)
	}
	inherited, err := w.Session(strong.Credentials).STS.AssumeRole(ctx, &awssts.AssumeRoleInput{RoleArn: &arn, RoleSessionName: aws.String("session")})
	if err != nil {
		t.Fatal(err)
	}
	for name, out := range map[string]*awssts.AssumeRoleOutput{"code in the call": direct, "session with MFA": inherited} {
		session := w.Session(out.Credentials)
		_, err := session.IAM.ListUsers(ctx, nil)
		wantCode(t, err, "AccessDenied")
		if _, err := session.IAM.ListRoles(ctx, nil); err != nil {
			t.Errorf("%s: a condition on MFA that is false: %v", name, err)
		}
	}
}

// device enables a virtual MFA device for alice.
func device(t *testing.T, w *iamtest.World) (serial, seed string) {
	t.Helper()
	made, err := w.Root().IAM.CreateVirtualMFADevice(ctx, &awsiam.CreateVirtualMFADeviceInput{VirtualMFADeviceName: aws.String("phone")})
	if err != nil {
		t.Fatal(err)
	}
	serial, seed = *made.VirtualMFADevice.SerialNumber, string(made.VirtualMFADevice.Base32StringSeed)
	enable := func(one, two string) error {
		_, err := w.Root().IAM.EnableMFADevice(ctx, &awsiam.EnableMFADeviceInput{UserName: aws.String("alice"), SerialNumber: &serial, AuthenticationCode1: &one, AuthenticationCode2: &two})
		return err
	}
	now := w.Now()
	wantCode(t, enable(code(t, seed, now), code(t, seed, now)), "InvalidAuthenticationCode")
	wantCode(t, enable(code(t, seed, now), code(t, seed, now.Add(-30*time.Second))), "InvalidAuthenticationCode")
	if err := enable(code(t, seed, now.Add(-30*time.Second)), code(t, seed, now)); err != nil {
		t.Fatal(err)
	}
	return serial, seed
}

func code(t *testing.T, seed string, at time.Time) string {
	t.Helper()
	c, err := totp.GenerateCode(seed, at)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

const needsMFA = `,"Condition":{"Bool":{"aws:MultiFactorAuthPresent":"true"}}`

func TestMFA(t *testing.T) {
	w := iamtest.Start(t)
	alice := w.User("alice", `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"iam:ListUsers","Resource":"*"`+needsMFA+`}]}`)
	bob := w.User("bob", "")
	arn := w.Role("target", trust(`{"AWS":["arn:aws:iam::111122223333:user/alice","arn:aws:iam::111122223333:user/bob"]}`, needsMFA), allow("iam:ListUsers", "*"))
	serial, seed := device(t, w)
	assume := func(who iamtest.Caller, serial, code *string) (*awssts.AssumeRoleOutput, error) {
		return who.STS.AssumeRole(ctx, &awssts.AssumeRoleInput{RoleArn: &arn, RoleSessionName: aws.String("session"), SerialNumber: serial, TokenCode: code})
	}
	_, err := assume(alice, nil, nil)
	wantCode(t, err, "AccessDenied")
	used := code(t, seed, w.Now())
	_, err = assume(alice, &serial, &used)
	wantCode(t, err, "AccessDenied") // it was the second code of EnableMFADevice
	w.Move(30 * time.Second)
	fresh := code(t, seed, w.Now())
	_, err = assume(bob, &serial, &fresh)
	wantCode(t, err, "AccessDenied")
	_, err = assume(alice, &serial, aws.String("000000"))
	wantCode(t, err, "AccessDenied")
	if _, err := assume(alice, &serial, &fresh); err != nil {
		t.Fatal(err)
	}
	_, err = assume(alice, &serial, &fresh)
	wantCode(t, err, "AccessDenied")

	// Source: STS API_GetSessionToken: no IAM operations without MFA, and no
	// STS but AssumeRole and GetCallerIdentity.
	plain, err := alice.STS.GetSessionToken(ctx, nil)
	if err != nil {
		t.Fatal(err)
	}
	without := w.Session(plain.Credentials)
	_, err = without.IAM.ListUsers(ctx, nil)
	wantCode(t, err, "InvalidClientTokenId")
	_, err = without.STS.GetSessionToken(ctx, nil)
	wantCode(t, err, "AccessDenied")
	_, err = assume(without, nil, nil)
	wantCode(t, err, "AccessDenied")
	w.Move(30 * time.Second)
	next := code(t, seed, w.Now())
	strong, err := alice.STS.GetSessionToken(ctx, &awssts.GetSessionTokenInput{SerialNumber: &serial, TokenCode: &next})
	if err != nil {
		t.Fatal(err)
	}
	with := w.Session(strong.Credentials)
	if _, err := with.IAM.ListUsers(ctx, nil); err != nil {
		t.Errorf("a session with MFA: %v", err)
	}
	if _, err := assume(with, nil, nil); err != nil {
		t.Errorf("a session with MFA may assume the role: %v", err)
	}
	_, err = alice.IAM.ListUsers(ctx, nil)
	wantCode(t, err, "AccessDenied")
}

func TestResyncAndDeactivate(t *testing.T) {
	w := iamtest.Start(t)
	alice := w.User("alice", "")
	serial, seed := device(t, w)
	root := w.Root()
	late := w.Now().Add(10 * time.Minute) // the device is ten minutes ahead
	one, two := code(t, seed, late), code(t, seed, late.Add(30*time.Second))
	if _, err := root.IAM.ResyncMFADevice(ctx, &awsiam.ResyncMFADeviceInput{UserName: aws.String("alice"), SerialNumber: &serial, AuthenticationCode1: &one, AuthenticationCode2: &two}); err != nil {
		t.Fatal(err)
	}
	w.Move(time.Minute)
	current := code(t, seed, w.Now().Add(10*time.Minute))
	if _, err := alice.STS.GetSessionToken(ctx, &awssts.GetSessionTokenInput{SerialNumber: &serial, TokenCode: &current}); err != nil {
		t.Errorf("after the resynchronisation: %v", err)
	}
	_, err := root.IAM.DeleteVirtualMFADevice(ctx, &awsiam.DeleteVirtualMFADeviceInput{SerialNumber: &serial})
	wantCode(t, err, "DeleteConflict")
	list, err := root.IAM.ListMFADevices(ctx, &awsiam.ListMFADevicesInput{UserName: aws.String("alice")})
	if err != nil || len(list.MFADevices) != 1 || *list.MFADevices[0].UserName != "alice" {
		t.Fatalf("got %v, %v", list, err)
	}
	if _, err := root.IAM.DeactivateMFADevice(ctx, &awsiam.DeactivateMFADeviceInput{UserName: aws.String("alice"), SerialNumber: &serial}); err != nil {
		t.Fatal(err)
	}
	w.Move(time.Minute)
	current = code(t, seed, w.Now().Add(10*time.Minute))
	_, err = alice.STS.GetSessionToken(ctx, &awssts.GetSessionTokenInput{SerialNumber: &serial, TokenCode: &current})
	wantCode(t, err, "AccessDenied")
	if _, err := root.IAM.DeleteVirtualMFADevice(ctx, &awsiam.DeleteVirtualMFADeviceInput{SerialNumber: &serial}); err != nil {
		t.Fatal(err)
	}
}
