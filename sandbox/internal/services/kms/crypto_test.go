package kms_test

import (
	"bytes"
	"crypto"
	"crypto/ecdh"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/x509"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"
)

func TestEncryptDecrypt(t *testing.T) {
	w := newWorld(t)
	c := w.root(home)
	id, other := w.symmetric(home), w.symmetric(home)
	context := map[string]string{"b": "2", "a": "1"}
	plain := []byte("the state of production")
	e, err := c.Encrypt(ctx, &sdk.EncryptInput{KeyId: &id, Plaintext: plain, EncryptionContext: context})
	w.must(err)
	if bytes.Contains(e.CiphertextBlob, plain) || *e.KeyId != id {
		t.Fatalf("got %+v", e)
	}
	d, err := c.Decrypt(ctx, &sdk.DecryptInput{CiphertextBlob: e.CiphertextBlob, EncryptionContext: map[string]string{"a": "1", "b": "2"}})
	w.must(err)
	if !bytes.Equal(d.Plaintext, plain) || *d.KeyId != id {
		t.Fatalf("got %q under %s", d.Plaintext, *d.KeyId)
	}
	flipped := bytes.Clone(e.CiphertextBlob)
	flipped[len(flipped)-1] ^= 1
	salted := bytes.Clone(e.CiphertextBlob)
	salted[40] ^= 1
	for _, row := range []struct {
		name, code string
		in         sdk.DecryptInput
	}{
		{"named key", "", sdk.DecryptInput{KeyId: &id, CiphertextBlob: e.CiphertextBlob, EncryptionContext: context}},
		{"other key", "IncorrectKeyException", sdk.DecryptInput{KeyId: &other, CiphertextBlob: e.CiphertextBlob, EncryptionContext: context}},
		{"no context", "InvalidCiphertextException", sdk.DecryptInput{CiphertextBlob: e.CiphertextBlob}},
		{"other value", "InvalidCiphertextException", sdk.DecryptInput{CiphertextBlob: e.CiphertextBlob, EncryptionContext: map[string]string{"a": "1", "b": "3"}}},
		{"other case", "InvalidCiphertextException", sdk.DecryptInput{CiphertextBlob: e.CiphertextBlob, EncryptionContext: map[string]string{"A": "1", "b": "2"}}},
		{"bit flipped", "InvalidCiphertextException", sdk.DecryptInput{CiphertextBlob: flipped, EncryptionContext: context}},
		{"salt changed", "InvalidCiphertextException", sdk.DecryptInput{CiphertextBlob: salted, EncryptionContext: context}},
		{"not a ciphertext", "InvalidCiphertextException", sdk.DecryptInput{CiphertextBlob: []byte("hello")}},
		{"not a ciphertext, key named", "InvalidCiphertextException", sdk.DecryptInput{KeyId: &id, CiphertextBlob: []byte("hello")}},
		{"dry run", "DryRunOperationException", sdk.DecryptInput{CiphertextBlob: e.CiphertextBlob, EncryptionContext: context, DryRun: aws.Bool(true)}},
		{"enclave", "UnsupportedOperationException", sdk.DecryptInput{CiphertextBlob: e.CiphertextBlob, Recipient: &types.RecipientInfo{}}},
	} {
		t.Run(row.name, func(t *testing.T) {
			_, err := c.Decrypt(ctx, &row.in)
			wantCode(t, err, row.code)
		})
	}
	again, err := c.Encrypt(ctx, &sdk.EncryptInput{KeyId: &id, Plaintext: plain, EncryptionContext: context})
	w.must(err)
	if bytes.Equal(again.CiphertextBlob, e.CiphertextBlob) {
		t.Error("two encryptions gave the same ciphertext")
	}
	_, err = c.Encrypt(ctx, &sdk.EncryptInput{KeyId: &id, Plaintext: make([]byte, 4097)})
	wantCode(t, err, "ValidationException")
	_, err = encrypt(c, id, map[string]string{"App": "bad", "app": "good"})
	wantMessage(t, err, "UnsupportedOperationException", "differ only in case")
}

