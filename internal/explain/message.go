package explain

import (
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/strongroom-dev/strongroom/internal/diag"
	"github.com/strongroom-dev/strongroom/policy"
)

// ReadMessage reads AWS's own words: an access denied message in any of its
// documented forms, alone or inside what an SDK, the CLI or an engine printed
// around it; the JSON of a decoded authorization message; or the command's
// output that holds it.
//
// Source: IAM User Guide, "Troubleshoot access denied error messages"; S3 User
// Guide, "Troubleshoot access denied (403 Forbidden) errors in Amazon S3"; STS
// API_DecodeAuthorizationMessage.
func ReadMessage(text string) (*Question, error) {
	fail := func(format string, args ...any) error {
		return &diag.Diagnostic{
			Rule: "explain-message", Summary: "the message cannot be read: " + fmt.Sprintf(format, args...),
			Why: "what AWS refused, and to whom, is read from its own words",
			Fix: `paste it whole ("User: ARN is not authorized to perform: ACTION on resource: ARN because ..."), or describe the request with --principal, --action and --resource`,
		}
	}
	switch {
	case len(text) > maxValue:
		return nil, fail("it has %d bytes; at most %d are read", len(text), maxValue)
	case !utf8.ValidString(text):
		return nil, fail("it is not UTF-8 text")
	case strings.TrimSpace(text) == "":
		return nil, fail("it is empty")
	}
	if strings.HasPrefix(strings.TrimSpace(text), "{") {
		q, err := readDecoded([]byte(text))
		if err != nil {
			return nil, fail("%v", err)
		}
		return q, nil
	}
	q := &Question{From: "the message"}
	if !parseMessage(q, text) {
		return nil, fail("it is none of AWS's access denied messages")
	}
	if q.Principal == nil && q.Outcome.Text != "" {
		q.note("the message does not tell who asked")
	}
	return q, nil
}

var (
	spaces    = regexp.MustCompile(`\s+`)
	xmlText   = regexp.MustCompile(`(?is)<Message>(.*?)</Message>`)
	byClient  = regexp.MustCompile(`when calling the (\w+) operation`)
	byGo      = regexp.MustCompile(`operation error ([\w ]+?): (\w+),`)
	encoded   = regexp.MustCompile(`[Ee]ncoded authorization (?:failure )?message: ?([\w+/=-]+)`)
	notTo     = regexp.MustCompile(`(?i)not authorized to perform:? ?([a-z0-9-]+:[A-Za-z0-9*]+)`)
	userIs    = regexp.MustCompile(`(?:^|[\s:"'(])User: ?(\S+) is not authorized`)
	policyARN = regexp.MustCompile(`: (arn:[\w-]+:(?:iam|organizations|ec2)::?[^\s]*[^\s.])`)
	plain     = regexp.MustCompile(`(?i)\b(access ?denied|forbidden|unauthorizedoperation|not authorized|accessdeniedexception)\b`)
)

// parseMessage fills a question from a message; false: it is not one.
func parseMessage(q *Question, text string) bool {
	if m := xmlText.FindStringSubmatch(text); m != nil {
		text = html.UnescapeString(m[1])
	}
	text = strings.TrimSpace(spaces.ReplaceAllString(text, " "))
	if !plain.MatchString(text) {
		return false
	}
	o := &Outcome{Text: clip(core(text))}
	q.Outcome = o
	if m := encoded.FindStringSubmatch(text); m != nil {
		q.Encoded = m[1]
		o.Text = clip(strings.Replace(o.Text, m[1], "...", 1))
		q.note("the message holds an encoded authorization message, which tells the whole request: aws sts decode-authorization-message --encoded-message ..., and give its answer to --message")
	}
	service, name := "", ""
	if m := byGo.FindStringSubmatch(text); m != nil {
		service, name = strings.ToLower(strings.ReplaceAll(m[1], " ", "")), m[2]
	} else if m := byClient.FindStringSubmatch(text); m != nil {
		name = m[1]
	}
	m := notTo.FindStringSubmatchIndex(text)
	if m == nil {
		return plainDenial(q, service, name)
	}
	q.Action = canonicalAction(text[m[2]:m[3]])
	tail := text[m[3]:]
	if u := userIs.FindStringSubmatch(text); u != nil {
		who := strings.Trim(u[1], `"',`)
		p, err := ParseCaller(who, q.Action)
		if err != nil {
			q.note("the caller %.200q is none that this program knows", who)
		} else {
			q.Principal = p
			callerKnown(q)
		}
	}
	tail = resourceOf(q, tail)
	reasonOf(o, tail)
	if q.Principal == nil && strings.EqualFold(q.Action, "sts:AssumeRoleWithWebIdentity") {
		o.Reason = policy.ReasonTrust
		q.note("for a web identity the caller is the identity provider: --principal arn:aws:iam::ACCOUNT:oidc-provider/HOST")
	}
	if q.Resource != "" && strings.HasPrefix(q.Resource, "arn:") && !isAccount(strings.SplitN(q.Resource+":::::", ":", 6)[4]) {
		q.AnyOwner = true
	}
	q.gap("aws:SourceIp", "the message does not tell how the request was made")
	return true
}

