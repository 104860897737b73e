package kms

import (
	"crypto/rand"
	"testing"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"

	"github.com/strongroom-dev/strongroom/policy"
	"github.com/strongroom-dev/strongroom/sandbox/internal/op"
	"github.com/strongroom-dev/strongroom/sandbox/internal/store"
)

type nobody struct{}

func (nobody) ResolvePrincipal(string) (string, bool) { return "", false }

// benchmark runs an operation's checks and handler, as the dispatcher does.
func benchmark(b *testing.B, name string, spec types.KeySpec, usage types.KeyUsageType, in func(id string) any) {
	b.Helper()
	s := New(store.Memory(), nobody{})
	rows := map[string]*op.Row{}
	for _, r := range s.Rows() {
		rows[r.Name] = &r
	}
	const account = "111122223333"
	c := &op.Call{Now: time.Now(), Region: "eu-west-2", Rand: rand.Reader, Caller: &op.Caller{Account: account,
		Principal: policy.Principal{Type: policy.Root, ARN: "arn:aws:iam::" + account + ":root", Account: account}}}
	create := &sdk.CreateKeyInput{KeySpec: spec, KeyUsage: usage}
	if err := rows["CreateKey"].Prepare(c, create); err != nil {
		b.Fatal(err)
	}
	out, err := rows["CreateKey"].Handle(c, create)
	if err != nil {
		b.Fatal(err)
	}
	row, input := rows[name], in(*out.(*sdk.CreateKeyOutput).KeyMetadata.KeyId)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := row.Checks(c, input); err != nil {
			b.Fatal(err)
		}
		if _, err := row.Handle(c, input); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkSign(b *testing.B) {
	benchmark(b, "Sign", types.KeySpecEccNistP256, types.KeyUsageTypeSignVerify, func(id string) any {
		return &sdk.SignInput{KeyId: &id, Message: []byte("message"), SigningAlgorithm: types.SigningAlgorithmSpecEcdsaSha256}
	})
}

func BenchmarkGenerateDataKey(b *testing.B) {
	benchmark(b, "GenerateDataKey", types.KeySpecSymmetricDefault, types.KeyUsageTypeEncryptDecrypt, func(id string) any {
		return &sdk.GenerateDataKeyInput{KeyId: &id, KeySpec: types.DataKeySpecAes256}
	})
}

func BenchmarkDescribeKey(b *testing.B) {
	benchmark(b, "DescribeKey", types.KeySpecSymmetricDefault, types.KeyUsageTypeEncryptDecrypt, func(id string) any {
		return &sdk.DescribeKeyInput{KeyId: &id}
	})
}
