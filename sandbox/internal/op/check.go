package op

import "github.com/strongroom-dev/strongroom/policy"

// Check is one authorisation request: may this principal take this action on
// this resource. The dispatcher adds the global condition keys (aws:...) and
// the caller's policies; a service supplies what only it knows.
type Check struct {
	// Action is the IAM action, "s3:GetObject". It often differs from the
	// operation's name: HeadBucket asks for s3:ListBucket.
	Action string
	// Resource is what the action is taken on.
	Resource Resource
	// Context holds the service's condition keys and aws:RequestTag,
	// aws:TagKeys and the like. An absent key stays absent: never add a key
	// with an empty value for a header that was not sent.
	Context []Key
	// Principal replaces the caller, for operations whose caller proves who it
	// is in the request itself (AssumeRoleWithWebIdentity). Nil: the caller.
	Principal *policy.Principal
	// Caller replaces the caller, for what an AWS service will do later for the
	// resource that is being made, and must be allowed from the start (a trail's
	// deliveries). Nil: the caller.
	Caller *Caller
	// Grant is the ID of a KMS grant that allows this check unless some policy
	// denies it explicitly. Empty: none.
	Grant string
	// Default: the service lets the caller do this unless some policy denies it
	// explicitly, as S3 lets whoever began an upload abort it.
	Default bool
	// Via is the service that makes this call on the caller's behalf, such as
	// "s3.eu-west-2.amazonaws.com" when S3 asks KMS. Empty: a direct call.
	// It sets aws:ViaAWSService and aws:CalledVia... as AWS does for forward
	// access sessions, and kms:ViaService is the service's own to add.
	Via string
	// Silent: the check with Via stands for no call of its own that CloudTrail would
	// record.
	Silent bool
	// OnDeny replaces the service's AccessDenied error when this check is
	// refused. Nil: the standard error with AWS's wording.
	OnDeny error
}

// Resource is the target of a check.
type Resource struct {
	// ARN of the target; "*" for actions that have no resource types.
	ARN string
	// Account is the 12-digit ID of the account that owns the resource.
	Account string
	// Policy is the resource's own policy (bucket, key or trust policy),
	// compiled; nil if it has none.
	Policy *policy.Policy
	// Tags of the resource, for aws:ResourceTag/...; nil if it has none or the
	// service does not support tag-based control on it.
	Tags map[string]string
	// RestrictPublic is S3's RestrictPublicBuckets, of bucket or account.
	RestrictPublic bool
}

// Key is one condition key with its values in the request.
type Key struct {
	Name string
	// Values has one element for a single-valued key.
	Values []string
	// Multi marks a multivalued key even when it holds one value or none.
	Multi bool
}

// Single returns a single-valued key.
func Single(name, value string) Key { return Key{Name: name, Values: []string{value}} }

// Multi returns a multivalued key.
func Multi(name string, values ...string) Key {
	return Key{Name: name, Values: values, Multi: true}
}