// core is the message without what a client printed before it.
func core(text string) string {
	if i := strings.Index(text, "User: "); i > 0 {
		return text[i:]
	}
	for _, mark := range []string{" operation: ", "api error "} {
		if i := strings.Index(text, mark); i > 0 {
			return text[i+len(mark):]
		}
	}
	return text
}

func clip(text string) string {
	if len(text) <= 1000 {
		return text
	}
	cut := 1000
	for !utf8.RuneStart(text[cut]) {
		cut--
	}
	return text[:cut] + "..."
}

// resourceOf reads the resource, and returns what stands behind it.
func resourceOf(q *Question, tail string) string {
	const mark = " on resource: "
	i := strings.Index(tail, mark)
	if i < 0 {
		if strings.Contains(tail, " on the resource associated with this ciphertext") || strings.Contains(tail, " on this resource") {
			q.note("the message does not name the key: add --resource ARN")
		}
		return tail
	}
	rest := tail[i+len(mark):]
	if strings.HasPrefix(rest, `"`) {
		if end := strings.Index(rest[1:], `" `); end >= 0 {
			q.Resource = rest[1 : end+1]
			return rest[end+2:]
		}
		q.Resource = strings.TrimRight(strings.TrimPrefix(rest, `"`), `".`)
		return ""
	}
	end := len(rest)
	for _, stop := range []string{" because ", " with an explicit deny", " (Service:", " (service:", " Encoded authorization", ". Encoded authorization", ". Go to ", ", because ", " status code:", "; "} {
		if at := strings.Index(rest, stop); at >= 0 && at < end {
			end = at
		}
	}
	q.Resource = strings.TrimRight(rest[:end], ` .,'"`)
	if q.Resource == "arn:aws:s3:::" {
		q.Resource = "*"
	}
	return rest[end:]
}

// phrases are AWS's words for the types of policy.
var phrases = []struct {
	text   string
	reason policy.Reason
}{
	{"service control policy", policy.ReasonSCP},
	{"resource control policy", policy.ReasonRCP},
	{"vpc endpoint policy", policy.ReasonEndpoint},
	{"permissions boundary", policy.ReasonBoundary},
	{"session policy", policy.ReasonSession},
	{"sessions policy", policy.ReasonSession},
	{"role trust policy", policy.ReasonTrust},
	{"resource-based polic", policy.ReasonResource},
	{"identity-based policy", policy.ReasonIdentity},
	{"key policy", policy.ReasonKeyPolicy},
	{"block public access", policy.ReasonPublicAccess},
	{"blockpublicaccess", policy.ReasonPublicAccess},
	{"restrictpublicbuckets", policy.ReasonPublicAccess},
}

// reasonOf reads why it was refused.
func reasonOf(o *Outcome, tail string) {
	low := strings.ToLower(tail)
	if i := strings.Index(low, "explicit deny"); i >= 0 {
		o.Explicit = true
		low = low[i:]
		if m := policyARN.FindStringSubmatch(tail[i:]); m != nil {
			o.Policy = m[1]
		}
	} else if i := strings.Index(low, "because "); i >= 0 {
		low = low[i:]
	} else {
		return
	}
	// "in a VPC endpoint policy transitively through a service control policy": the
	// last one is the one to look at.
	at := -1
	for _, p := range phrases {
		if i := strings.LastIndex(low, p.text); i > at {
			o.Reason, at = p.reason, i
		}
	}
}

