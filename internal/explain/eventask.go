package explain

import (
	"fmt"
	"strings"

	"github.com/strongroom-dev/strongroom/internal/serviceref"
	"github.com/strongroom-dev/strongroom/policy"
)

// questions are what an event asked for.
func (r *record) questions(from string) ([]*Question, error) {
	principal, err := r.caller()
	if err != nil {
		return nil, err
	}
	said := &Question{}
	spoken := r.refused() && r.ErrorMessage != "" && parseMessage(said, r.ErrorMessage)
	asks := actionsOf(r.EventSource, r.EventName, r.RequestParameters)
	if spoken && said.Action != "" {
		// AWS's own words settle which of the actions was refused.
		asks = keepAsk(asks, said.Action)
	}
	if len(asks) == 0 {
		return nil, fmt.Errorf("which action %s of %s asks for is not known; ask with --principal, --action and --resource instead", clipBytes(r.EventName), clipBytes(r.EventSource))
	}
	var list []*Question
	for _, a := range asks {
		q := &Question{From: from, Principal: principal, Action: a.action}
		if spoken && strings.EqualFold(said.Action, a.action) && said.Resource != "" {
			q.Resource = said.Resource
		} else {
			q.Resource = r.resource(a, q)
		}
		r.owner(q)
		r.context(q)
		r.outcome(q, said, spoken)
		if len(asks) > 1 && q.Outcome != nil && !q.Outcome.Allowed {
			q.Outcome = nil
			q.note("AWS refused one of the actions that the request asks for, and does not say which")
		}
		list = append(list, q)
	}
	return list, nil
}

// keepAsk keeps the ask for the action that AWS named, or makes one of it.
func keepAsk(asks []ask, action string) []ask {
	for _, a := range asks {
		if strings.EqualFold(a.action, action) {
			return []ask{a}
		}
	}
	return []ask{{action: action}}
}

// caller reads who asked.
func (r *record) caller() (*policy.Principal, error) {
	u := &r.UserIdentity
	switch u.Type {
	case "IAMUser", "Root", "AssumedRole", "FederatedUser", "Role":
		if u.ARN == "" {
			return nil, fmt.Errorf("its userIdentity has the type %s and no arn", u.Type)
		}
		p, err := policy.ParsePrincipal(u.ARN)
		if err != nil {
			return nil, fmt.Errorf("its caller: %w", err)
		}
		id, _, _ := strings.Cut(u.PrincipalID, ":")
		if strings.HasPrefix(id, "AIDA") || strings.HasPrefix(id, "AROA") {
			p.ID = id
		}
		if s := u.SessionContext; s != nil && p.Type == policy.AssumedRole && s.SessionIssuer.Type == "Role" {
			p.RoleARN = s.SessionIssuer.ARN
			p.ServiceLinked = strings.Contains(p.RoleARN, ":role/aws-service-role/")
		}
		if s := u.SessionContext; s != nil && p.Type == policy.FederatedUser && s.SessionIssuer.Type == "IAMUser" {
			p.UserARN = s.SessionIssuer.ARN
		}
		return &p, nil
	case "WebIdentityUser", "SAMLUser":
		provider := u.IdentityProvider
		if provider == "" {
			return nil, fmt.Errorf("its userIdentity has the type %s and no identityProvider", u.Type)
		}
		p := &policy.Principal{Type: policy.WebIdentity, ARN: provider}
		if parts := strings.SplitN(provider, ":", 6); len(parts) == 6 {
			p.Account = parts[4]
		}
		return p, nil
	case "AWSService":
		if u.InvokedBy == "" {
			return nil, fmt.Errorf("its userIdentity is a service that it does not name")
		}
		p, err := policy.ParsePrincipal(u.InvokedBy)
		if err != nil {
			return nil, fmt.Errorf("its caller: %w", err)
		}
		return &p, nil
	case "AWSAccount":
		if strings.EqualFold(u.AccountID, "anonymous_principal") || strings.EqualFold(u.AccountID, "anonymous") {
			return &policy.Principal{Type: policy.Anonymous}, nil
		}
		if u.ARN == "" {
			// Source: CloudTrail User Guide, userIdentity element: another account's
			// request shows no more than account and principal ID.
			return nil, fmt.Errorf("its caller is of account %s, and the record does not name it: ask with --principal, --action and --resource instead", clipBytes(u.AccountID))
		}
		p, err := policy.ParsePrincipal(u.ARN)
		return &p, err
	}
	return nil, fmt.Errorf("its userIdentity has the type %.40q, which is no caller that policies know", u.Type)
}

// owner finds out which account the resource is in.
func (r *record) owner(q *Question) {
	if parts := strings.SplitN(q.Resource, ":", 6); len(parts) == 6 && isAccount(parts[4]) {
		q.ResourceAccount = parts[4]
		return
	}
	for _, res := range r.Resources {
		if isAccount(res.AccountID) && (res.ARN == q.Resource || strings.HasPrefix(q.Resource, res.ARN+"/")) {
			q.ResourceAccount = res.AccountID
			return
		}
	}
	if q.Resource == "*" {
		q.ResourceAccount = q.Principal.Account
		return
	}
	q.AnyOwner = true
	q.gap("aws:ResourceAccount", "the record does not tell which account owns "+q.Resource)
}

