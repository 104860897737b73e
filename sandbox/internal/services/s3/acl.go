package s3

import "github.com/strongroom-dev/strongroom/sandbox/internal/op"

// grantee is an account, by its canonical ID, or a group, by its URI.
type grantee struct {
	XSI         string `xml:"xmlns:xsi,attr"`
	Type        string `xml:"xsi:type,attr"`
	ID          string `xml:"ID,omitempty"`
	DisplayName string `xml:"DisplayName,omitempty"`
	URI         string `xml:"URI,omitempty"`
}

type grant struct {
	Grantee    grantee `xml:"Grantee"`
	Permission string  `xml:"Permission"`
}

type accessControl struct {
	Owner  Owner   `xml:"Owner"`
	Grants []grant `xml:"AccessControlList>Grant"`
}

type aclOutput struct {
	VersionID string        `rest:"header:x-amz-version-id"`
	Body      accessControl `rest:"xml:AccessControlPolicy"`
}

type putBucketACLInput struct {
	Bucket string `rest:"label:bucket"`
	ACL    string `rest:"header:x-amz-acl"`
	Body   []byte `rest:"payload"`
}

type putObjectACLInput struct {
	objectInput
	ACL  string `rest:"header:x-amz-acl"`
	Body []byte `rest:"payload"`
}

func (s *Service) aclRows() []op.Row {
	getObject := op.New("GetObjectAcl", "S3 API_GetObjectAcl", op.Read,
		func(c *op.Call, in *objectInput) ([]op.Check, error) {
			return s.versionChecks(c, in, "s3:GetObjectAcl", "s3:GetObjectVersionAcl")
		}, s.getObjectACL)
	getObject.Asks, getObject.Data = missingKeyReason, true
	putObject := op.New("PutObjectAcl", "S3 API_PutObjectAcl", op.Write,
		func(c *op.Call, in *putObjectACLInput) ([]op.Check, error) {
			return s.versionChecks(c, &in.objectInput, "s3:PutObjectAcl", "s3:PutObjectVersionAcl",
				present(nil, "s3:x-amz-acl", in.ACL)...)
		}, s.putObjectACL)
	putObject.Asks, putObject.Data = missingKeyReason, true
	return []op.Row{
		op.New("GetBucketAcl", "S3 API_GetBucketAcl", op.Read, bucketChecks(s, "s3:GetBucketAcl"),
			func(c *op.Call, in *bucketInput) (*aclOutput, error) {
				return &aclOutput{Body: bucketACL(s.buckets.Get(in.Bucket))}, nil
			}),
		op.New("PutBucketAcl", "S3 API_PutBucketAcl", op.Write,
			func(c *op.Call, in *putBucketACLInput) ([]op.Check, error) {
				b, err := s.bucket(c, in.Bucket)
				if err != nil {
					return nil, err
				}
				return []op.Check{s.onBucket(c, b, "s3:PutBucketAcl", present(nil, "s3:x-amz-acl", in.ACL)...)}, nil
			},
			func(c *op.Call, in *putBucketACLInput) (*nothing, error) {
				nb := *s.buckets.Get(in.Bucket)
				if err := checkBucketACL(&nb, in.ACL, in.Body); err != nil {
					return nil, err
				}
				nb.ACL = canned(in.ACL)
				s.buckets.Put(nb.Name, &nb)
				return &nothing{}, nil
			}),
		getObject, putObject,
	}
}

const xsi = "http://www.w3.org/2001/XMLSchema-instance"

// ownerOnly is the access control list of everything but a bucket that takes
// access logs: full control for the owner.
func ownerOnly(account string) accessControl {
	o := ownerOf(account)
	return accessControl{Owner: o, Grants: []grant{{
		Grantee:    grantee{XSI: xsi, Type: "CanonicalUser", ID: o.ID, DisplayName: o.DisplayName},
		Permission: "FULL_CONTROL",
	}}}
}

// logDelivery is the canned list of buckets that take access logs. Its grants are
// for a group that nobody in the sandbox belongs to: no verdict depends on them.
const logDelivery = "log-delivery-write"

// canned is how a list is kept.
func canned(acl string) string {
	if acl == "private" {
		return ""
	}
	return acl
}

// bucketACL is a bucket's list.
//
// Source: S3 User Guide acl-overview, "Canned ACL" and "Amazon S3 Log Delivery group".
func bucketACL(b *Bucket) accessControl {
	list := ownerOnly(b.Account)
	if b.ACL == logDelivery {
		group := grantee{XSI: xsi, Type: "Group", URI: "http://acs.amazonaws.com/groups/s3/LogDelivery"}
		list.Grants = append(list.Grants, grant{group, "WRITE"}, grant{group, "READ_ACP"})
	}
	return list
}

func checkBucketACL(b *Bucket, acl string, body []byte) error {
	if acl == logDelivery && len(body) == 0 && b.Ownership != ownerEnforced {
		return nil
	}
	return checkACL(b, acl, body)
}

// checkACL refuses every list but the one that exists.
//
// Source: S3 User Guide about-object-ownership: with ACLs disabled, requests
// to set them fail with AccessControlListNotSupported.
func checkACL(b *Bucket, acl string, body []byte) error {
	switch {
	case b.Ownership == ownerEnforced:
		return noACLs()
	case acl == "private" && len(body) == 0:
		return nil
	case acl != "":
		return notImplemented("the canned ACL %q", acl)
	}
	return notImplemented("access control lists in the request's body")
}

func (s *Service) getObjectACL(c *op.Call, in *objectInput) (*aclOutput, error) {
	o, err := s.readable(c, in)
	if err != nil {
		return nil, err
	}
	return &aclOutput{VersionID: s.shownVersion(o), Body: objectACL(s.buckets.Get(in.Bucket), o)}, nil
}

// objectACL is an object's list. Where ACLs are disabled it gives the bucket's owner all.
//
// Source: S3 User Guide acl-overview, "Canned ACL"; about-object-ownership.
func objectACL(b *Bucket, o *Object) accessControl {
	list := ownerOnly(b.owner(o))
	if b.owner(o) == b.Account {
		return list
	}
	who := ownerOf(b.Account)
	to := grantee{XSI: xsi, Type: "CanonicalUser", ID: who.ID, DisplayName: who.DisplayName}
	switch o.ACL {
	case fullControl:
		list.Grants = append(list.Grants, grant{to, "FULL_CONTROL"})
	case ownerReads:
		list.Grants = append(list.Grants, grant{to, "READ"})
	}
	return list
}

func (s *Service) putObjectACL(c *op.Call, in *putObjectACLInput) (*nothing, error) {
	old, err := s.changeable(c, &in.objectInput)
	if err != nil {
		return nil, err
	}
	b := s.buckets.Get(in.Bucket)
	switch {
	case b.Ownership == ownerEnforced:
		return nil, noACLs()
	case in.ACL == "" && len(in.Body) == 0:
		return nil, op.Errorf(400, "MissingSecurityHeader", "Your request was missing a required header.")
	case in.ACL == "" || len(in.Body) > 0:
		return nil, notImplemented("access control lists in the request's body")
	case !objectACLs[in.ACL]:
		return nil, notImplemented("the canned ACL %q", in.ACL)
	}
	o := *old
	o.ACL = canned(in.ACL)
	s.objects.Put(o.storeKey(), &o)
	return &nothing{}, nil
}