// plainDenial reads a message that says no more than that access is denied.
func plainDenial(q *Question, service, name string) bool {
	if name != "" {
		if service == "" && strings.Contains(strings.ToLower(q.Outcome.Text), "access denied") {
			service = "s3" // the service that says it in two words
		}
		if actions := actionsOf(service, name, nil); service != "" && len(actions) > 0 {
			q.Action = actions[0].action
			q.note("the action is that of the operation %s", name)
		}
	}
	if q.Action == "" {
		q.note("the message tells neither who asked nor for what: add --principal, --action and --resource. S3 says more to callers of the bucket's own account only")
	} else {
		q.note("the message tells neither who asked nor for which resource: add --principal and --resource")
	}
	return true
}

// canonicalAction writes the service prefix as policies do: SNS:Publish is
// sns:Publish.
func canonicalAction(a string) string {
	prefix, name, _ := strings.Cut(a, ":")
	return strings.ToLower(prefix) + ":" + name
}

// callerKnown adds what the caller's ARN alone does not settle.
func callerKnown(q *Question) {
	if p := q.Principal; p.Type == policy.AssumedRole && p.RoleARN == "" {
		q.gap("aws:PrincipalArn", "a session's ARN does not tell the path of its role")
	}
}

// decodedMessage is what DecodeAuthorizationMessage returns.
type decodedMessage struct {
	Allowed           *bool `json:"allowed"`
	ExplicitDeny      bool  `json:"explicitDeny"`
	MatchedStatements struct {
		Items []struct {
			StatementID      string `json:"statementId"`
			SID              string `json:"Sid"`
			SourcePolicyID   string `json:"sourcePolicyId"`
			SourcePolicyType string `json:"sourcePolicyType"`
		} `json:"items"`
	} `json:"matchedStatements"`
	Context struct {
		Principal struct {
			ID  string `json:"id"`
			ARN string `json:"arn"`
		} `json:"principal"`
		Action     string `json:"action"`
		Resource   string `json:"resource"`
		Conditions struct {
			Items []struct {
				Key    string `json:"key"`
				Values struct {
					Items []struct {
						Value string `json:"value"`
					} `json:"items"`
				} `json:"values"`
			} `json:"items"`
		} `json:"conditions"`
	} `json:"context"`
}

// readDecoded reads a decoded authorization message, or the AWS CLI's output
// around it.
func readDecoded(data []byte) (*Question, error) {
	if err := checkJSON(data); err != nil {
		return nil, err
	}
	var outer struct{ DecodedMessage string }
	if err := json.Unmarshal(data, &outer); err == nil && outer.DecodedMessage != "" {
		data = []byte(outer.DecodedMessage)
		if err := checkJSON(data); err != nil {
			return nil, err
		}
	}
	var m decodedMessage
	if err := json.Unmarshal(data, &m); err != nil {
		return nil, errors.New("it is JSON, but no decoded authorization message")
	}
	if m.Allowed == nil || m.Context.Action == "" {
		return nil, errors.New("it is JSON without the members allowed and context of a decoded authorization message")
	}
	q := &Question{From: "the decoded authorization message", Action: canonicalAction(m.Context.Action), Resource: m.Context.Resource}
	q.Outcome = &Outcome{Allowed: *m.Allowed, Explicit: m.ExplicitDeny}
	if m.Context.Principal.ARN != "" {
		p, err := ParseCaller(m.Context.Principal.ARN, q.Action)
		if err != nil {
			return nil, fmt.Errorf("the caller %.200q is none that this program knows", m.Context.Principal.ARN)
		}
		q.Principal = p
		id, _, _ := strings.Cut(m.Context.Principal.ID, ":")
		if strings.HasPrefix(id, "AIDA") || strings.HasPrefix(id, "AROA") {
			p.ID = id
		}
	}
	for _, c := range m.Context.Conditions.Items {
		var values []string
		for _, v := range c.Values.Items {
			values = append(values, v.Value)
		}
		q.carry(c.Key, values)
	}
	if v, _ := q.Context.Get("aws:PrincipalArn"); len(v) == 1 && q.Principal != nil && q.Principal.Type == policy.AssumedRole {
		q.Principal.RoleARN = v[0]
	}
	if v, _ := q.Context.Get("aws:ResourceAccount"); len(v) == 1 && isAccount(v[0]) {
		q.ResourceAccount = v[0]
	}
	for _, s := range m.MatchedStatements.Items {
		if id := s.SID + s.StatementID; id != "" {
			q.note("AWS names the statement %q%s", id, map[bool]string{true: " of " + s.SourcePolicyID}[s.SourcePolicyID != ""])
		}
	}
	q.AnyOwner = q.ResourceAccount == ""
	q.note("what the message does not list among its conditions is taken as not known")
	return q, nil
}