// resource works out what an ask is about; empty: the record does not tell.
func (r *record) resource(a ask, q *Question) string {
	prefix, name, _ := strings.Cut(a.action, ":")
	s, ok := serviceref.Lookup(prefix)
	if !ok {
		return ""
	}
	action, ok := s.Action(name)
	if !ok {
		return ""
	}
	if action.WildcardOnly() {
		return "*"
	}
	switch prefix {
	case "s3":
		return r.s3Resource(a, action)
	case "sts":
		if v := r.param("roleArn"); v != "" {
			return v
		}
	case "kms":
		if v := r.keyARN(a); v != "" {
			return v
		}
	}
	for _, res := range r.Resources {
		if takes(s, action, res.ARN) {
			return res.ARN
		}
	}
	for _, v := range r.RequestParameters {
		if text, ok := v.(string); ok && strings.HasPrefix(text, "arn:") && takes(s, action, text) {
			return text
		}
	}
	return r.filled(s, action, q)
}

// takes reports whether an action is about an ARN.
func takes(s *serviceref.Service, action *serviceref.Action, arn string) bool {
	for _, res := range action.Resources {
		typ, ok := s.Resource(res.Type)
		if !ok {
			continue
		}
		for _, form := range typ.ARNs {
			if fitsARN(form, arn) {
				return true
			}
		}
	}
	return false
}

// filled fills the form of an ARN with parameters of the same names; empty: one
// of them is missing. The ARN of an IAM entity has a path, which records do not
// tell, so that it is not made up here.
func (r *record) filled(s *serviceref.Service, action *serviceref.Action, q *Question) string {
	if s.Prefix == "iam" {
		return ""
	}
	for _, res := range action.Resources {
		typ, ok := s.Resource(res.Type)
		if !ok {
			continue
		}
		for _, form := range typ.ARNs {
			if arn, from := r.fill(form); arn != "" {
				q.note("the resource is worked out from %s", from)
				return arn
			}
		}
	}
	return ""
}

func (r *record) fill(form string) (arn, from string) {
	var b strings.Builder
	for {
		head, rest, ok := strings.Cut(form, "${")
		b.WriteString(head)
		if !ok {
			return b.String(), from
		}
		name, tail, ok := strings.Cut(rest, "}")
		if !ok {
			return "", ""
		}
		form = tail
		value := map[string]string{"partition": partition(r.AWSRegion), "region": r.AWSRegion, "account": r.RecipientAccountID}[strings.ToLower(name)]
		if value == "" {
			for key, v := range r.RequestParameters {
				if text, ok := v.(string); ok && strings.EqualFold(key, name) && !strings.ContainsAny(text, ":*?") {
					value, from = text, key
				}
			}
		}
		if value == "" {
			return "", ""
		}
		b.WriteString(value)
	}
}

func partition(region string) string {
	switch {
	case strings.HasPrefix(region, "cn-"):
		return "aws-cn"
	case strings.HasPrefix(region, "us-gov-"):
		return "aws-us-gov"
	}
	return "aws"
}

// param is a text parameter of the request, by any of its names.
func (r *record) param(names ...string) string {
	for _, n := range names {
		if v, ok := r.RequestParameters[n].(string); ok && v != "" {
			return v
		}
	}
	return ""
}

func (r *record) s3Resource(a ask, action *serviceref.Action) string {
	bucket, key := r.param("bucketName", "bucket"), r.param("key")
	if a.source {
		source := strings.TrimPrefix(r.param("x-amz-copy-source", "copySource"), "/")
		source, _, _ = strings.Cut(source, "?")
		if source == "" {
			return ""
		}
		return "arn:" + partition(r.AWSRegion) + ":s3:::" + source
	}
	if bucket == "" || strings.HasPrefix(bucket, "arn:") {
		return ""
	}
	arn := "arn:" + partition(r.AWSRegion) + ":s3:::" + bucket
	object := false
	for _, res := range action.Resources {
		object = object || res.Type == "object"
	}
	if !object || a.bucket {
		return arn
	}
	if key == "" {
		return ""
	}
	return arn + "/" + key
}

// keyARN is the KMS key of a request. An alias does not tell the key; the
// resources of the record do.
func (r *record) keyARN(a ask) string {
	id := r.param("keyId", "targetKeyId")
	if strings.HasSuffix(a.action, ":ReEncryptFrom") {
		id = r.param("sourceKeyId")
	} else if strings.HasSuffix(a.action, ":ReEncryptTo") {
		id = r.param("destinationKeyId")
	}
	switch {
	case strings.HasPrefix(id, "arn:") && strings.Contains(id, ":key/"):
		return id
	case id != "" && !strings.Contains(id, "alias/") && !strings.HasPrefix(id, "arn:") && isAccount(r.RecipientAccountID):
		return "arn:" + partition(r.AWSRegion) + ":kms:" + r.AWSRegion + ":" + r.RecipientAccountID + ":key/" + id
	}
	return ""
}
