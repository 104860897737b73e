package kms

import (
	"crypto"
	"crypto/rsa"
	_ "crypto/sha1" // RSAES_OAEP_SHA_1 is one of AWS's algorithms
	_ "crypto/sha256"
	"strings"

	sdk "github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"

	"github.com/strongroom-dev/strongroom/sandbox/internal/op"
)

const (
	maxPlaintext  = 4096
	maxCiphertext = 6144
	maxContext    = 8192
)

func (s *Service) encryptRows() []op.Row {
	decrypt := op.New("Decrypt", "KMS API_Decrypt", op.Read, s.decryptChecks, s.decrypt)
	decrypt.Secret = []string{"Plaintext", "CiphertextBlob", "GrantTokens"}
	decrypt.ResourceTypes = []string{"AWS::KMS::Key"}
	return []op.Row{
		keyOp[sdk.EncryptInput, sdk.EncryptOutput]{
			name: "Encrypt", reach: byAnyName, secret: []string{"Plaintext", "CiphertextBlob", "GrantTokens"},
			id: func(in *sdk.EncryptInput) *string { return in.KeyId },
			ask: func(_ *op.Call, in *sdk.EncryptInput, k *key) (ask, error) {
				if in.Plaintext == nil {
					return ask{}, missing("Plaintext")
				}
				if err := length("Plaintext", len(in.Plaintext), 1, maxPlaintext); err != nil {
					return ask{}, err
				}
				return askCipher("", in.EncryptionAlgorithm, in.EncryptionContext, in.GrantTokens)
			},
			do: func(c *op.Call, in *sdk.EncryptInput, k *key) (*sdk.EncryptOutput, error) {
				algorithm := cipherOf(in.EncryptionAlgorithm)
				blob, err := k.encrypt(c, "Encrypt", algorithm, in.Plaintext, in.EncryptionContext, in.DryRun)
				if err != nil {
					return nil, err
				}
				return &sdk.EncryptOutput{CiphertextBlob: blob, KeyId: new(k.ARN()), EncryptionAlgorithm: algorithm}, nil
			},
		}.row(s),
		decrypt,
	}
}

func cipherOf(a types.EncryptionAlgorithmSpec) types.EncryptionAlgorithmSpec {
	if a == "" {
		return types.EncryptionAlgorithmSpecSymmetricDefault
	}
	return a
}

// askCipher is what an operation that encrypts or decrypts asks for.
func askCipher(action string, a types.EncryptionAlgorithmSpec, context map[string]string, tokens []string) (ask, error) {
	if err := oneOf("EncryptionAlgorithm", a, a.Values()); err != nil {
		return ask{}, err
	}
	if err := validContext(context); err != nil {
		return ask{}, err
	}
	return ask{
		action: action, context: context, tokens: tokens,
		keys: []op.Key{op.Single("kms:EncryptionAlgorithm", string(cipherOf(a)))},
	}, nil
}

// validContext refuses an encryption context that is too large. It also refuses
// pairs whose keys differ only in case: condition keys are not case-sensitive,
// and which of the two kms:EncryptionContext:KEY would mean is not documented.
//
// Source: KMS Developer Guide, "Resource quotas": 8192 bytes.
func validContext(context map[string]string) error {
	n := 0
	folded := map[string]bool{}
	for name, value := range context {
		if name == "" {
			return invalid("an encryption context key must not be empty")
		}
		fold := strings.ToLower(name)
		if folded[fold] {
			return unsupported("encryption context keys that differ only in case: %q", fold)
		}
		folded[fold] = true
		n += len(name) + len(value)
	}
	if n > maxContext {
		return invalid("the encryption context has %d bytes, the limit is %d", n, maxContext)
	}
	return nil
}

// encrypt checks state and usage, and encrypts.
func (k *key) encrypt(c *op.Call, operation string, a types.EncryptionAlgorithmSpec, plain []byte, context map[string]string, dry *bool) ([]byte, error) {
	if err := k.cipherReady(operation, a, context); err != nil {
		return nil, err
	}
	if !k.symmetric() {
		if most := k.oaepMax(a); len(plain) > most {
			return nil, invalid("Algorithm %s and key spec %s cannot encrypt data larger than %d bytes.", a, k.Spec, most)
		}
	}
	if err := dryRun(dry); err != nil {
		return nil, err
	}
	if k.symmetric() {
		return k.seal(c.Rand, c.Now, plain, context)
	}
	return rsa.EncryptOAEP(oaepHash(a).New(), c.Rand, k.private.Public().(*rsa.PublicKey), plain, nil)
}