func TestReEncrypt(t *testing.T) {
	w := newWorld(t)
	c := w.root(home)
	from, to := w.symmetric(home), w.symmetric(home)
	e, err := c.Encrypt(ctx, &sdk.EncryptInput{KeyId: &from, Plaintext: []byte("x"), EncryptionContext: map[string]string{"a": "1"}})
	w.must(err)
	r, err := c.ReEncrypt(ctx, &sdk.ReEncryptInput{CiphertextBlob: e.CiphertextBlob, SourceEncryptionContext: map[string]string{"a": "1"}, DestinationKeyId: &to})
	w.must(err)
	if *r.KeyId != to || *r.SourceKeyId != from {
		t.Fatalf("got %+v", r)
	}
	d, err := c.Decrypt(ctx, &sdk.DecryptInput{CiphertextBlob: r.CiphertextBlob})
	w.must(err)
	if string(d.Plaintext) != "x" || *d.KeyId != to {
		t.Errorf("got %q under %s", d.Plaintext, *d.KeyId)
	}
}

func TestDataKeys(t *testing.T) {
	w := newWorld(t)
	c := w.root(home)
	id := w.symmetric(home)
	k, err := c.GenerateDataKey(ctx, &sdk.GenerateDataKeyInput{KeyId: &id, KeySpec: types.DataKeySpecAes128})
	w.must(err)
	d, err := c.Decrypt(ctx, &sdk.DecryptInput{CiphertextBlob: k.CiphertextBlob})
	w.must(err)
	if len(k.Plaintext) != 16 || !bytes.Equal(d.Plaintext, k.Plaintext) {
		t.Errorf("got %d bytes, and other ones from Decrypt", len(k.Plaintext))
	}
	n, err := c.GenerateDataKeyWithoutPlaintext(ctx, &sdk.GenerateDataKeyWithoutPlaintextInput{KeyId: &id, NumberOfBytes: aws.Int32(40)})
	w.must(err)
	if d, err = c.Decrypt(ctx, &sdk.DecryptInput{CiphertextBlob: n.CiphertextBlob}); err != nil || len(d.Plaintext) != 40 {
		t.Errorf("got %v, %v; want 40 bytes", d, err)
	}
	_, err = c.GenerateDataKey(ctx, &sdk.GenerateDataKeyInput{KeyId: &id})
	wantCode(t, err, "ValidationException")
	sign := w.signing(types.KeySpecEccNistP256)
	_, err = c.GenerateDataKey(ctx, &sdk.GenerateDataKeyInput{KeyId: &sign, KeySpec: types.DataKeySpecAes256})
	wantMessage(t, err, "InvalidKeyUsageException", "key usage is SIGN_VERIFY which is not valid for GenerateDataKey.")
	r, err := c.GenerateRandom(ctx, &sdk.GenerateRandomInput{NumberOfBytes: aws.Int32(24)})
	if err != nil || len(r.Plaintext) != 24 {
		t.Errorf("got %v, %v; want 24 bytes", r, err)
	}
}

func TestDataKeyPair(t *testing.T) {
	w := newWorld(t)
	c := w.root(home)
	id := w.symmetric(home)
	p, err := c.GenerateDataKeyPair(ctx, &sdk.GenerateDataKeyPairInput{KeyId: &id, KeyPairSpec: types.DataKeyPairSpecEccNistP384})
	w.must(err)
	d, err := c.Decrypt(ctx, &sdk.DecryptInput{CiphertextBlob: p.PrivateKeyCiphertextBlob})
	w.must(err)
	if !bytes.Equal(d.Plaintext, p.PrivateKeyPlaintext) {
		t.Fatal("the ciphertext holds another private key")
	}
	private, err := x509.ParsePKCS8PrivateKey(p.PrivateKeyPlaintext)
	w.must(err)
	public, err := x509.ParsePKIXPublicKey(p.PublicKey)
	w.must(err)
	if !private.(*ecdsa.PrivateKey).PublicKey.Equal(public) {
		t.Error("private and public key do not belong together")
	}
	q, err := c.GenerateDataKeyPairWithoutPlaintext(ctx, &sdk.GenerateDataKeyPairWithoutPlaintextInput{KeyId: &id, KeyPairSpec: types.DataKeyPairSpecRsa2048})
	w.must(err)
	if _, err := x509.ParsePKIXPublicKey(q.PublicKey); err != nil {
		t.Error(err)
	}
	_, err = c.GenerateDataKeyPair(ctx, &sdk.GenerateDataKeyPairInput{KeyId: &id, KeyPairSpec: types.DataKeyPairSpecSm2})
	wantMessage(t, err, "UnsupportedOperationException", "SM2")
}

