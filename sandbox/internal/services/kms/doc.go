// Package kms is the sandbox's Key Management Service: keys, aliases, key
// policies, grants, rotation, and real AES, RSA, ECDSA, Ed25519, ECDH and HMAC
// with key material that never leaves it.
//
// New gives the service; its Rows are what the dispatcher serves. The same
// value is the key ring of other services: S3 asks it for checks and data keys
// (KeyARN, Check, GenerateDataKey, Decrypt, AWSManagedKey).
//
// Keys live per account and region. A key's state depends on the clock alone:
// a rotation or a deletion that is due has happened, whether or not anything
// wrote it down, so that reads stay reads.
//
// With a data directory the key material is kept in its file, mode 0600, as it
// is: the sandbox protects rehearsals, not production secrets. Key material,
// plaintext and grant tokens never appear in errors, logs or audit events.
//
// Multi-Region keys, imported key material, custom key stores, Nitro
// attestation, SM2, ML-DSA and ML-KEM are refused by name.
//
// Source: AWS KMS API Reference and AWS KMS Developer Guide.
package kms
