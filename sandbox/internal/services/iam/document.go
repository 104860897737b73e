package iam

import (
	"errors"
	"fmt"
	"regexp"
	"slices"

	"github.com/strongroom-dev/strongroom/policy"
	"github.com/strongroom-dev/strongroom/sandbox/internal/op"
)

const (
	identityKind = policy.Identity
	trustKind    = policy.Trust
)

// Document is a policy document as it was given, with what the principals in
// it were resolved to, and its compiled form.
type Document struct {
	Text string
	// Bound maps the users and roles in Principal elements, as written, to the
	// unique IDs they had when the document was saved.
	Bound map[string]string `json:",omitempty"`

	compiled *policy.Policy
	// later compiles what is long and seldom used, once.
	later func() *policy.Policy
}

// Policy is the compiled document.
func (d *Document) Policy() *policy.Policy {
	if d.compiled == nil && d.later != nil {
		return d.later()
	}
	return d.compiled
}

// recompile restores the compiled form after a restart, bound to the IDs of
// the day the document was saved.
func (d *Document) recompile(name string, k policy.Kind) error {
	p, err := policy.Parse(name, []byte(d.Text), k)
	if err != nil {
		return err
	}
	if len(d.Bound) > 0 {
		p, err = p.ResolvePrincipals(func(principal string) (string, bool) {
			id, ok := d.Bound[principal]
			return id, ok
		})
		if err != nil {
			return err
		}
	}
	d.compiled = p
	return nil
}

// document compiles text, without principals.
func document(name, text string, k policy.Kind) (*Document, error) {
	p, err := policy.Parse(name, []byte(text), k)
	if err != nil {
		return nil, Malformed(err)
	}
	return &Document{Text: text, compiled: p}, nil
}

// trust compiles a role's trust policy and binds its principals to the unique
// IDs they have now.
// Source: IAM User Guide, reference_policies_elements_principal, "Role
// principals": the ARN is transformed to the unique principal ID when the
// policy is saved.
func (s *Service) trust(name, text string) (*Document, error) {
	d, err := document(name, text, trustKind)
	if err != nil {
		return nil, err
	}
	p, err := d.compiled.ResolvePrincipals(s.ResolvePrincipal)
	if err != nil {
		return nil, Malformed(err)
	}
	d.compiled, d.Bound = p, p.Bindings()
	return d, nil
}

// read returns the document as IAM shows it: the principal's ARN of today, or
// its unique ID when it is gone.
// Source: IAM User Guide, reference_policies_elements_principal: "the
// principal ID appears in the policy because IAM can no longer map it back to
// a valid ARN".
//
// An account that was written as its ID is shown as its root user's ARN; the
// page says that both mean the same.
// Observed: what GetRole returns for a trust policy with a bare account ID, which
// the Terraform provider's documentation of aws_iam_role and others describe.
func (s *Service) read(d *Document) string {
	doc, err := policy.ReadDocument("trust policy", []byte(d.Text))
	if err != nil {
		return d.Text // it was compiled once, so it can be read
	}
	principals := principalsOf(doc)
	text := d.Text
	for _, p := range slices.Backward(principals) { // so that the places before it stay
		now := p.Text
		if id, bound := d.Bound[p.Text]; bound {
			now = id
			if e := s.byID(id); e != nil {
				now = e.ARN()
			}
		} else if accountID.MatchString(p.Text) {
			now = "arn:aws:iam::" + p.Text + ":root"
		}
		if now != p.Text {
			text = text[:p.Start] + `"` + now + `"` + text[p.End:]
		}
	}
	return text
}

var accountID = regexp.MustCompile(`^[0-9]{12}$`)

// principalsOf are the AWS principals of a document, in its order.
func principalsOf(doc *policy.Element) (list []*policy.Element) {
	for _, statement := range each(doc.Get("Statement")) {
		for _, m := range statement.Members {
			if m.Name != "Principal" { // a trust policy has no NotPrincipal
				continue
			}
			for _, p := range each(m.Value.Get("AWS")) {
				if p.Kind == policy.ElementString {
					list = append(list, p)
				}
			}
		}
	}
	return list
}

// each is a list's items, or the one value that stands in a list's place.
func each(e *policy.Element) []*policy.Element {
	switch {
	case e == nil:
		return nil
	case e.Kind == policy.ElementList:
		return e.Items
	}
	return []*policy.Element{e}
}

// Malformed is the answer to a policy document that does not parse.
func Malformed(err error) error {
	var syntax *policy.SyntaxError
	if errors.As(err, &syntax) {
		fix := ""
		if syntax.Fix != "" {
			fix = "; " + syntax.Fix
		}
		return &op.Error{Status: 400, Code: "MalformedPolicyDocument", Err: err,
			Message: fmt.Sprintf("%s (line %d, column %d)%s", syntax.Msg, syntax.Line, syntax.Column, fix)}
	}
	var principal *policy.PrincipalError
	if errors.As(err, &principal) {
		return &op.Error{Status: 400, Code: "MalformedPolicyDocument", Err: err,
			Message: fmt.Sprintf(`Invalid principal in policy: "AWS":%q`, principal.Principal)}
	}
	return &op.Error{Status: 400, Code: "MalformedPolicyDocument", Message: err.Error(), Err: err}
}