// TestSignatures verifies what KMS signed with the standard library and the
// public key that KMS gave, and lets KMS verify it.
func TestSignatures(t *testing.T) {
	message := []byte("strongroom v1.2.3")
	hashes := map[string]crypto.Hash{"256": crypto.SHA256, "384": crypto.SHA384, "512": crypto.SHA512}
	w := newWorld(t)
	c := w.root(home)
	for _, spec := range []types.KeySpec{
		types.KeySpecRsa2048, types.KeySpecRsa3072, types.KeySpecEccNistP256, types.KeySpecEccNistP384,
		types.KeySpecEccNistP521, types.KeySpecEccNistEdwards25519,
	} {
		id := w.signing(spec)
		pub, err := c.GetPublicKey(ctx, &sdk.GetPublicKeyInput{KeyId: &id})
		w.must(err)
		public, err := x509.ParsePKIXPublicKey(pub.PublicKey)
		w.must(err)
		for _, a := range pub.SigningAlgorithms {
			t.Run(string(spec)+" "+string(a), func(t *testing.T) {
				hash := hashes[string(a[len(a)-3:])]
				h := hash.New()
				h.Write(message)
				digest := h.Sum(nil)
				in := sdk.SignInput{KeyId: &id, Message: message, SigningAlgorithm: a}
				switch a {
				case types.SigningAlgorithmSpecEd25519PhSha512, types.SigningAlgorithmSpecRsassaPssSha384:
					in.Message, in.MessageType = digest, types.MessageTypeDigest
				}
				out, err := c.Sign(ctx, &in)
				if err != nil {
					t.Fatal(err)
				}
				switch p := public.(type) {
				case *ecdsa.PublicKey:
					if !ecdsa.VerifyASN1(p, digest, out.Signature) {
						t.Error("crypto/ecdsa refuses the signature")
					}
				case ed25519.PublicKey:
					opts, signed := &ed25519.Options{}, message
					if a == types.SigningAlgorithmSpecEd25519PhSha512 {
						opts.Hash, signed = crypto.SHA512, digest
					}
					if err := ed25519.VerifyWithOptions(p, signed, out.Signature, opts); err != nil {
						t.Error(err)
					}
				case *rsa.PublicKey:
					if bytes.Contains([]byte(a), []byte("PSS")) {
						err = rsa.VerifyPSS(p, hash, digest, out.Signature, nil)
					} else {
						err = rsa.VerifyPKCS1v15(p, hash, digest, out.Signature)
					}
					if err != nil {
						t.Error(err)
					}
				}
				v := sdk.VerifyInput{KeyId: &id, Message: in.Message, MessageType: in.MessageType, Signature: out.Signature, SigningAlgorithm: a}
				if ok, err := c.Verify(ctx, &v); err != nil || !ok.SignatureValid {
					t.Errorf("KMS refuses its own signature: %v", err)
				}
				v.Signature = bytes.Clone(out.Signature)
				v.Signature[len(v.Signature)/2] ^= 1
				_, err = c.Verify(ctx, &v)
				wantCode(t, err, "KMSInvalidSignatureException")
			})
		}
	}
}

