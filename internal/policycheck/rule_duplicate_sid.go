package policycheck

import "github.com/strongroom-dev/strongroom/policy"

var duplicateSid = &Rule{
	ID: "duplicate-sid", Severity: Error,
	Summary: "two statements with one Sid",
	Why:     "IAM refuses the policy; elsewhere a merge of policies replaces the one statement by the other",
	Fix:     "give every statement its own Sid",
	Page:    "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_sid.html",
	Wrong:   `{"Version": "2012-10-17", "Statement": [{"Sid": "Read", "Effect": "Allow", "Action": "s3:ListAllMyBuckets", "Resource": "*"}, {"Sid": "Read", "Effect": "Allow", "Action": "sns:ListTopics", "Resource": "*"}]}`,
	Right:   `{"Version": "2012-10-17", "Statement": [{"Sid": "Buckets", "Effect": "Allow", "Action": "s3:ListAllMyBuckets", "Resource": "*"}, {"Sid": "Topics", "Effect": "Allow", "Action": "sns:ListTopics", "Resource": "*"}]}`,
	check: func(p *pass) {
		seen := map[string]int{}
		for _, s := range p.stmts {
			if s.sid == nil || !s.sid.known() || s.sid.text == "" {
				continue
			}
			first, dup := seen[s.sid.text]
			if !dup {
				seen[s.sid.text] = s.index
				continue
			}
			f := p.report(s.sid, "Sid %q is used by Statement[%d] already", shown(s.sid.text), first)
			switch p.kind {
			case policy.Identity, policy.Boundary, policy.Session, policy.Trust:
			default:
				// That other services refuse it is documented of some only.
				f.as(Warning)
			}
		}
	},
}
