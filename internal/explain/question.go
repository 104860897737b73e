package explain

import (
	"fmt"
	"slices"
	"strings"

	"github.com/strongroom-dev/strongroom/internal/serviceref"
	"github.com/strongroom-dev/strongroom/policy"
)

// Question is one authorisation question and how much of it is known.
type Question struct {
	// From says where the question was read: "the flags", "event ID of FILE".
	From string
	// Principal asks. Nil: not known.
	Principal *policy.Principal
	// Action is "service:Name". Empty: not known.
	Action string
	// Resource is an ARN, or "*" for actions without resource types. Empty: not known.
	Resource string
	// ResourceAccount owns the resource. Empty: that of the ARN, or else the
	// caller's unless AnyOwner is set.
	ResourceAccount string
	// AnyOwner says that the owner is not known: both the caller's account and
	// another one are tried.
	AnyOwner bool

	// Context holds the condition keys whose value is known.
	Context policy.Context
	// Complete says that the request carries no other key. Otherwise a key that is
	// neither in Context nor in Absent is unknown.
	Complete bool
	// Absent are keys, in lower case, that the request is known not to carry, each
	// with the reason.
	Absent map[string]string
	// Choices are keys, in lower case, of which only the possible values are known;
	// AbsentChoice stands for a request without the key.
	Choices map[string][]string
	// Unknown are keys that a reader would expect to be told and is not, each with
	// the reason.
	Unknown []Gap

	// WildcardOnly, Pattern and RestrictPublic are those of policy.Request.
	WildcardOnly, Pattern, RestrictPublic bool
	// Outcome is what AWS answered; nil: it was not asked.
	Outcome *Outcome
	// Notes say how the question was read.
	Notes []string
	// Encoded is an encoded authorization message that tells more once it is
	// decoded. Empty: none.
	Encoded string

	// exact: nothing is to be filled in.
	exact bool
	// doubtful: AWS's reference knows no resources for the action, but the question
	// names one: the statements that match may be those for "*" only.
	doubtful bool
	// tagged: all tags of the caller are in Context.
	tagged bool
	// told are the keys that were given by hand, in lower case.
	told map[string]bool
}

// AbsentChoice stands for "not in the request" in Question.Choices.
const AbsentChoice = "\x00absent"

// Gap is something that the source of a question does not tell.
type Gap struct {
	// Key is the condition key.
	Key string `json:"key"`
	Why string `json:"why"`
}

// Outcome is what AWS answered to the request.
type Outcome struct {
	Allowed bool `json:"allowed"`
	// Reason is the type of policy that refused; ReasonNone: not told.
	Reason policy.Reason `json:"-"`
	// Explicit: by a Deny statement. False may also mean that it is not told.
	Explicit bool `json:"explicit_deny"`
	// Policy is the ARN of the policy that denied, or empty.
	Policy string `json:"policy_arn"`
	// Text is AWS's own answer.
	Text string `json:"text"`
}

// set gives a key a value, unless it is empty.
func (q *Question) set(key, value string) {
	if value != "" {
		q.Context.Set(key, value)
	}
}

func (q *Question) absent(key, why string) {
	if q.Absent == nil {
		q.Absent = map[string]string{}
	}
	q.Absent[strings.ToLower(key)] = why
}

func (q *Question) choose(key string, values ...string) {
	if q.Choices == nil {
		q.Choices = map[string][]string{}
	}
	q.Choices[strings.ToLower(key)] = values
}

func (q *Question) gap(key, why string) { q.Unknown = append(q.Unknown, Gap{key, why}) }

func (q *Question) note(format string, args ...any) {
	q.Notes = append(q.Notes, fmt.Sprintf(format, args...))
}

// known reports whether the request's value of a key, or its absence, is known.
func (q *Question) known(key string) bool {
	if q.Complete || q.Context.Has(key) {
		return true
	}
	_, absent := q.absence(key)
	return absent
}

// absence reports why a request is known not to carry a key.
func (q *Question) absence(key string) (why string, ok bool) {
	if q.Context.Has(key) {
		return "", false
	}
	low := strings.ToLower(key)
	if why, ok := q.Absent[low]; ok {
		return why, true
	}
	if _, ok := q.Choices[low]; ok {
		return "", false
	}
	if q.tagged && strings.HasPrefix(low, "aws:principaltag/") {
		return "the caller has no such tag", true
	}
	return "", false
}

