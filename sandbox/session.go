package sandbox

import (
	"encoding/base64"
	"fmt"
	"io"
	"time"

	"github.com/strongroom-dev/strongroom/policy"
	"github.com/strongroom-dev/strongroom/sandbox/internal/services/iam"
)

// Session makes a session of a role without asking its trust policy, for an
// hour of the sandbox's clock. It stands for a sign-in that the sandbox does
// not have (IAM Identity Center); a session that a lock is about must come from
// STS. name is the role session name.
func (s *Sandbox) Session(role, name string) (c Credentials, err error) {
	err = s.parts.db.Update(func() error {
		e := s.parts.iam.RoleByARN(role)
		if e == nil {
			return fmt.Errorf("there is no role %q", role)
		}
		key, secret, err := newKey(s.opts.Rand)
		if err != nil {
			return err
		}
		var token [96]byte
		if _, err := io.ReadFull(s.opts.Rand, token[:]); err != nil {
			return err
		}
		c = Credentials{AccessKeyID: "ASIA" + key[4:], SecretAccessKey: secret, SessionToken: base64.StdEncoding.EncodeToString(token[:])}
		now := s.opts.Clock().UTC().Truncate(time.Second)
		s.parts.iam.PutSession(&iam.Session{
			AccessKeyID: c.AccessKeyID, Secret: c.SecretAccessKey, Token: c.SessionToken,
			Account: e.Account, Type: policy.AssumedRole,
			ARN:    fmt.Sprintf("arn:aws:sts::%s:assumed-role/%s/%s", e.Account, e.Name, name),
			Issuer: role, IssuerID: e.ID, Source: "AssumeRole", Name: name,
			Issued: now, Expires: now.Add(time.Hour),
		})
		return nil
	})
	return c, err
}
