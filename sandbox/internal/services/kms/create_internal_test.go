package kms

import (
	"crypto/rand"
	"errors"
	"testing"

	sdk "github.com/aws/aws-sdk-go-v2/service/kms"

	"github.com/strongroom-dev/strongroom/sandbox/internal/op"
)

// spent is randomness that nobody may take.
type spent struct{}

func (spent) Read([]byte) (int, error) { return 0, errors.New("randomness was taken") }

// Preparation comes before anybody is authorised, so it is cheap for all: the
// key itself is labour, which comes after.
func TestPreparationMakesNoKey(t *testing.T) {
	unsigned := &op.Call{Caller: &op.Caller{}, Rand: spent{}}
	if err := prepareKey(unsigned, &sdk.CreateKeyInput{KeySpec: "RSA_4096", KeyUsage: "SIGN_VERIFY"}); err != nil || unsigned.Prepared != nil {
		t.Errorf("unsigned: %v, prepared %T", err, unsigned.Prepared)
	}
	signed := &op.Call{Caller: &op.Caller{Account: "111122223333"}, Rand: rand.Reader}
	if err := prepareKey(signed, &sdk.CreateKeyInput{KeySpec: "RSA_4096", KeyUsage: "SIGN_VERIFY"}); err != nil {
		t.Fatal(err)
	}
	if d, ok := signed.Prepared.(*draft); !ok || d.material != nil {
		t.Errorf("a key was made of %T before its caller was authorised", signed.Prepared)
	}
	signed.Rand, signed.Prepared = spent{}, &draft{spec: "SYMMETRIC_DEFAULT"}
	if err := labourKey(signed, nil); err == nil {
		t.Error("a key was made of nothing")
	}
}
