package sts

import (
	"encoding/base64"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sts/types"

	"github.com/strongroom-dev/strongroom/sandbox/internal/op"
	"github.com/strongroom-dev/strongroom/sandbox/internal/services/iam"
)

// issue gives the session its keys and stores it.
func (s *Service) issue(c *op.Call, x *iam.Session, life time.Duration) *types.Credentials {
	x.AccessKeyID = iam.KeyID(c.Rand, "ASIA", x.Account)
	x.Secret = iam.Secret(c.Rand)
	x.Token = token(c.Rand)
	x.Issued = c.Now.Truncate(time.Second)
	x.Expires = x.Issued.Add(life)
	s.iam.PutSession(x)
	return &types.Credentials{
		AccessKeyId: aws.String(x.AccessKeyID), SecretAccessKey: aws.String(x.Secret),
		SessionToken: aws.String(x.Token), Expiration: aws.Time(x.Expires),
	}
}

// token makes an opaque session token. It means nothing: what it stands for is
// kept with the session.
func token(r io.Reader) string {
	b := make([]byte, 192)
	if _, err := io.ReadFull(r, b); err != nil {
		panic(fmt.Sprintf("sts: randomness: %v", err))
	}
	return base64.StdEncoding.EncodeToString(b)
}

// lifetime applies a call's bounds to DurationSeconds.
func lifetime(asked *int32, byDefault, least, most int32) (time.Duration, error) {
	n := byDefault
	if asked != nil {
		n = *asked
	}
	switch {
	case n < least:
		return 0, constraint("Value '%d' at 'durationSeconds' failed to satisfy constraint: Member must have value greater than or equal to %d", n, least)
	case n > most:
		return 0, constraint("Value '%d' at 'durationSeconds' failed to satisfy constraint: Member must have value less than or equal to %d", n, most)
	}
	return time.Duration(n) * time.Second, nil
}

// constraint is STS's answer to a value outside the API's own constraints.
func constraint(format string, args ...any) error {
	return op.Errorf(400, "ValidationError", "1 validation error detected: "+format, args...)
}

// required answers for a member that must be sent.
func required(name string, value *string) error {
	if value == nil {
		return constraint("Value null at '%s' failed to satisfy constraint: Member must not be null", name)
	}
	return nil
}

// refuse names a parameter that the sandbox does not implement.
func refuse(name string, set bool) error {
	if set {
		return op.Errorf(400, "ValidationError", "the sandbox does not implement the parameter %q of this operation", name)
	}
	return nil
}

// sessionName holds RoleSessionName, SourceIdentity and federation names to
// their rules.
// Source: STS API_AssumeRole: 2 to 64 characters of [\w+=,.@-].
func sessionName(member string, value *string, most int) error {
	if err := required(member, value); err != nil {
		return err
	}
	v := *value
	if len(v) < 2 || len(v) > most {
		return constraint("Value '%.300s' at '%s' failed to satisfy constraint: Member must have length between 2 and %d", v, member, most)
	}
	for _, r := range v {
		if !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("_+=,.@-", r)) {
			return constraint("Value '%s' at '%s' failed to satisfy constraint: Member must satisfy regular expression pattern: [\\w+=,.@-]*", v, member)
		}
	}
	return nil
}

// first returns the first error.
func first(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}