func TestSignRefusals(t *testing.T) {
	w := newWorld(t)
	c := w.root(home)
	id, enc := w.signing(types.KeySpecEccNistP256), w.symmetric(home)
	digest := sha256.Sum256([]byte("x"))
	long := sha512.Sum512([]byte("x"))
	for _, row := range []struct {
		name, code, text string
		in               sdk.SignInput
	}{
		{"RSA on P-256", "InvalidKeyUsageException", "Algorithm RSASSA_PSS_SHA_256 is incompatible with key spec ECC_NIST_P256.",
			sdk.SignInput{KeyId: &id, Message: digest[:], SigningAlgorithm: types.SigningAlgorithmSpecRsassaPssSha256}},
		{"encryption key", "InvalidKeyUsageException", "key usage is ENCRYPT_DECRYPT which is not valid for Sign.",
			sdk.SignInput{KeyId: &enc, Message: digest[:], SigningAlgorithm: types.SigningAlgorithmSpecEcdsaSha256}},
		{"digest too long", "ValidationException", "Digest is invalid length for algorithm ECDSA_SHA_256.",
			sdk.SignInput{KeyId: &id, Message: long[:], MessageType: types.MessageTypeDigest, SigningAlgorithm: types.SigningAlgorithmSpecEcdsaSha256}},
		{"no such algorithm", "ValidationException", "enum value set",
			sdk.SignInput{KeyId: &id, Message: digest[:], SigningAlgorithm: "ECDSA_SHA_1"}},
		{"message too long", "ValidationException", "4096",
			sdk.SignInput{KeyId: &id, Message: make([]byte, 4097), SigningAlgorithm: types.SigningAlgorithmSpecEcdsaSha256}},
	} {
		t.Run(row.name, func(t *testing.T) {
			_, err := c.Sign(ctx, &row.in)
			wantMessage(t, err, row.code, row.text)
		})
	}
	_, err := c.GetPublicKey(ctx, &sdk.GetPublicKeyInput{KeyId: &enc})
	wantCode(t, err, "UnsupportedOperationException")
}

func TestOAEP(t *testing.T) {
	w := newWorld(t)
	c := w.root(home)
	id := w.key(home, &sdk.CreateKeyInput{KeySpec: types.KeySpecRsa2048, KeyUsage: types.KeyUsageTypeEncryptDecrypt})
	pub, err := c.GetPublicKey(ctx, &sdk.GetPublicKeyInput{KeyId: &id})
	w.must(err)
	public, err := x509.ParsePKIXPublicKey(pub.PublicKey)
	w.must(err)
	outside, err := rsa.EncryptOAEP(sha256.New(), rand.Reader, public.(*rsa.PublicKey), []byte("outside"), nil)
	w.must(err)
	const a = types.EncryptionAlgorithmSpecRsaesOaepSha256
	d, err := c.Decrypt(ctx, &sdk.DecryptInput{KeyId: &id, CiphertextBlob: outside, EncryptionAlgorithm: a})
	w.must(err)
	if string(d.Plaintext) != "outside" {
		t.Errorf("got %q", d.Plaintext)
	}
	for _, a := range pub.EncryptionAlgorithms {
		e, err := c.Encrypt(ctx, &sdk.EncryptInput{KeyId: &id, Plaintext: []byte("x"), EncryptionAlgorithm: a})
		w.must(err)
		d, err := c.Decrypt(ctx, &sdk.DecryptInput{KeyId: &id, CiphertextBlob: e.CiphertextBlob, EncryptionAlgorithm: a})
		if err != nil || string(d.Plaintext) != "x" {
			t.Errorf("%s: got %v, %v", a, d, err)
		}
	}
	_, err = c.Encrypt(ctx, &sdk.EncryptInput{KeyId: &id, Plaintext: make([]byte, 191), EncryptionAlgorithm: a})
	wantMessage(t, err, "ValidationException", "cannot encrypt data larger than 190 bytes")
	_, err = c.Encrypt(ctx, &sdk.EncryptInput{KeyId: &id, Plaintext: []byte("x")})
	wantCode(t, err, "InvalidKeyUsageException")
	_, err = c.Decrypt(ctx, &sdk.DecryptInput{CiphertextBlob: outside, EncryptionAlgorithm: a})
	wantCode(t, err, "ValidationException")
	outside[3] ^= 1
	_, err = c.Decrypt(ctx, &sdk.DecryptInput{KeyId: &id, CiphertextBlob: outside, EncryptionAlgorithm: a})
	wantCode(t, err, "InvalidCiphertextException")
	_, err = c.Encrypt(ctx, &sdk.EncryptInput{KeyId: &id, Plaintext: []byte("x"), EncryptionAlgorithm: a, EncryptionContext: map[string]string{"a": "b"}})
	wantCode(t, err, "ValidationException")
}

