package kms

import (
	"errors"
	"testing"

	sdk "github.com/aws/aws-sdk-go-v2/service/kms"

	"github.com/strongroom-dev/strongroom/sandbox/internal/op"
)

// spent is randomness that nobody may take.
type spent struct{}

func (spent) Read([]byte) (int, error) { return 0, errors.New("randomness was taken") }

// Preparation comes before the signature's absence is refused.
func TestUnsignedPreparesNothing(t *testing.T) {
	c := &op.Call{Caller: &op.Caller{}, Rand: spent{}}
	if err := prepareKey(c, &sdk.CreateKeyInput{KeySpec: "RSA_4096", KeyUsage: "SIGN_VERIFY"}); err != nil {
		t.Errorf("CreateKey: %v", err)
	}
	if err := preparePair(c, "RSA_4096"); err != nil {
		t.Errorf("GenerateDataKeyPair: %v", err)
	}
	if c.Prepared != nil {
		t.Errorf("prepared %T", c.Prepared)
	}
	c.Caller.Account = "111122223333"
	if err := prepareKey(c, &sdk.CreateKeyInput{}); err == nil {
		t.Error("a signed request takes no randomness either")
	}
}