// decryptBlob checks state and usage, and decrypts.
func (k *key) decryptBlob(c *op.Call, operation string, a types.EncryptionAlgorithmSpec, ciphertext []byte, context map[string]string, dry *bool) ([]byte, error) {
	if err := k.cipherReady(operation, a, context); err != nil {
		return nil, err
	}
	if err := dryRun(dry); err != nil {
		return nil, err
	}
	if !k.symmetric() {
		plain, err := k.private.(*rsa.PrivateKey).Decrypt(nil, ciphertext, &rsa.OAEPOptions{Hash: oaepHash(a)})
		if err != nil {
			return nil, invalidCiphertext()
		}
		return plain, nil
	}
	b, ok := parseBlob(ciphertext)
	if !ok {
		return nil, invalidCiphertext()
	}
	if b.keyID != k.ID || b.account != k.Account {
		return nil, fail("IncorrectKeyException", "The key ID in the request does not identify a CMK that can perform this operation.")
	}
	return k.open(c.Now, b, context)
}

func (k *key) cipherReady(operation string, a types.EncryptionAlgorithmSpec, context map[string]string) error {
	if err := k.usableFor(operation, types.KeyUsageTypeEncryptDecrypt); err != nil {
		return err
	}
	if err := algorithm(k, encryptionAlgorithms(k.Spec, k.Usage), a); err != nil {
		return err
	}
	if !k.symmetric() && len(context) > 0 {
		return invalid("EncryptionContext is not supported with asymmetric KMS keys: algorithm %s", a)
	}
	return nil
}

func oaepHash(a types.EncryptionAlgorithmSpec) crypto.Hash {
	if a == types.EncryptionAlgorithmSpecRsaesOaepSha1 {
		return crypto.SHA1
	}
	return crypto.SHA256
}

// oaepMax is the longest plaintext: RFC 8017, section 7.1.1.
func (k *key) oaepMax(a types.EncryptionAlgorithmSpec) int {
	return rsaBits(k.Spec)/8 - 2*oaepHash(a).Size() - 2
}

// source finds the key of a ciphertext: the one named, or the one that a
// symmetric ciphertext names itself.
func (s *Service) source(c *op.Call, action string, id *string, member string, ciphertext []byte, a types.EncryptionAlgorithmSpec) (target, error) {
	if ciphertext == nil {
		return target{}, missing("CiphertextBlob")
	}
	if err := length("CiphertextBlob", len(ciphertext), 1, maxCiphertext); err != nil {
		return target{}, err
	}
	if id != nil {
		return s.target(c, "kms:"+action, id, byAnyName)
	}
	if cipherOf(a) != types.EncryptionAlgorithmSpecSymmetricDefault {
		return target{}, invalid("%s is required with the asymmetric algorithm %s", member, a)
	}
	b, ok := parseBlob(ciphertext)
	if !ok {
		return target{}, invalidCiphertext()
	}
	k := s.live(c, b.account, c.Region, b.keyID)
	if k == nil {
		return target{}, noForeignKey(c, "kms:"+action, "the resource associated with this ciphertext")
	}
	return target{key: k}, nil
}

func (s *Service) decryptChecks(c *op.Call, in *sdk.DecryptInput) ([]op.Check, error) {
	switch {
	case in.Recipient != nil:
		return nil, unsupported("Nitro attestation (Recipient)")
	case len(in.DryRunModifiers) > 0:
		return nil, unsupported("DryRunModifiers %v", in.DryRunModifiers)
	}
	t, err := s.source(c, "Decrypt", in.KeyId, "KeyId", in.CiphertextBlob, in.EncryptionAlgorithm)
	if err != nil {
		return nil, err
	}
	a, err := askCipher("Decrypt", in.EncryptionAlgorithm, in.EncryptionContext, in.GrantTokens)
	if err != nil {
		return nil, err
	}
	check, err := s.check(c, t, a)
	return []op.Check{check}, err
}

func (s *Service) decrypt(c *op.Call, in *sdk.DecryptInput) (*sdk.DecryptOutput, error) {
	t, err := s.source(c, "Decrypt", in.KeyId, "KeyId", in.CiphertextBlob, in.EncryptionAlgorithm)
	if err != nil {
		return nil, err
	}
	algorithm := cipherOf(in.EncryptionAlgorithm)
	plain, err := t.decryptBlob(c, "Decrypt", algorithm, in.CiphertextBlob, in.EncryptionContext, in.DryRun)
	if err != nil {
		return nil, err
	}
	return &sdk.DecryptOutput{
		Plaintext: plain, KeyId: new(t.ARN()), EncryptionAlgorithm: algorithm, KeyMaterialId: t.materialOf(in.CiphertextBlob),
	}, nil
}

// materialOf is the KeyMaterialId of a ciphertext of a symmetric key, nil for
// other keys.
func (k *key) materialOf(ciphertext []byte) *string {
	b, ok := parseBlob(ciphertext)
	if !k.symmetric() || !ok {
		return nil
	}
	return new(k.materialID(b.version))
}
