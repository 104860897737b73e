package kms

import (
	"slices"

	"github.com/aws/aws-sdk-go-v2/service/kms/types"
)

// usages lists what a key of each supported spec can be made for, the default
// first if there is one.
//
// Source: KMS API_CreateKey, KeySpec and KeyUsage.
func usages(spec types.KeySpec) []types.KeyUsageType {
	switch spec {
	case types.KeySpecSymmetricDefault:
		return []types.KeyUsageType{types.KeyUsageTypeEncryptDecrypt}
	case types.KeySpecRsa2048, types.KeySpecRsa3072, types.KeySpecRsa4096:
		return []types.KeyUsageType{types.KeyUsageTypeEncryptDecrypt, types.KeyUsageTypeSignVerify}
	case types.KeySpecEccNistP256, types.KeySpecEccNistP384, types.KeySpecEccNistP521:
		return []types.KeyUsageType{types.KeyUsageTypeSignVerify, types.KeyUsageTypeKeyAgreement}
	case types.KeySpecEccNistEdwards25519:
		return []types.KeyUsageType{types.KeyUsageTypeSignVerify}
	case types.KeySpecHmac224, types.KeySpecHmac256, types.KeySpecHmac384, types.KeySpecHmac512:
		return []types.KeyUsageType{types.KeyUsageTypeGenerateVerifyMac}
	}
	return nil
}

// rsaBits is the modulus of an RSA spec; 0 for others.
func rsaBits[S ~string](spec S) int {
	switch string(spec) {
	case "RSA_2048":
		return 2048
	case "RSA_3072":
		return 3072
	case "RSA_4096":
		return 4096
	}
	return 0
}

var rsaSigning = []types.SigningAlgorithmSpec{
	types.SigningAlgorithmSpecRsassaPkcs1V15Sha256,
	types.SigningAlgorithmSpecRsassaPkcs1V15Sha384,
	types.SigningAlgorithmSpecRsassaPkcs1V15Sha512,
	types.SigningAlgorithmSpecRsassaPssSha256,
	types.SigningAlgorithmSpecRsassaPssSha384,
	types.SigningAlgorithmSpecRsassaPssSha512,
}

// signingAlgorithms of a key made for SIGN_VERIFY.
func signingAlgorithms(spec types.KeySpec, usage types.KeyUsageType) []types.SigningAlgorithmSpec {
	if usage != types.KeyUsageTypeSignVerify {
		return nil
	}
	switch spec {
	case types.KeySpecEccNistP256:
		return []types.SigningAlgorithmSpec{types.SigningAlgorithmSpecEcdsaSha256}
	case types.KeySpecEccNistP384:
		return []types.SigningAlgorithmSpec{types.SigningAlgorithmSpecEcdsaSha384}
	case types.KeySpecEccNistP521:
		return []types.SigningAlgorithmSpec{types.SigningAlgorithmSpecEcdsaSha512}
	case types.KeySpecEccNistEdwards25519:
		return []types.SigningAlgorithmSpec{types.SigningAlgorithmSpecEd25519Sha512, types.SigningAlgorithmSpecEd25519PhSha512}
	}
	return rsaSigning
}

// encryptionAlgorithms of a key made for ENCRYPT_DECRYPT.
func encryptionAlgorithms(spec types.KeySpec, usage types.KeyUsageType) []types.EncryptionAlgorithmSpec {
	switch {
	case usage != types.KeyUsageTypeEncryptDecrypt:
		return nil
	case spec == types.KeySpecSymmetricDefault:
		return []types.EncryptionAlgorithmSpec{types.EncryptionAlgorithmSpecSymmetricDefault}
	}
	return []types.EncryptionAlgorithmSpec{types.EncryptionAlgorithmSpecRsaesOaepSha1, types.EncryptionAlgorithmSpecRsaesOaepSha256}
}

// macAlgorithms of an HMAC key: one, of its own length.
func macAlgorithms(spec types.KeySpec) []types.MacAlgorithmSpec {
	switch spec {
	case types.KeySpecHmac224:
		return []types.MacAlgorithmSpec{types.MacAlgorithmSpecHmacSha224}
	case types.KeySpecHmac256:
		return []types.MacAlgorithmSpec{types.MacAlgorithmSpecHmacSha256}
	case types.KeySpecHmac384:
		return []types.MacAlgorithmSpec{types.MacAlgorithmSpecHmacSha384}
	case types.KeySpecHmac512:
		return []types.MacAlgorithmSpec{types.MacAlgorithmSpecHmacSha512}
	}
	return nil
}

func agreementAlgorithms(usage types.KeyUsageType) []types.KeyAgreementAlgorithmSpec {
	if usage != types.KeyUsageTypeKeyAgreement {
		return nil
	}
	return []types.KeyAgreementAlgorithmSpec{types.KeyAgreementAlgorithmSpecEcdh}
}

// grantable lists the operations that a grant on such a key may allow.
//
// Source: KMS API_CreateGrant, Operations: the key must support the operation.
func grantable(spec types.KeySpec, usage types.KeyUsageType) []types.GrantOperation {
	all := []types.GrantOperation{types.GrantOperationCreateGrant, types.GrantOperationRetireGrant, types.GrantOperationDescribeKey}
	switch usage {
	case types.KeyUsageTypeEncryptDecrypt:
		all = append(all, types.GrantOperationEncrypt, types.GrantOperationDecrypt,
			types.GrantOperationReEncryptFrom, types.GrantOperationReEncryptTo)
	case types.KeyUsageTypeSignVerify:
		all = append(all, types.GrantOperationSign, types.GrantOperationVerify)
	case types.KeyUsageTypeGenerateVerifyMac:
		return append(all, types.GrantOperationGenerateMac, types.GrantOperationVerifyMac)
	case types.KeyUsageTypeKeyAgreement:
		all = append(all, types.GrantOperationDeriveSharedSecret)
	}
	if spec == types.KeySpecSymmetricDefault {
		return append(all, types.GrantOperationGenerateDataKey, types.GrantOperationGenerateDataKeyWithoutPlaintext,
			types.GrantOperationGenerateDataKeyPair, types.GrantOperationGenerateDataKeyPairWithoutPlaintext)
	}
	return append(all, types.GrantOperationGetPublicKey)
}

// usageOf refuses an operation that the key was not made for.
func (k *key) usageOf(operation string, want types.KeyUsageType) error {
	if k.Usage != want {
		return fail("InvalidKeyUsageException", "%s key usage is %s which is not valid for %s.", k.ARN(), k.Usage, operation)
	}
	return nil
}

// algorithm refuses an algorithm that the key's spec does not have.
func algorithm[A ~string](k *key, have []A, want A) error {
	if !slices.Contains(have, want) {
		return fail("InvalidKeyUsageException", "Algorithm %s is incompatible with key spec %s.", want, k.Spec)
	}
	return nil
}