// finish fills in what follows from the rest of the question.
func (q *Question) finish() {
	if q.exact {
		return
	}
	if parts := strings.SplitN(q.Resource, ":", 6); q.ResourceAccount == "" && len(parts) == 6 && isAccount(parts[4]) {
		q.ResourceAccount = parts[4]
	}
	if q.ResourceAccount != "" || q.Resource == "*" {
		q.AnyOwner = false
	}
	if s, a := q.reference(); s != nil && a != nil && a.WildcardOnly() {
		q.WildcardOnly = q.Resource == "*" || q.Resource == ""
		q.doubtful = !q.WildcardOnly
		if q.Resource == "" {
			q.Resource = "*"
		}
	}
	if q.Complete || q.Principal == nil {
		return
	}
	p := q.Principal
	fill := func(key, value string) {
		if !q.known(key) {
			q.set(key, value)
		}
	}
	if q.ResourceAccount != "" {
		fill("aws:ResourceAccount", q.ResourceAccount)
	}
	gone := func(why string, keys ...string) {
		for _, k := range keys {
			if !q.known(k) && q.Choices[strings.ToLower(k)] == nil {
				q.absent(k, why)
			}
		}
	}
	// Source: IAM User Guide, reference_policies_condition-keys, and
	// reference_policies_variables (table of principal key values).
	switch p.Type {
	case policy.Anonymous:
		fill("aws:PrincipalAccount", "anonymous")
		fill("aws:PrincipalType", "Anonymous")
		fill("aws:userid", "anonymous")
		gone("the request is not signed", "aws:PrincipalArn", "aws:username", "aws:PrincipalIsAWSService", "aws:MultiFactorAuthPresent", "aws:MultiFactorAuthAge", "aws:TokenIssueTime", "aws:SourceIdentity")
	case policy.Root:
		fill("aws:PrincipalType", "Account")
		fill("aws:userid", p.Account)
		fill("aws:PrincipalArn", p.ARN)
		gone("the caller is the root user", "aws:username")
	case policy.User:
		fill("aws:PrincipalType", "User")
		fill("aws:PrincipalArn", p.ARN)
		fill("aws:username", lastPart(p.ARN))
		fill("aws:userid", p.ID)
	case policy.AssumedRole:
		fill("aws:PrincipalType", "AssumedRole")
		fill("aws:PrincipalArn", p.RoleARN)
		if p.ID != "" && p.ARN != p.RoleARN {
			fill("aws:userid", p.ID+":"+lastPart(p.ARN))
		}
		gone("the caller is a role's session", "aws:username")
	case policy.FederatedUser:
		fill("aws:PrincipalType", "FederatedUser")
		fill("aws:PrincipalArn", p.ARN)
		fill("aws:userid", p.Account+":"+lastPart(p.ARN))
		gone("the caller is a federated user's session", "aws:username")
	}
	if isAccount(p.Account) && p.Type != policy.WebIdentity {
		fill("aws:PrincipalAccount", p.Account)
		fill("aws:PrincipalIsAWSService", "false")
	}
	if p.Type == policy.Service {
		fill("aws:PrincipalIsAWSService", "true")
	}
	if strings.HasPrefix(strings.ToLower(q.Action), "kms:") && isAccount(p.Account) {
		fill("kms:CallerAccount", p.Account)
	}
}

// reference looks the action up; nil where AWS's reference does not have it.
func (q *Question) reference() (*serviceref.Service, *serviceref.Action) {
	prefix, name, ok := strings.Cut(q.Action, ":")
	if !ok {
		return nil, nil
	}
	s, ok := serviceref.Lookup(strings.ToLower(prefix))
	if !ok {
		return nil, nil
	}
	a, ok := s.Action(name)
	if !ok {
		return s, nil
	}
	return s, a
}

// request is the question as the engine is asked it, in one way that the request
// may have been.
func (q *Question) request(w world) *policy.Request {
	return &policy.Request{
		Principal: q.Principal, Action: q.Action, Resource: q.Resource, ResourceAccount: w.owner, Context: w.ctx,
		WildcardOnly: w.wildcard, Pattern: q.Pattern, RestrictPublic: q.RestrictPublic,
	}
}

// ParseCaller reads who asks: an ARN, a service's name, or "anonymous".
func ParseCaller(text, action string) (*policy.Principal, error) {
	if strings.EqualFold(text, "anonymous") || text == "*" {
		return &policy.Principal{Type: policy.Anonymous}, nil
	}
	federates := strings.EqualFold(action, "sts:AssumeRoleWithWebIdentity") || strings.EqualFold(action, "sts:AssumeRoleWithSAML")
	if federates && !strings.HasPrefix(text, "arn:") {
		return &policy.Principal{Type: policy.WebIdentity, ARN: text}, nil
	}
	p, err := policy.ParsePrincipal(text)
	if err != nil {
		return nil, err
	}
	return &p, nil
}

func isAccount(s string) bool {
	return len(s) == 12 && !strings.ContainsFunc(s, func(r rune) bool { return r < '0' || r > '9' })
}

func lastPart(s string) string { return s[strings.LastIndexByte(s, '/')+1:] }

// copyContext copies a context, so that single keys of it can be tried out.
func copyContext(in *policy.Context) *policy.Context {
	out := &policy.Context{}
	for _, key := range in.Keys() {
		values, multi := in.Get(key)
		if multi {
			out.SetMulti(key, values...)
		} else if len(values) > 0 {
			out.Set(key, values[0])
		}
	}
	return out
}

// sortedFold sorts names without case.
func sortedFold(names []string) []string {
	slices.SortFunc(names, func(a, b string) int { return strings.Compare(strings.ToLower(a), strings.ToLower(b)) })
	return names
}

// multivalued reports that a request may carry several values of a key.
func multivalued(key string) bool {
	k, ok := serviceref.FindKey(key)
	return ok && k.Multi
}
