package sandbox

import (
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io"
)

// Credentials are AWS credentials. SessionToken is empty for long-term ones.
type Credentials struct {
	AccessKeyID     string `json:"access_key_id"`
	SecretAccessKey string `json:"secret_access_key"`
	SessionToken    string `json:"session_token,omitempty"`
}

// RootCredentials returns root credentials of an account, which is created on
// first use. account is 12 digits.
func (s *Sandbox) RootCredentials(account string) (Credentials, error) {
	if !accountID.MatchString(account) {
		return Credentials{}, fmt.Errorf("account %q is not 12 digits", account)
	}
	return s.ensureAccount(account, "", "")
}

// ensureAccount keeps the root key an account has, unless the caller chose one.
func (s *Sandbox) ensureAccount(account, key, secret string) (c Credentials, err error) {
	err = s.parts.db.Update(func() error {
		if key == "" {
			if id, sec, ok := s.parts.iam.RootKey(account); ok {
				c = Credentials{AccessKeyID: id, SecretAccessKey: sec}
				return nil
			}
			if key, secret, err = newKey(s.opts.Rand); err != nil {
				return err
			}
		}
		c = Credentials{AccessKeyID: key, SecretAccessKey: secret}
		return s.parts.iam.EnsureAccount(account, key, secret)
	})
	return c, err
}

// AttachSCP attaches a service control policy to an account at a level: 0 is
// the organization's root, higher levels are nearer to the account. Every level
// must allow, and every level holds FullAWSAccess, as on AWS, until a policy of
// that name takes its place. doc is the policy's JSON.
func (s *Sandbox) AttachSCP(account string, level int, name string, doc []byte) error {
	if _, err := s.RootCredentials(account); err != nil {
		return err
	}
	return s.parts.db.Update(func() error { return s.parts.iam.AttachSCP(account, level, name, doc) })
}

// AttachRCP attaches a resource control policy to an account, the owner of
// resources, at a level as in AttachSCP. It can only deny: every level holds
// RCPFullAWSAccess, as on AWS. doc is the policy's JSON.
func (s *Sandbox) AttachRCP(account string, level int, name string, doc []byte) error {
	if _, err := s.RootCredentials(account); err != nil {
		return err
	}
	return s.parts.db.Update(func() error { return s.parts.iam.AttachRCP(account, level, name, doc) })
}

const keyAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"

// newKey makes an access key in the shape of AWS's.
func newKey(rand io.Reader) (id, secret string, err error) {
	var b [46]byte
	if _, err := io.ReadFull(rand, b[:]); err != nil {
		return "", "", err
	}
	name := []byte("AKIA")
	for _, x := range b[:16] {
		name = append(name, keyAlphabet[x&31])
	}
	return string(name), base64.StdEncoding.EncodeToString(b[16:]), nil
}

// randomPath is where the control API is: who does not know it cannot call it.
func randomPath(rand io.Reader) (string, error) {
	var b [16]byte
	if _, err := io.ReadFull(rand, b[:]); err != nil {
		return "", err
	}
	return "/_strongroom/" + hex.EncodeToString(b[:]), nil
}
