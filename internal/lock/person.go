package lock

import (
	"context"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/pquerna/otp"
	"github.com/pquerna/otp/totp"
)

// Person is an IAM user with a virtual MFA device and the right to do everything
// in their own account, so that what they cannot do in the room is the room's
// doing.
type Person struct {
	ARN string
	// Serial is the device's serial number, Seed its secret in base32.
	Serial, Seed string
	// Key gives the person an access key, for as long as an attack lasts: a room has
	// none otherwise. The key itself knows nothing of MFA.
	Key func(ctx context.Context) (creds aws.Credentials, takeAway func() error, err error)
}

// codePeriod is how long a device shows a code. Source: RFC 6238.
const codePeriod = 30 * time.Second

// CodeAt returns what the person's device shows at a time.
func (p *Person) CodeAt(now time.Time) (string, error) {
	return totp.GenerateCodeCustom(p.Seed, now, totp.ValidateOpts{Period: uint(codePeriod / time.Second), Digits: otp.DigitsSix, Algorithm: otp.AlgorithmSHA1})
}

// Code waits for the device's next code, because each is good once, and returns
// it. The sandbox's time goes on by a period.
func (w *World) Code(ctx context.Context, p *Person) (string, error) {
	if err := w.Advance(ctx, codePeriod); err != nil {
		return "", err
	}
	return p.CodeAt(w.Now())
}
