package kms

import (
	"maps"
	"slices"

	"github.com/aws/aws-sdk-go-v2/service/kms/types"

	"github.com/strongroom-dev/strongroom/sandbox/internal/op"
)

// ask is what an operation asks of its key's policy, grants and IAM.
type ask struct {
	// action without its prefix; it is also the grant operation.
	action string
	// keys are the operation's own condition keys.
	keys []op.Key
	// context is the encryption context; nil: none.
	context map[string]string
	// tokens are the request's grant tokens.
	tokens []string
	// via is the service that calls for the caller; empty: a direct call.
	via string
	// grant, if set, decides which grants count instead of the usual rule.
	grant func(*grant) bool
}

// check builds the authorisation request for an operation on a key.
//
// Source: Service Authorization Reference, "Actions, resources, and condition
// keys for AWS Key Management Service"; KMS Developer Guide, "AWS KMS
// condition keys".
func (s *Service) check(c *op.Call, t target, a ask) (op.Check, error) {
	if err := s.knownTokens(c, t.key, a.tokens); err != nil {
		return op.Check{}, err
	}
	keys := make([]op.Key, 0, len(a.keys)+12)
	keys = append(keys, t.traits...)
	if len(t.Aliases) > 0 {
		keys = append(keys, op.Multi("kms:ResourceAliases", t.Aliases...))
	}
	keys = append(keys, callerKeys(c, a.via)...)
	if t.alias != "" && a.via == "" {
		keys = append(keys, op.Single("kms:RequestAlias", t.alias))
	}
	keys = append(keys, contextKeys(a.context)...)
	keys = append(keys, a.keys...)
	return op.Check{
		Action:   "kms:" + a.action,
		Resource: op.Resource{ARN: t.ARN(), Account: t.Account, Policy: t.policy, Tags: t.Tags},
		Context:  keys,
		Grant:    s.grantFor(c, t.key, a),
		Via:      a.via,
	}, nil
}

// traitsOf are the condition keys of a key's spec and usage, for CreateKey and
// for every operation on the key.
func traitsOf(spec types.KeySpec, usage types.KeyUsageType) []op.Key {
	return []op.Key{
		op.Single("kms:KeySpec", string(spec)),
		op.Single("kms:KeyUsage", string(usage)),
		op.Single("kms:KeyOrigin", string(types.OriginTypeAwsKms)),
		op.Single("kms:MultiRegion", "false"),
		// The old names still work: KMS Developer Guide, conditions-kms.
		op.Single("kms:CustomerMasterKeySpec", string(spec)),
		op.Single("kms:CustomerMasterKeyUsage", string(usage)),
	}
}

func callerKeys(c *op.Call, via string) []op.Key {
	var keys []op.Key
	if c.Caller.Account != "" {
		keys = append(keys, op.Single("kms:CallerAccount", c.Caller.Account))
	}
	if via != "" {
		keys = append(keys, op.Single("kms:ViaService", via))
	}
	return keys
}

func contextKeys(context map[string]string) []op.Key {
	if len(context) == 0 {
		return nil
	}
	names := slices.Sorted(maps.Keys(context))
	keys := make([]op.Key, 0, len(names)+1)
	for _, n := range names {
		keys = append(keys, op.Single("kms:EncryptionContext:"+n, context[n]))
	}
	return append(keys, op.Multi("kms:EncryptionContextKeys", names...))
}

// Keys lists the condition keys that KMS fills in, and those that belong to
// parameters and operations that it refuses, which are rightly absent.
// kms:TrailingDaysWithoutKeyUsage is missing: the sandbox does not track it.
func (s *Service) Keys() []string {
	return []string{
		"aws:RequestTag/*", "aws:ResourceTag/*", "aws:TagKeys",
		"kms:BypassPolicyLockoutSafetyCheck", "kms:CallerAccount",
		"kms:CustomerMasterKeySpec", "kms:CustomerMasterKeyUsage", "kms:DataKeyPairSpec",
		"kms:EncryptionAlgorithm", "kms:EncryptionContext:*", "kms:EncryptionContextKeys",
		"kms:ExpirationModel", "kms:GrantConstraintSourceArn", "kms:GrantConstraintType",
		"kms:GrantIsForAWSResource", "kms:GrantOperations", "kms:GranteePrincipal",
		"kms:GranteeServicePrincipal", "kms:KeyAgreementAlgorithm", "kms:KeyOrigin",
		"kms:KeySpec", "kms:KeyUsage", "kms:MacAlgorithm", "kms:MessageType",
		"kms:MultiRegion", "kms:MultiRegionKeyType", "kms:PrimaryRegion",
		"kms:RecipientAttestation:*", "kms:ReEncryptOnSameKey", "kms:ReplicaRegion",
		"kms:RequestAlias", "kms:ResourceAliases", "kms:RetiringPrincipal",
		"kms:RetiringServicePrincipal", "kms:RotationPeriodInDays",
		"kms:ScheduleKeyDeletionPendingWindowInDays", "kms:SigningAlgorithm", "kms:ValidTo",
		"kms:ViaService", "kms:WrappingAlgorithm", "kms:WrappingKeySpec",
	}
}

// keyOp is an operation on one key: how it names it, what it asks of it, what
// it does. row makes the operation of it.
type keyOp[In, Out any] struct {
	name, source string
	access       op.Access
	reach        reach
	secret       []string
	// id is the member that names the key.
	id func(*In) *string
	// ask validates the input and says what must be allowed. Its action may be
	// left empty: it is the operation's name.
	ask func(*op.Call, *In, *key) (ask, error)
	// do runs the operation on the key, which exists.
	do func(*op.Call, *In, *key) (*Out, error)
	// asks is op.Row's Asks.
	asks string
	// first, if set, runs before the key is looked up.
	first func(*op.Call, *In) error
}

func (o keyOp[In, Out]) row(s *Service) op.Row {
	if o.source == "" {
		o.source = "KMS API_" + o.name
	}
	r := op.New(o.name, o.source, o.access,
		func(c *op.Call, in *In) ([]op.Check, error) {
			if o.first != nil {
				if err := o.first(c, in); err != nil {
					return nil, err
				}
			}
			t, err := s.target(c, "kms:"+o.name, o.id(in), o.reach)
			if err != nil {
				return nil, err
			}
			c.Owner = t.Account
			var a ask
			if o.ask != nil {
				if a, err = o.ask(c, in, t.key); err != nil {
					return nil, err
				}
			}
			if a.action == "" {
				a.action = o.name
			}
			check, err := s.check(c, t, a)
			return []op.Check{check}, err
		},
		func(c *op.Call, in *In) (*Out, error) {
			t, err := s.target(c, "kms:"+o.name, o.id(in), o.reach)
			if err != nil {
				return nil, err
			}
			return o.do(c, in, t.key)
		})
	r.Secret = o.secret
	r.Asks = o.asks
	r.ResourceTypes = []string{"AWS::KMS::Key"}
	return r
}
