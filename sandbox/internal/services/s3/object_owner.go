package s3

import (
	"encoding/json"
	"fmt"

	"github.com/strongroom-dev/strongroom/policy"
	"github.com/strongroom-dev/strongroom/sandbox/internal/op"
)

// Canned access control lists of objects.
const (
	fullControl = "bucket-owner-full-control"
	ownerReads  = "bucket-owner-read"
)

// owner is the account that owns a version: the bucket's where ACLs are disabled,
// whoever put it. What was written down counts again when they are enabled again.
//
// Source: S3 User Guide about-object-ownership: "Bucket owner enforced", and "Disabling
// ACLs": re-enabling restores the ACLs that there were.
func (b *Bucket) owner(o *Object) string { return b.ownerOr(o.Owner) }

func (b *Bucket) ownerOr(written string) string {
	if b.Ownership == ownerEnforced {
		return b.Account
	}
	return written
}

// newOwner is who will own what the caller puts. checkWriter has refused a caller who
// would own it and is no account.
//
// Source: S3 User Guide about-object-ownership, the table of settings.
func (b *Bucket) newOwner(c *op.Call, acl string) string {
	if b.Ownership == ownerEnforced || b.Ownership == ownerPreferred && acl == fullControl {
		return b.Account
	}
	return c.Caller.Account
}

// ownersActions are the actions that the object's owner decides about, with the
// permission of an access control list that allows them. About all others, such as
// deleting the object or replacing it, the bucket's owner decides.
//
// Source: S3 User Guide acl-overview, "Mapping of ACL permissions and access policy
// permissions" for objects; example-bucket-policies and
// access-policy-alternatives-guidelines: bucket policies grant nothing on objects that
// another account owns, and may deny them. That the attributes belong to READ is an inference.
// Choice s3-attributes-are-read.
var ownersActions = map[string]string{
	"s3:GetObject": "READ", "s3:GetObjectVersion": "READ",
	"s3:GetObjectAttributes": "READ", "s3:GetObjectVersionAttributes": "READ",
	"s3:GetObjectAcl": "READ_ACP", "s3:GetObjectVersionAcl": "READ_ACP",
	"s3:PutObjectAcl": "WRITE_ACP", "s3:PutObjectVersionAcl": "WRITE_ACP",
}

// onVersion is onObject for a version that may belong to another account than the bucket;
// nil: there is none. For the owner's account the list stands in for a bucket policy that
// allows; the bucket's owner has what the list gives it; nobody else has anything. What
// the bucket policy denies is denied to all of them. Choice s3-list-and-policy.
//
// Source: S3 User Guide how-s3-evaluates-access-control, "How Amazon S3 authorizes a
// request for an object operation": user, bucket and object context.
func (s *Service) onVersion(c *op.Call, b *Bucket, action, key string, o *Object, keys ...op.Key) (op.Check, error) {
	check := s.onObject(c, b, action, key, existing(keys, o)...)
	permission := ownersActions[action]
	if o == nil || o.DeleteMarker || permission == "" || b.owner(o) == b.Account {
		return check, nil
	}
	allowed := ""
	switch {
	case c.Caller.Account == o.Owner:
		allowed = o.Owner
	case c.Caller.Account == b.Account && (o.ACL == fullControl || o.ACL == ownerReads && permission == "READ"):
	default:
		check.Resource.Account = o.Owner
	}
	if a := callAddress(c); a.bucket == b.Name && a.key == key && o.ACL != fullControl && (o.ACL != ownerReads || permission != "READ") {
		// Source: S3 User Guide cloudtrail-logging-s3-info, "Object-level actions in
		// cross-account scenarios": the bucket's owner gets records of what it could do itself.
		c.Owner = ""
	}
	p, err := b.objectPolicy(allowed)
	check.Resource.Policy = p
	return check, err
}

// objectPolicy is what the bucket policy denies, with what an object's access control list
// allows its owner; nil: neither says anything.
func (b *Bucket) objectPolicy(owner string) (*policy.Policy, error) {
	doc := struct {
		Version   string            `json:",omitempty"`
		Statement []json.RawMessage `json:"Statement"`
	}{}
	if b.Policy != "" {
		var saved struct {
			Version   string
			Statement rawStatements
		}
		if err := json.Unmarshal([]byte(b.Policy), &saved); err != nil {
			return nil, fmt.Errorf("the bucket policy of %s: %w", b.Name, err)
		}
		doc.Version = saved.Version
		for _, raw := range saved.Statement {
			var st struct{ Effect string }
			if err := json.Unmarshal(raw, &st); err != nil {
				return nil, fmt.Errorf("the bucket policy of %s: %w", b.Name, err)
			}
			if st.Effect == "Deny" {
				doc.Statement = append(doc.Statement, raw)
			}
		}
	}
	if owner != "" {
		allow, err := json.Marshal(map[string]any{"Sid": "AccessControlList", "Effect": "Allow",
			"Principal": map[string]string{"AWS": owner}, "Action": "s3:*", "Resource": b.ObjectARN("*")})
		if err != nil {
			return nil, err
		}
		doc.Statement = append(doc.Statement, allow)
	}
	if len(doc.Statement) == 0 {
		return nil, nil
	}
	text, err := json.Marshal(doc)
	if err != nil {
		return nil, err
	}
	p, err := policy.Parse(b.Name, text, policy.Resource)
	if err != nil {
		return nil, fmt.Errorf("the bucket policy of %s: %w", b.Name, err)
	}
	return p.ResolvePrincipals(func(arn string) (string, bool) {
		id, ok := b.PolicyIDs[arn]
		return id, ok
	})
}

// rawStatements is a Statement element, which may be one statement or several.
type rawStatements []json.RawMessage

func (l *rawStatements) UnmarshalJSON(data []byte) error {
	if len(data) > 0 && data[0] == '{' {
		*l = rawStatements{append(json.RawMessage(nil), data...)}
		return nil
	}
	return json.Unmarshal(data, (*[]json.RawMessage)(l))
}
