package kms

import (
	"crypto/rand"
	"io"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/kms/types"

	"github.com/strongroom-dev/strongroom/sandbox/internal/op"
	"github.com/strongroom-dev/strongroom/sandbox/internal/store"
	"github.com/strongroom-dev/strongroom/sandbox/internal/wire"
)

// Principals resolves the ARNs that a key policy or a grant names, so that
// what was saved means the principal that existed then.
type Principals interface {
	// ResolvePrincipal returns the unique ID of a user or role; ok is false
	// if there is none.
	ResolvePrincipal(arn string) (id string, ok bool)
}

// Service is KMS. Its methods run under the state's lock.
type Service struct {
	// Clock and Rand serve AWSManagedKey alone, which has no call at hand.
	// Nil: the system's. Set them before the first request.
	Clock func() time.Time
	Rand  io.Reader

	principals Principals
	protocol   op.Protocol
	keys       *store.Table[key]
	aliases    *store.Table[alias]
	grants     *store.Table[grant]
}

// New adds KMS's tables to db.
func New(db *store.DB, principals Principals) *Service {
	return &Service{
		principals: principals,
		protocol:   wire.NewJSON("TrentService", "1.1"),
		keys:       store.NewTable[key](db, "kms.keys"),
		aliases:    store.NewTable[alias](db, "kms.aliases"),
		grants:     store.NewTable[grant](db, "kms.grants"),
	}
}

// Prefix is the IAM action prefix.
func (s *Service) Prefix() string { return "kms" }

// EventSource is CloudTrail's name of the service.
func (s *Service) EventSource() string { return "kms.amazonaws.com" }

// Protocol is AWS JSON 1.1.
func (s *Service) Protocol() op.Protocol { return s.protocol }

// Rows are KMS's operations.
func (s *Service) Rows() []op.Row {
	return slices.Concat(
		s.createRows(), s.describeRows(), s.stateRows(), s.deletionRows(), s.aliasRows(),
		s.policyRows(), s.tagRows(), s.rotationRows(), s.grantRows(), s.retireRows(),
		s.encryptRows(), s.reEncryptRows(), s.dataKeyRows(), s.dataKeyPairRows(), s.randomRows(),
		s.signRows(), s.macRows(), s.agreementRows(),
	)
}

// KeyARN resolves a key ID, key ARN, alias name or alias ARN to the key's ARN.
// IDs and names are looked up in account and region. A key ARN comes back as
// it is: whether the key exists is for Check to say. The error is KMS's
// NotFoundException or InvalidArnException.
func (s *Service) KeyARN(account, region, id string) (arn string, err error) {
	owner, resource, err := locate(account, region, id)
	if err != nil {
		return "", err
	}
	if keyID, ok := cutKey(resource); ok {
		return keyARN(owner, region, keyID), nil
	}
	a := s.aliases.Get(rowKey(owner, region, resource))
	if a == nil {
		return "", noSuchAlias(aliasARN(owner, region, resource))
	}
	return keyARN(owner, region, a.KeyID), nil
}

// Check returns what must be allowed before another service may use the key
// for the caller. action is the IAM action, "kms:GenerateDataKey"; via is that
// service, "s3.eu-west-2.amazonaws.com".
func (s *Service) Check(c *op.Call, action, keyARN string, encctx map[string]string, via string) (op.Check, error) {
	name := action
	if len(name) > 4 && name[:4] == "kms:" {
		name = name[4:]
	}
	t, err := s.target(c, "kms:"+name, &keyARN, byAnyName)
	if err != nil {
		return op.Check{}, err
	}
	a := ask{action: name, via: via}
	if name != "DescribeKey" {
		a.context = encctx
		a.keys = []op.Key{op.Single("kms:EncryptionAlgorithm", string(types.EncryptionAlgorithmSpecSymmetricDefault))}
	}
	return s.check(c, t, a)
}

// GenerateDataKey makes a 256-bit data key under the key. It does not
// authorise: ask for Check first.
func (s *Service) GenerateDataKey(c *op.Call, keyARN string, encctx map[string]string) (plain, blob []byte, err error) {
	t, err := s.target(c, "kms:GenerateDataKey", &keyARN, byAnyName)
	if err != nil {
		return nil, nil, err
	}
	return t.dataKey(c, "GenerateDataKey", 32, encctx)
}

