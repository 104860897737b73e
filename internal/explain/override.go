package explain

import (
	"fmt"
	"strings"
)

// Override is what a person adds to a question, or corrects in it.
type Override struct {
	// Principal, Action, Resource and Owner replace the question's, if not empty.
	Principal, Action, Resource, Owner string
	// Context are KEY=VALUE, KEY=a,b or KEY:=JSON; Absent are keys.
	Context, Absent []string
	// Complete says that there are no other keys.
	Complete bool
}

// Apply changes the question. The error names what is malformed.
func (o *Override) Apply(q *Question) error {
	if o.Action != "" {
		prefix, name, ok := strings.Cut(o.Action, ":")
		if !ok || prefix == "" || name == "" || strings.ContainsAny(o.Action, " *?") {
			return fmt.Errorf("--action %q is not SERVICE:ACTION", o.Action)
		}
		q.Action = o.Action
	}
	if o.Principal != "" {
		p, err := ParseCaller(o.Principal, q.Action)
		if err != nil {
			return fmt.Errorf("--principal: %w", err)
		}
		q.Principal = p
		for _, key := range []string{"aws:PrincipalArn", "aws:PrincipalAccount", "aws:PrincipalType", "aws:username", "aws:userid"} {
			q.drop(key)
		}
		callerKnown(q)
	}
	if o.Owner != "" {
		if !isAccount(o.Owner) {
			return fmt.Errorf("--resource-account %q is not 12 digits", o.Owner)
		}
		q.ResourceAccount = o.Owner
	}
	if o.Resource != "" {
		if o.Resource != "*" && !strings.HasPrefix(o.Resource, "arn:") {
			return fmt.Errorf("--resource %q is neither an ARN nor *", o.Resource)
		}
		q.Resource = o.Resource
		if o.Owner == "" {
			q.ResourceAccount = ""
		}
	}
	for _, arg := range o.Context {
		if err := q.ParseContext(arg); err != nil {
			return fmt.Errorf("--context %w", err)
		}
	}
	for _, key := range o.Absent {
		if q.told[strings.ToLower(key)] {
			return fmt.Errorf("--absent %s: --context gives it", key)
		}
		q.drop(key)
		q.absent(key, "as given")
	}
	q.Complete = q.Complete || o.Complete
	if o.Principal+o.Action+o.Resource+o.Owner != "" && q.From != "the flags" {
		q.From += " and the flags"
	}
	return nil
}
