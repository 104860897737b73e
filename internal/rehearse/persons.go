package rehearse

import (
	"context"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"

	"github.com/strongroom-dev/strongroom/internal/lock"
)

// strangersAccount is an account that has nothing to do with the room's.
func strangersAccount(own string) string {
	if own == "999999999999" {
		return "888888888888"
	}
	return "999999999999"
}

// person makes a user of an account with an MFA device. It is done
// before the room is built: what root does afterwards is an alert.
func (r *Rehearsal) person(ctx context.Context, account, name string) (*lock.Person, error) {
	root, err := r.Sandbox.RootCredentials(account)
	if err != nil {
		return nil, err
	}
	client := iam.NewFromConfig(r.Sandbox.Config(root))
	const everything = `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}`
	if _, err := client.CreateUser(ctx, &iam.CreateUserInput{UserName: &name, Path: aws.String("/rehearsal/")}); err != nil {
		return nil, err
	}
	if _, err := client.PutUserPolicy(ctx, &iam.PutUserPolicyInput{UserName: &name, PolicyName: aws.String("everything"), PolicyDocument: aws.String(everything)}); err != nil {
		return nil, err
	}
	made, err := client.CreateVirtualMFADevice(ctx, &iam.CreateVirtualMFADeviceInput{VirtualMFADeviceName: &name})
	if err != nil {
		return nil, err
	}
	p := &lock.Person{
		ARN:    "arn:aws:iam::" + account + ":user/rehearsal/" + name,
		Serial: *made.VirtualMFADevice.SerialNumber, Seed: string(made.VirtualMFADevice.Base32StringSeed),
		Key: func(ctx context.Context) (aws.Credentials, func() error, error) {
			return accessKey(ctx, name, func() *iam.Client {
				if account == r.Room.Account { // never root: that would be an alert
					return iam.NewFromConfig(r.config(&r.World.Operator))
				}
				return client
			})
		},
	}
	// As a device is enabled: with two codes that follow each other.
	now := r.Sandbox.Now()
	before, err := p.CodeAt(now.Add(-30 * time.Second))
	if err != nil {
		return nil, err
	}
	code, err := p.CodeAt(now)
	if err != nil {
		return nil, err
	}
	_, err = client.EnableMFADevice(ctx, &iam.EnableMFADeviceInput{
		UserName: &name, SerialNumber: &p.Serial, AuthenticationCode1: &before, AuthenticationCode2: &code,
	})
	return p, err
}

// accessKey makes a user's key, and returns how to delete it. admin returns who
// may, at that time.
func accessKey(ctx context.Context, user string, admin func() *iam.Client) (aws.Credentials, func() error, error) {
	key, err := admin().CreateAccessKey(ctx, &iam.CreateAccessKeyInput{UserName: &user})
	if err != nil {
		return aws.Credentials{}, nil, err
	}
	creds := aws.Credentials{AccessKeyID: *key.AccessKey.AccessKeyId, SecretAccessKey: *key.AccessKey.SecretAccessKey}
	return creds, func() error {
		_, err := admin().DeleteAccessKey(context.WithoutCancel(ctx), &iam.DeleteAccessKeyInput{UserName: &user, AccessKeyId: &creds.AccessKeyID})
		return err
	}, nil
}

// advance moves the sandbox's time on, and signs the people of the World in anew.
func (r *Rehearsal) advance(ctx context.Context, d time.Duration) error {
	if err := r.Sandbox.Advance(d); err != nil {
		return err
	}
	if err := r.Sandbox.Settle(ctx); err != nil {
		return err
	}
	w := r.World
	for _, s := range []struct {
		name  string
		creds *aws.Credentials
	}{{operatorRole, &w.Operator}, {readerRole, &w.Reader}} {
		creds, err := r.session("arn:aws:iam::" + r.Room.Account + ":role/" + s.name)
		if err != nil {
			return err
		}
		*s.creds = creds
	}
	for i := range w.Environments {
		e := &w.Environments[i]
		if e.Credentials.SessionToken == "" {
			continue // a user's key does not run out
		}
		creds, err := r.session(e.Principal)
		if err != nil {
			return err
		}
		e.Credentials = creds
	}
	r.actAs(w.Operator)
	return nil
}
