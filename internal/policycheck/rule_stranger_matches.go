package policycheck

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/strongroom-dev/strongroom/policy"
)

var strangerMatches = &Rule{
	ID: "stranger-matches", Severity: Error,
	Summary: "an Allow for everyone that no condition narrows",
	Why:     "Principal * is every AWS account and, where the service takes unsigned requests, everybody",
	Fix:     "name the principals, or narrow the statement by a condition on aws:PrincipalOrgID, aws:PrincipalArn, aws:SourceAccount or the like",
	Page:    "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html",
	Kind:    kindResource,
	Wrong:   `{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": "*", "Action": "s3:PutObject", "Resource": "arn:aws:s3:::bucket/*", "Condition": {"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/uploader"}}}]}`,
	Right:   `{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": "*", "Action": "s3:PutObject", "Resource": "arn:aws:s3:::bucket/*", "Condition": {"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::111122223333:role/uploader"}}}]}`,
	check: func(p *pass) {
		if p.kind != policy.Resource && p.kind != policy.Trust && p.kind != policy.Key {
			return // in the others * is everyone whom the policy binds
		}
		for _, s := range p.stmts {
			everyone := s.principal.everyone()
			if everyone == nil || !s.allows() || s.open || slices.ContainsFunc(s.conditions, func(c *condition) bool { return narrows(s, c) }) {
				continue
			}
			f := p.report(everyone, "the statement allows everyone, and no condition narrows it")
			f.Found = ""
			if p.guessed {
				f.Fix += fmt.Sprintf("; it was taken for %s: name another kind by --kind", p.kind)
			}
			if p.kind == policy.Resource && readsOnly(s) {
				// Public downloads exist on purpose.
				f.as(Warning)
			}
		}
	},
}

// narrowing are keys that tell a stranger's request from ours.
var narrowing = []string{
	"aws:principalorgid", "aws:principalorgpaths", "aws:principalaccount", "aws:principalarn", "aws:userid", "aws:username",
	"aws:sourceaccount", "aws:sourcearn", "aws:sourceowner", "aws:sourceorgid", "aws:sourceorgpaths", "aws:sourceip", "aws:sourcevpc", "aws:sourcevpce", "aws:sourcevpcarn",
	"aws:vpceaccount", "aws:vpceorgid", "aws:vpceorgpaths", "aws:principalisawsservice", "aws:principalservicename", "aws:principalservicenameslist",
	"aws:federatedprovider", "kms:calleraccount", "s3:dataaccesspointaccount", "s3:dataaccesspointarn",
}

// narrows reports a condition that keeps strangers out, or may, as its values
// are not known.
func narrows(s *statement, c *condition) bool {
	key := strings.ToLower(c.key.text)
	tag := strings.HasPrefix(key, "aws:principaltag/") || strings.HasPrefix(key, "saml:")
	if !slices.Contains(narrowing, key) && !tag && !isIssuerKey(key) {
		return false
	}
	missing := c.op.Missing() && !(c.op.Set == "ForAllValues" && !c.op.IfExists && guarded(s, c))
	if c.op.Negated || missing || c.op.Family == policy.FamilyNull {
		return false
	}
	texts, known := c.texts()
	if !known {
		return true
	}
	return len(texts) > 0 && !slices.ContainsFunc(texts, func(v string) bool { return admitsStrangers(c, key, v) })
}

func admitsStrangers(c *condition, key, v string) bool {
	if c.op.Family == policy.FamilyIP {
		n, err := netip.ParsePrefix(v)
		return err == nil && n.Bits() == 0
	}
	if !c.op.Like {
		return false
	}
	if strings.Trim(v, "*?") == "" {
		return true
	}
	// The account of an ARN is what a stranger cannot choose.
	if strings.HasSuffix(key, "arn") && strings.HasPrefix(v, "arn:") {
		parts := strings.SplitN(v, ":", 6)
		return len(parts) < 5 || strings.ContainsAny(parts[4], "*?") || parts[4] == "" && (len(parts) < 6 || strings.HasPrefix(parts[5], "*"))
	}
	return false
}

// readsOnly reports that every action of the statement only reads or lists.
func readsOnly(s *statement) bool {
	actions, all := actionsOf(s.action)
	if !all || len(actions) == 0 {
		return false
	}
	for _, a := range actions {
		if len(a.actions) == 0 {
			return false
		}
		for _, one := range a.actions {
			if one.Access != "Read" && one.Access != "List" {
				return false
			}
		}
	}
	return true
}
