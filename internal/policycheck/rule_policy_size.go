package policycheck

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/strongroom-dev/strongroom/policy"
)

var policySize = &Rule{
	ID: "policy-size", Severity: Error,
	Summary: "a policy that is larger than AWS stores",
	Why:     "AWS refuses it, at the end of a plan that looked fine",
	Fix:     "join actions by wildcards, or split the policy",
	Page:    "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html",
	Kind:    kindTrust,
	Wrong:   `{"Version": "2012-10-17", "Statement": [` + strings.Repeat(`{"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::111122223333:role/deployer"}, "Action": "sts:AssumeRole"}, `, 49) + `{"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::111122223333:role/deployer"}, "Action": "sts:AssumeRole"}]}`,
	Right:   `{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::111122223333:role/deployer"}, "Action": "sts:AssumeRole"}]}`,
	check: func(p *pass) {
		size, spaceless, ok := p.sizes()
		if !ok {
			return
		}
		q := quotaOf(p.kind, p.resource)
		if q.spaceless {
			size = spaceless
		}
		switch {
		case q.most > 0 && size > q.most:
			p.report(p.root, "the policy has %d %s; %s takes %d", size, q.unit(), q.what, q.most)
		case q.usual > 0 && size > q.usual:
			p.report(p.root, "the policy has %d %s; %s takes %d%s", size, q.unit(), q.usually, q.usual, q.unless).as(Warning)
		}
	},
}

// quota is how large a policy may be.
type quota struct {
	what string
	// most characters or bytes; zero: not known.
	most int
	// usual is what applies unless something is different.
	usual           int
	usually, unless string
	// spaceless: white space does not count.
	spaceless bool
	bytes     bool
}

func (q quota) unit() string {
	switch {
	case q.bytes:
		return "bytes"
	case q.spaceless:
		return "characters without white space"
	}
	return "characters"
}

// quotaOf gives the quota of a policy; resource is as in document.
//
// Source: IAM User Guide, reference_iam-quotas (managed, inline, trust, session);
// Organizations User Guide, orgs_reference_limits; S3 User Guide, bucket-policies;
// KMS Developer Guide, resource-limits; VPC User Guide, vpc-endpoints-access. The
// inline quotas are for all inline policies of an identity together.
func quotaOf(kind policy.Kind, resource string) quota {
	switch resource {
	case "aws_iam_policy":
		return quota{what: "a managed policy", most: 6144, spaceless: true}
	case "aws_iam_user_policy":
		return quota{what: "a user", most: 2048, spaceless: true}
	case "aws_iam_group_policy":
		return quota{what: "a group", most: 5120, spaceless: true}
	case "aws_iam_role_policy", "aws_iam_role":
		if kind == policy.Identity {
			return quota{what: "a role", most: 10240, spaceless: true}
		}
	case "aws_s3_bucket_policy", "aws_s3_bucket":
		return quota{what: "a bucket", most: 20 << 10, bytes: true}
	}
	switch kind {
	case policy.Identity:
		return quota{what: "a role, which takes most,", most: 10240, usual: 6144, usually: "a managed policy", unless: ", and only the inline policies of a role more", spaceless: true}
	case policy.Boundary:
		return quota{what: "a managed policy", most: 6144, spaceless: true}
	case policy.Trust:
		return quota{what: "a role", most: 4096, usual: 2048, usually: "a role", unless: " unless the account's quota was raised", spaceless: true}
	case policy.Session:
		return quota{what: "a session", most: 2048}
	case policy.SCP:
		// Newer accounts of the quota name 10,240; the page read here 5,120.
		return quota{what: "an organization", most: 10240, usual: 5120, usually: "an organization", unless: " by its documented quota"}
	case policy.RCP:
		return quota{what: "an organization", most: 5120}
	case policy.Key:
		return quota{what: "a key", most: 32 << 10, bytes: true}
	case policy.Endpoint:
		return quota{what: "an endpoint", most: 20480, spaceless: true}
	}
	return quota{}
}

// sizes counts the text, with and without white space. ok is false if the text
// is not known whole.
func (d *document) sizes() (size, spaceless int, ok bool) {
	text := d.source
	if text == nil {
		if !d.root.whole() {
			return 0, 0, false
		}
		r := &render{}
		r.put(d.root, "")
		text = []byte(r.String())
	}
	bytesCount := d.kind == policy.Key || d.resource == "aws_s3_bucket_policy" || d.resource == "aws_s3_bucket"
	for len(text) > 0 {
		c, n := utf8.DecodeRune(text)
		text = text[n:]
		if bytesCount {
			size += n
		} else {
			size++
		}
		if !unicode.IsSpace(c) {
			spaceless++
		}
	}
	return size, spaceless, true
}