func TestMac(t *testing.T) {
	w := newWorld(t)
	c := w.root(home)
	for spec, a := range map[types.KeySpec]types.MacAlgorithmSpec{
		types.KeySpecHmac224: types.MacAlgorithmSpecHmacSha224, types.KeySpecHmac256: types.MacAlgorithmSpecHmacSha256,
		types.KeySpecHmac384: types.MacAlgorithmSpecHmacSha384, types.KeySpecHmac512: types.MacAlgorithmSpecHmacSha512,
	} {
		id := w.key(home, &sdk.CreateKeyInput{KeySpec: spec, KeyUsage: types.KeyUsageTypeGenerateVerifyMac})
		m, err := c.GenerateMac(ctx, &sdk.GenerateMacInput{KeyId: &id, Message: []byte("m"), MacAlgorithm: a})
		w.must(err)
		v, err := c.VerifyMac(ctx, &sdk.VerifyMacInput{KeyId: &id, Message: []byte("m"), Mac: m.Mac, MacAlgorithm: a})
		if err != nil || !v.MacValid {
			t.Errorf("%s: %v", spec, err)
		}
		_, err = c.VerifyMac(ctx, &sdk.VerifyMacInput{KeyId: &id, Message: []byte("n"), Mac: m.Mac, MacAlgorithm: a})
		wantCode(t, err, "KMSInvalidMacException")
	}
}

func TestDeriveSharedSecret(t *testing.T) {
	w := newWorld(t)
	c := w.root(home)
	id := w.key(home, &sdk.CreateKeyInput{KeySpec: types.KeySpecEccNistP256, KeyUsage: types.KeyUsageTypeKeyAgreement})
	mine, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	w.must(err)
	der, err := x509.MarshalPKIXPublicKey(mine.Public())
	w.must(err)
	out, err := c.DeriveSharedSecret(ctx, &sdk.DeriveSharedSecretInput{KeyId: &id, PublicKey: der, KeyAgreementAlgorithm: types.KeyAgreementAlgorithmSpecEcdh})
	w.must(err)
	pub, err := c.GetPublicKey(ctx, &sdk.GetPublicKeyInput{KeyId: &id})
	w.must(err)
	theirs, err := x509.ParsePKIXPublicKey(pub.PublicKey)
	w.must(err)
	point, err := theirs.(*ecdsa.PublicKey).ECDH()
	w.must(err)
	scalar, err := mine.ECDH()
	w.must(err)
	want, err := scalar.ECDH(point)
	w.must(err)
	if !bytes.Equal(out.SharedSecret, want) {
		t.Error("the two sides derive different secrets")
	}
	x, err := ecdh.X25519().GenerateKey(rand.Reader)
	w.must(err)
	der, err = x509.MarshalPKIXPublicKey(x.PublicKey())
	w.must(err)
	_, err = c.DeriveSharedSecret(ctx, &sdk.DeriveSharedSecretInput{KeyId: &id, PublicKey: der, KeyAgreementAlgorithm: types.KeyAgreementAlgorithmSpecEcdh})
	wantCode(t, err, "ValidationException")
}
