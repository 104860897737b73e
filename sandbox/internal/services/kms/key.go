package kms

import (
	"crypto"
	"crypto/x509"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/kms/types"

	"github.com/strongroom-dev/strongroom/policy"
	"github.com/strongroom-dev/strongroom/sandbox/internal/op"
)

// key is a KMS key. Records are never changed once put: see edit.
type key struct {
	ID, Account, Region string
	Description         string
	Spec                types.KeySpec
	Usage               types.KeyUsageType
	// Service is set for AWS managed keys: "s3".
	Service string `json:",omitempty"`
	Created time.Time
	// Disabled is what DisableKey set; a pending deletion hides it.
	Disabled bool
	// Deletion is when the key goes; zero: it stays.
	Deletion time.Time
	// PolicyText is the key policy as it was given; PolicyIDs are the unique
	// IDs of the users and roles that it named when it was saved.
	PolicyText string
	PolicyIDs  map[string]string `json:",omitempty"`
	Tags       map[string]string `json:",omitempty"`
	// Aliases are the alias names, "alias/x", sorted.
	Aliases []string `json:",omitempty"`
	// Material is the AES seed, the HMAC key, or the PKCS #8 private key.
	Material []byte
	Rotation rotation

	// Derived by derive and setPolicy, or by Loaded.
	arn     string
	traits  []op.Key // the condition keys that never change
	policy  *policy.Policy
	private crypto.Signer
	public  []byte // SubjectPublicKeyInfo, DER
}

// Loaded rebuilds what is derived from the stored fields.
func (k *key) Loaded() error {
	if err := k.derive(); err != nil {
		return err
	}
	p, err := parsePolicy(k.ARN(), k.PolicyText)
	if err != nil {
		return err
	}
	p, err = p.ResolvePrincipals(func(arn string) (string, bool) {
		id, ok := k.PolicyIDs[arn]
		return id, ok
	})
	if err != nil {
		return err
	}
	k.policy = p
	return nil
}

// derive fills the fields that follow from those that never change.
func (k *key) derive() error {
	k.arn, k.traits = keyARN(k.Account, k.Region, k.ID), traitsOf(k.Spec, k.Usage)
	if !k.asymmetric() {
		return nil
	}
	parsed, err := x509.ParsePKCS8PrivateKey(k.Material)
	if err != nil {
		return fmt.Errorf("key %s: its private key does not parse", k.ID)
	}
	private, ok := parsed.(crypto.Signer)
	if !ok {
		return fmt.Errorf("key %s: its private key cannot sign", k.ID)
	}
	k.private = private
	k.public, err = x509.MarshalPKIXPublicKey(private.Public())
	return err
}

// ARN of the key.
func (k *key) ARN() string { return k.arn }

func (k *key) row() string { return rowKey(k.Account, k.Region, k.ID) }

func (k *key) symmetric() bool { return k.Spec == types.KeySpecSymmetricDefault }

func (k *key) asymmetric() bool {
	return !k.symmetric() && k.Usage != types.KeyUsageTypeGenerateVerifyMac
}

func (k *key) manager() types.KeyManagerType {
	if k.Service != "" {
		return types.KeyManagerTypeAws
	}
	return types.KeyManagerTypeCustomer
}

// gone reports whether the deletion window has ended.
func (k *key) gone(now time.Time) bool { return !k.Deletion.IsZero() && !now.Before(k.Deletion) }

// state of a key that is not gone.
func (k *key) state() types.KeyState {
	switch {
	case !k.Deletion.IsZero():
		return types.KeyStatePendingDeletion
	case k.Disabled:
		return types.KeyStateDisabled
	}
	return types.KeyStateEnabled
}

// enabled refuses a key that is disabled or pending deletion.
//
// Source: KMS Developer Guide, "Key states of AWS KMS keys", notes 1 and 3.
func (k *key) enabled() error {
	if err := k.kept(); err != nil {
		return err
	}
	if k.Disabled {
		return fail("DisabledException", "%s is disabled.", k.ARN())
	}
	return nil
}

// kept refuses a key that is pending deletion.
func (k *key) kept() error {
	if !k.Deletion.IsZero() {
		return fail("KMSInvalidStateException", "%s is pending deletion.", k.ARN())
	}
	return nil
}

// edit returns a copy to change and put, with the rotations that are due by
// now written down.
func (k *key) edit(now time.Time) *key {
	n := *k
	n.Tags = maps.Clone(k.Tags)
	n.Aliases = slices.Clone(k.Aliases)
	n.Rotation = k.Rotation.settle(now, k.rotates())
	return &n
}

// metadata is the key as DescribeKey and CreateKey show it.
func (k *key) metadata(now time.Time) *types.KeyMetadata {
	m := &types.KeyMetadata{
		KeyId: &k.ID, AWSAccountId: &k.Account, Arn: new(k.ARN()),
		CreationDate: &k.Created, Description: &k.Description,
		Enabled: k.state() == types.KeyStateEnabled, KeyState: k.state(),
		//lint:ignore SA1019 KMS still answers with it
		KeySpec: k.Spec, CustomerMasterKeySpec: types.CustomerMasterKeySpec(k.Spec),
		KeyUsage: k.Usage, KeyManager: k.manager(), Origin: types.OriginTypeAwsKms,
		MultiRegion:            new(false),
		EncryptionAlgorithms:   encryptionAlgorithms(k.Spec, k.Usage),
		SigningAlgorithms:      signingAlgorithms(k.Spec, k.Usage),
		MacAlgorithms:          macAlgorithms(k.Spec),
		KeyAgreementAlgorithms: agreementAlgorithms(k.Usage),
	}
	if !k.Deletion.IsZero() {
		m.DeletionDate = &k.Deletion
	}
	if k.symmetric() {
		m.CurrentKeyMaterialId = new(k.materialID(k.version(now)))
	}
	return m
}

func keyARN(account, region, id string) string {
	return "arn:aws:kms:" + region + ":" + account + ":key/" + id
}

func aliasARN(account, region, name string) string {
	return "arn:aws:kms:" + region + ":" + account + ":" + name
}

// rowKey is the table key of what lives in an account and region.
func rowKey(account, region, id string) string { return account + "/" + region + "/" + id }

// put stores a changed key.
func (s *Service) put(k *key) { s.keys.Put(k.row(), k) }

// live returns the key unless it is unknown or gone.
func (s *Service) live(c *op.Call, account, region, id string) *key {
	if k := s.keys.Get(rowKey(account, region, id)); k != nil && !k.gone(c.Now) {
		return k
	}
	return nil
}
