package kms

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/hkdf"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"

	"github.com/aws/aws-sdk-go-v2/service/kms/types"
)

// newMaterial makes key material of the spec, which must be supported.
func newMaterial(random io.Reader, spec types.KeySpec) ([]byte, error) {
	switch spec {
	case types.KeySpecSymmetricDefault, types.KeySpecHmac256:
		return randomBytes(random, 32)
	case types.KeySpecHmac224:
		return randomBytes(random, 28)
	case types.KeySpecHmac384:
		return randomBytes(random, 48)
	case types.KeySpecHmac512:
		return randomBytes(random, 64)
	}
	private, err := newPrivate(random, string(spec))
	if err != nil {
		return nil, err
	}
	return x509.MarshalPKCS8PrivateKey(private)
}

// newPrivate makes a private key of an RSA or ECC spec; data key pairs have the
// same names as keys.
func newPrivate(random io.Reader, spec string) (any, error) {
	if bits := rsaBits(spec); bits != 0 {
		return rsa.GenerateKey(random, bits)
	}
	switch types.KeySpec(spec) {
	case types.KeySpecEccNistP256:
		return ecdsa.GenerateKey(elliptic.P256(), random)
	case types.KeySpecEccNistP384:
		return ecdsa.GenerateKey(elliptic.P384(), random)
	case types.KeySpecEccNistP521:
		return ecdsa.GenerateKey(elliptic.P521(), random)
	case types.KeySpecEccNistEdwards25519:
		_, private, err := ed25519.GenerateKey(random)
		return private, err
	}
	return nil, fmt.Errorf("no key generator for %q", spec)
}

func randomBytes(random io.Reader, n int) ([]byte, error) {
	b := make([]byte, n)
	_, err := io.ReadFull(random, b)
	return b, err
}

// backing is the AES-256 backing key of a version: each rotation has its own,
// and all of them are kept, because they follow from the key's seed.
func (k *key) backing(version uint32) []byte {
	b, err := hkdf.Expand(sha256.New, k.Material, "strongroom kms backing key "+strconv.FormatUint(uint64(version), 10), 32)
	if err != nil {
		panic("kms: " + err.Error()) // only for lengths above 8,160
	}
	return b
}

// materialID identifies a backing key, as KeyMaterialId does.
func (k *key) materialID(version uint32) string {
	sum := sha256.Sum256(append([]byte("strongroom kms key material id "), k.backing(version)...))
	return hex.EncodeToString(sum[:])
}

// aead is the cipher for one message: a key and nonce of its own, from the
// backing key and the message's 32 random bytes of salt, so that no number of
// messages exhausts a nonce space.
func (k *key) aead(version uint32, salt []byte) (cipher.AEAD, []byte, error) {
	b, err := hkdf.Key(sha256.New, k.backing(version), salt, "strongroom kms message", 32+12)
	if err != nil {
		return nil, nil, err
	}
	block, err := aes.NewCipher(b[:32])
	if err != nil {
		return nil, nil, err
	}
	gcm, err := cipher.NewGCM(block)
	return gcm, b[32:], err
}

// canonical encodes an encryption context so that equal maps give equal bytes
// and different maps different ones.
func canonical(context map[string]string) []byte {
	var b []byte
	for _, name := range slices.Sorted(maps.Keys(context)) {
		for _, s := range [2]string{name, context[name]} {
			b = binary.BigEndian.AppendUint32(b, uint32(len(s)))
			b = append(b, s...)
		}
	}
	return b
}
