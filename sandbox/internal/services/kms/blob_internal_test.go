package kms

import (
	"bytes"
	"crypto/rand"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/kms/types"
)

var testTime = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

func testKey(t testing.TB) *key {
	t.Helper()
	material, err := newMaterial(rand.Reader, types.KeySpecSymmetricDefault)
	if err != nil {
		t.Fatal(err)
	}
	k := &key{
		ID: "1234abcd-12ab-44cd-96ef-1234567890ab", Account: "000000000042", Region: "eu-west-2",
		Spec: types.KeySpecSymmetricDefault, Usage: types.KeyUsageTypeEncryptDecrypt, Material: material,
	}
	if err := k.derive(); err != nil {
		t.Fatal(err)
	}
	return k
}

// TestEveryByteIsAuthenticated changes each byte of a ciphertext in turn.
func TestEveryByteIsAuthenticated(t *testing.T) {
	k := testKey(t)
	k.Rotation.Done = make([]rotated, 300) // so that most versions exist
	sealed, err := k.seal(rand.Reader, testTime, []byte("plain"), map[string]string{"a": "b"})
	if err != nil {
		t.Fatal(err)
	}
	for i := range sealed {
		bad := bytes.Clone(sealed)
		bad[i] ^= 1
		b, ok := parseBlob(bad)
		if !ok {
			continue
		}
		if _, err := k.open(testTime, b, map[string]string{"a": "b"}); err == nil {
			t.Errorf("byte %d was changed and the ciphertext still opened", i)
		}
	}
}

func TestCanonicalContext(t *testing.T) {
	seen := map[string]map[string]string{}
	for _, c := range []map[string]string{
		nil, {"a": "bc"}, {"ab": "c"}, {"a": "b", "c": "d"}, {"a": "", "b": ""}, {"a": "b"}, {"a": "bcd"}, {"": "a"},
	} {
		form := string(canonical(c))
		if old, ok := seen[form]; ok {
			t.Errorf("%v and %v have one canonical form", old, c)
		}
		seen[form] = c
	}
}

func FuzzParseBlob(f *testing.F) {
	k := testKey(f)
	sealed, err := k.seal(rand.Reader, testTime, []byte("plain"), nil)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(sealed)
	f.Add(sealed[:headerSize])
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, in []byte) {
		b, ok := parseBlob(in)
		if !ok {
			return
		}
		if len(b.header) != headerSize || len(b.header)+len(b.sealed) != len(in) || len(b.account) != 12 {
			t.Fatalf("got header %d, sealed %d, account %q of %d bytes", len(b.header), len(b.sealed), b.account, len(in))
		}
		if id, err := parseID(b.keyID); err != nil || !bytes.Equal(id, in[9:25]) {
			t.Fatalf("got key ID %q, %v", b.keyID, err)
		}
		plain, err := k.open(testTime, b, nil)
		if err == nil && !bytes.Equal(in, sealed) {
			t.Fatalf("a forged ciphertext opened to %q", plain)
		}
	})
}

func FuzzLocate(f *testing.F) {
	for _, s := range []string{"alias/a", "1234abcd-12ab-44cd-96ef-1234567890ab", "arn:aws:kms:eu-west-2:111122223333:key/1234abcd-12ab-44cd-96ef-1234567890ab", "arn:aws:kms:eu-west-2:111122223333:alias/a", "arn:::::"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, id string) {
		owner, resource, err := locate("111122223333", "eu-west-2", id)
		if err != nil {
			return
		}
		if !accountID(owner) {
			t.Fatalf("got owner %q", owner)
		}
		again := "arn:aws:kms:eu-west-2:" + owner + ":" + resource
		o, r, err := locate("000000000000", "eu-west-2", again)
		if (o != owner || r != resource) && resource != "alias/" {
			t.Fatalf("%q is %q of %q, but its ARN is %q of %q: %v", id, resource, owner, r, o, err)
		}
	})
}