// Encrypt encrypts up to 4096 bytes under the key, which must be symmetric. It does not
// authorise: ask for Check first.
func (s *Service) Encrypt(c *op.Call, keyARN string, plain []byte, encctx map[string]string) (blob []byte, err error) {
	t, err := s.target(c, "kms:Encrypt", &keyARN, byAnyName)
	if err != nil {
		return nil, err
	}
	if err := length("Plaintext", len(plain), 1, maxPlaintext); err != nil {
		return nil, err
	}
	return t.encrypt(c, "Encrypt", types.EncryptionAlgorithmSpecSymmetricDefault, plain, encctx, nil)
}

// Decrypt opens a blob that Encrypt or GenerateDataKey made under the key. It does not
// authorise: ask for Check first.
func (s *Service) Decrypt(c *op.Call, keyARN string, blob []byte, encctx map[string]string) ([]byte, error) {
	t, err := s.target(c, "kms:Decrypt", &keyARN, byAnyName)
	if err != nil {
		return nil, err
	}
	if err := t.usableFor("Decrypt", types.KeyUsageTypeEncryptDecrypt); err != nil {
		return nil, err
	}
	b, ok := parseBlob(blob)
	if !ok || !t.symmetric() {
		return nil, invalidCiphertext()
	}
	return t.open(c.Now, b, encctx)
}

// AWSManagedKey returns the ARN of the account's AWS managed key for the
// service ("s3": alias/aws/s3), which is created on first use. Call it from an
// update only.
func (s *Service) AWSManagedKey(account, region, service string) (arn string, err error) {
	name := awsAlias + service
	if a := s.aliases.Get(rowKey(account, region, name)); a != nil {
		return keyARN(account, region, a.KeyID), nil
	}
	id, err := newID(s.random())
	if err != nil {
		return "", err
	}
	now := s.now()
	k := &key{
		ID: id, Account: account, Region: region, Service: service, Created: now,
		Spec: types.KeySpecSymmetricDefault, Usage: types.KeyUsageTypeEncryptDecrypt,
		Description: "Default key that protects my " + managed[service].what + " when no other key is defined",
		Aliases:     []string{name},
		// Source: KMS Developer Guide, "Rotating AWS KMS keys": AWS managed
		// keys rotate every year.
		Rotation: rotation{On: true, Days: defaultPeriod, Next: now.Add(defaultPeriod * day)},
	}
	if managed[service].what == "" {
		return "", noSuchAlias(aliasARN(account, region, name))
	}
	if k.Material, err = newMaterial(s.random(), k.Spec); err != nil {
		return "", err
	}
	if err := k.derive(); err != nil {
		return "", err
	}
	if err := s.setPolicy(k, managedPolicy(account, region, service)); err != nil {
		return "", err
	}
	s.put(k)
	s.aliases.Put(rowKey(account, region, name), &alias{Name: name, KeyID: id, Created: now, Updated: now})
	return k.ARN(), nil
}

// managed are the services whose AWS managed keys the sandbox makes, by the name in
// their alias: what they protect, the service whose requests may use them, and
// the actions that it needs beside the usual.
var managed = map[string]struct {
	what, via string
	more      []string
}{
	"s3":  {what: "S3 objects", via: "s3"},
	"ebs": {what: "EBS volumes", via: "ec2", more: []string{"kms:CreateGrant"}},
	"sns": {what: "SNS data", via: "sns"},
	"ssm": {what: "SSM parameters", via: "ssm"},
	// Its users configure a function with it, for which Lambda makes a grant.
	"lambda": {what: "Lambda functions", via: "lambda", more: []string{"kms:CreateGrant"}},
}

func (s *Service) now() time.Time {
	if s.Clock != nil {
		return s.Clock().UTC()
	}
	return time.Now().UTC()
}

func (s *Service) random() io.Reader {
	if s.Rand != nil {
		return s.Rand
	}
	return rand.Reader
}

// usableFor refuses a key whose state or usage rules the operation out.
func (k *key) usableFor(operation string, usage types.KeyUsageType) error {
	if err := k.enabled(); err != nil {
		return err
	}
	return k.usageOf(operation, usage)
}
