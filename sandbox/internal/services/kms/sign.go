package kms

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	_ "crypto/sha512"
	"io"
	"strings"

	sdk "github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"

	"github.com/strongroom-dev/strongroom/sandbox/internal/op"
)

func (s *Service) signRows() []op.Row {
	return []op.Row{
		keyOp[sdk.SignInput, sdk.SignOutput]{
			name: "Sign", reach: byAnyName, secret: []string{"Message", "Signature", "GrantTokens"},
			id: func(in *sdk.SignInput) *string { return in.KeyId },
			ask: func(_ *op.Call, in *sdk.SignInput, _ *key) (ask, error) {
				return askSignature(in.Message, in.MessageType, in.SigningAlgorithm, in.GrantTokens)
			},
			do: func(c *op.Call, in *sdk.SignInput, k *key) (*sdk.SignOutput, error) {
				digest, err := k.toSign("Sign", in.Message, in.MessageType, in.SigningAlgorithm)
				if err != nil {
					return nil, err
				}
				if err := dryRun(in.DryRun); err != nil {
					return nil, err
				}
				signature, err := k.sign(c.Rand, digest, in.SigningAlgorithm)
				if err != nil {
					return nil, err
				}
				return &sdk.SignOutput{KeyId: new(k.ARN()), Signature: signature, SigningAlgorithm: in.SigningAlgorithm}, nil
			},
		}.row(s),
		keyOp[sdk.VerifyInput, sdk.VerifyOutput]{
			name: "Verify", reach: byAnyName, secret: []string{"Message", "Signature", "GrantTokens"},
			id: func(in *sdk.VerifyInput) *string { return in.KeyId },
			ask: func(_ *op.Call, in *sdk.VerifyInput, _ *key) (ask, error) {
				if in.Signature == nil {
					return ask{}, missing("Signature")
				}
				if err := length("Signature", len(in.Signature), 1, 6144); err != nil {
					return ask{}, err
				}
				return askSignature(in.Message, in.MessageType, in.SigningAlgorithm, in.GrantTokens)
			},
			do: func(_ *op.Call, in *sdk.VerifyInput, k *key) (*sdk.VerifyOutput, error) {
				digest, err := k.toSign("Verify", in.Message, in.MessageType, in.SigningAlgorithm)
				if err != nil {
					return nil, err
				}
				if err := dryRun(in.DryRun); err != nil {
					return nil, err
				}
				if !k.verify(digest, in.Signature, in.SigningAlgorithm) {
					return nil, fail("KMSInvalidSignatureException", "")
				}
				return &sdk.VerifyOutput{KeyId: new(k.ARN()), SignatureValid: true, SigningAlgorithm: in.SigningAlgorithm}, nil
			},
		}.row(s),
	}
}

func askSignature(message []byte, kind types.MessageType, a types.SigningAlgorithmSpec, tokens []string) (ask, error) {
	switch {
	case message == nil:
		return ask{}, missing("Message")
	case a == "":
		return ask{}, missing("SigningAlgorithm")
	}
	if err := length("Message", len(message), 1, 4096); err != nil {
		return ask{}, err
	}
	if err := oneOf("SigningAlgorithm", a, a.Values()); err != nil {
		return ask{}, err
	}
	if err := oneOf("MessageType", kind, kind.Values()); err != nil {
		return ask{}, err
	}
	return ask{tokens: tokens, keys: []op.Key{
		op.Single("kms:SigningAlgorithm", string(a)),
		op.Single("kms:MessageType", string(messageType(kind))),
	}}, nil
}

// messageType is RAW unless the request says otherwise.
func messageType(kind types.MessageType) types.MessageType {
	if kind == "" {
		return types.MessageTypeRaw
	}
	return kind
}

// signingHash is the hash of a signing algorithm; 0 for pure Ed25519.
func signingHash(a types.SigningAlgorithmSpec) crypto.Hash {
	switch {
	case a == types.SigningAlgorithmSpecEd25519Sha512:
		return 0
	case strings.HasSuffix(string(a), "SHA_256"):
		return crypto.SHA256
	case strings.HasSuffix(string(a), "SHA_384"):
		return crypto.SHA384
	}
	return crypto.SHA512
}

// toSign checks key and algorithm and returns what is signed: the digest, or
// the message itself for pure Ed25519.
//
// Source: KMS API_Sign, MessageType.
func (k *key) toSign(operation string, message []byte, kind types.MessageType, a types.SigningAlgorithmSpec) ([]byte, error) {
	if err := k.usableFor(operation, types.KeyUsageTypeSignVerify); err != nil {
		return nil, err
	}
	if err := algorithm(k, signingAlgorithms(k.Spec, k.Usage), a); err != nil {
		return nil, err
	}
	kind, hash := messageType(kind), signingHash(a)
	switch {
	case kind == types.MessageTypeExternalMu:
		return nil, invalid("MessageType %s is valid only with ML-DSA keys", kind)
	case a == types.SigningAlgorithmSpecEd25519Sha512:
		if kind != types.MessageTypeRaw {
			return nil, invalid("Algorithm %s requires MessageType RAW, got %s", a, kind)
		}
		return message, nil
	case a == types.SigningAlgorithmSpecEd25519PhSha512 && kind != types.MessageTypeDigest:
		return nil, invalid("Algorithm %s requires MessageType DIGEST, got %s", a, kind)
	case kind == types.MessageTypeDigest:
		if len(message) != hash.Size() {
			return nil, invalid("Digest is invalid length for algorithm %s.", a)
		}
		return message, nil
	}
	h := hash.New()
	h.Write(message)
	return h.Sum(nil), nil
}

// options are the signer's: PSS with a salt as long as the digest.
//
// Source: KMS Developer Guide, "Asymmetric key specs", RSA signing algorithms.
func options(a types.SigningAlgorithmSpec) crypto.SignerOpts {
	hash := signingHash(a)
	if isPSS(a) {
		return &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash, Hash: hash}
	}
	return hash
}

func isPSS(a types.SigningAlgorithmSpec) bool { return strings.HasPrefix(string(a), "RSASSA_PSS_") }

func (k *key) sign(random io.Reader, digest []byte, a types.SigningAlgorithmSpec) ([]byte, error) {
	return k.private.Sign(random, digest, options(a))
}

func (k *key) verify(digest, signature []byte, a types.SigningAlgorithmSpec) bool {
	hash := signingHash(a)
	switch public := k.private.Public().(type) {
	case *ecdsa.PublicKey:
		return ecdsa.VerifyASN1(public, digest, signature)
	case ed25519.PublicKey:
		return ed25519.VerifyWithOptions(public, digest, signature, &ed25519.Options{Hash: hash}) == nil
	case *rsa.PublicKey:
		if isPSS(a) {
			return rsa.VerifyPSS(public, hash, digest, signature, &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash}) == nil
		}
		return rsa.VerifyPKCS1v15(public, hash, digest, signature) == nil
	}
	return false
}
