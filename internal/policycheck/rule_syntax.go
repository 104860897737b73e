package policycheck

import (
	"errors"
	"slices"

	"github.com/strongroom-dev/strongroom/policy"
)

var syntaxRule = &Rule{
	ID: "syntax", Severity: Error,
	Summary: "the text is not a policy of its kind",
	Why:     "AWS refuses to store it, at the end of a plan that looked fine",
	Fix:     "write what the grammar of policies has in this place",
	Page:    "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html",
	Wrong:   `{"Version": "2012-10-17", "Statement": [{"Effect": "allow", "Action": "s3:ListAllMyBuckets", "Resource": "*"}]}`,
	Right:   `{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:ListAllMyBuckets", "Resource": "*"}]}`,
	check:   checkSyntax,
}

// grammar are the rules that name what the engine would refuse too.
var grammar = []string{"unknown-element", "unknown-operator", "condition-value", "duplicate-sid", "not-principal-allow"}

// checkSyntax asks the engine, which understands a policy in full or refuses it
// at its first fault. Where a rule with a name of its own has found a fault
// already, that one is enough. It runs after all other rules.
func checkSyntax(p *pass) {
	if p.open && len(p.stmts) == 0 {
		return
	}
	for _, f := range *p.out {
		if f.Severity == Error && slices.Contains(grammar, f.Rule.ID) {
			return
		}
	}
	r := &render{kind: p.kind, attached: p.ofRepository()}
	r.put(p.root, "")
	_, err := policy.Parse("", []byte(r.String()), p.kind)
	var s *policy.SyntaxError
	if !errors.As(err, &s) {
		return
	}
	n, made := r.at(s.Column)
	if made {
		return
	}
	if n == nil {
		n = p.root
	}
	f := p.report(n, "%s", s.Msg)
	f.Path = s.Path
	if s.Fix != "" {
		f.Fix = s.Fix
	}
}
