package policytest

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
)

// Case is one question with its expected answer.
type Case struct {
	// File and Line say where the case was read; Line counts from 1.
	File string `json:"-"`
	Line int    `json:"-"`

	ID      string  `json:"id"`
	Request Request `json:"request"`
	// Policies are raw documents; an empty list means none of that type.
	IdentityPolicies []json.RawMessage   `json:"identityPolicies"`
	SCPs             [][]json.RawMessage `json:"scps"`
	RCPs             [][]json.RawMessage `json:"rcps"`
	// PermissionBoundary and SessionPolicy are null when there is none.
	PermissionBoundary  json.RawMessage   `json:"permissionBoundary"`
	SessionPolicy       json.RawMessage   `json:"sessionPolicy"`
	VPCEndpointPolicies []json.RawMessage `json:"vpcEndpointPolicies"`
	// Expected is the answer that AWS documents.
	Expected Answer   `json:"expected"`
	Tags     []string `json:"tags,omitempty"`
	// Deviations, when there are any, say why the case is reported apart and
	// not counted.
	Deviations []string `json:"deviations,omitempty"`
}

// Request is who asks for what.
type Request struct {
	Principal Principal            `json:"principal"`
	Action    string               `json:"action"`
	Resource  Resource             `json:"resource"`
	Context   map[string]KeyValues `json:"context"`
	// WildcardOnlyAction: the action has no resource types.
	WildcardOnlyAction bool `json:"wildcardOnlyAction,omitempty"`
	// S3BlockPublicAccess: RestrictPublicBuckets is on.
	S3BlockPublicAccess bool `json:"s3BlockPublicAccess,omitempty"`
}

// Resource is the target, with the policy attached to it; null: none.
type Resource struct {
	ARN       string          `json:"arn"`
	AccountID string          `json:"accountId"`
	Policy    json.RawMessage `json:"policy,omitempty"`
}

// Principal is an ARN, a service's name, or "" for an anonymous caller.
type Principal string

// UnmarshalJSON accepts a string or {"type": "Anonymous"}.
func (p *Principal) UnmarshalJSON(data []byte) error {
	var s string
	if json.Unmarshal(data, &s) == nil {
		if s == "" {
			return errors.New(`principal is empty; write {"type": "Anonymous"} for an unsigned request`)
		}
		*p = Principal(s)
		return nil
	}
	var o struct {
		Type string `json:"type"`
	}
	if err := strict(data, &o); err != nil {
		return fmt.Errorf("principal: %w", err)
	}
	if o.Type != "Anonymous" {
		return fmt.Errorf(`principal type %q, want "Anonymous" or a string`, o.Type)
	}
	*p = ""
	return nil
}

// MarshalJSON writes what UnmarshalJSON reads.
func (p Principal) MarshalJSON() ([]byte, error) {
	if p == "" {
		return []byte(`{"type":"Anonymous"}`), nil
	}
	return json.Marshal(string(p))
}

// KeyValues are the values of a condition key; Multi tells an array, which is a
// multivalued key even with one value or none, from a string.
type KeyValues struct {
	Values []string
	Multi  bool
}

// UnmarshalJSON accepts a string or an array of strings.
func (k *KeyValues) UnmarshalJSON(data []byte) error {
	var s string
	if json.Unmarshal(data, &s) == nil && !bytes.Equal(bytes.TrimSpace(data), []byte("null")) {
		*k = KeyValues{Values: []string{s}}
		return nil
	}
	var list []string
	if err := json.Unmarshal(data, &list); err != nil || list == nil {
		return fmt.Errorf("context value %s, want a string or an array of strings", bytes.TrimSpace(data))
	}
	*k = KeyValues{Values: list, Multi: true}
	return nil
}

// MarshalJSON writes what UnmarshalJSON reads.
func (k KeyValues) MarshalJSON() ([]byte, error) {
	if k.Multi {
		return json.Marshal(append([]string{}, k.Values...))
	}
	return json.Marshal(strings.Join(k.Values, ""))
}

// Answer is an expected decision.
type Answer string

// The three answers, in the words of the format.
const (
	Allowed          Answer = "Allowed"
	ExplicitlyDenied Answer = "ExplicitlyDenied"
	ImplicitlyDenied Answer = "ImplicitlyDenied"
)

// UnmarshalJSON refuses any other word.
func (a *Answer) UnmarshalJSON(data []byte) error {
	var s string
	if err := json.Unmarshal(data, &s); err != nil {
		return err
	}
	switch Answer(s) {
	case Allowed, ExplicitlyDenied, ImplicitlyDenied:
		*a = Answer(s)
		return nil
	}
	return fmt.Errorf("expected %q, want Allowed, ExplicitlyDenied or ImplicitlyDenied", s)
}

// maxLine bounds a case: policies have size limits far below it.
const maxLine = 16 << 20

// LineError is a line that is not a case.
type LineError struct {
	File string
	Line int
	Err  error
}

func (e *LineError) Error() string { return fmt.Sprintf("%s:%d: %v", e.File, e.Line, e.Err) }
func (e *LineError) Unwrap() error { return e.Err }

// Read returns the cases of one file; name is for messages. Lines that are not
// cases come back as bad, the others are still returned. err is an I/O error.
// Empty lines are passed over.
func Read(name string, r io.Reader) (cases []Case, bad []*LineError, err error) {
	s := bufio.NewScanner(r)
	s.Buffer(make([]byte, 0, 64<<10), maxLine)
	line := 0
	for s.Scan() {
		line++
		text := bytes.TrimSpace(s.Bytes())
		if len(text) == 0 {
			continue
		}
		c := Case{File: name, Line: line}
		if err := decodeCase(text, &c); err != nil {
			bad = append(bad, &LineError{name, line, err})
			continue
		}
		cases = append(cases, c)
	}
	if err := s.Err(); err != nil {
		return cases, bad, fmt.Errorf("%s:%d: %w", name, line+1, err)
	}
	return cases, bad, nil
}

func decodeCase(text []byte, c *Case) error {
	if err := strict(text, c); err != nil {
		return err
	}
	switch {
	case c.ID == "":
		return errors.New(`the case has no "id"`)
	case c.Request.Action == "":
		return fmt.Errorf("case %s: request has no action", c.ID)
	case c.Request.Resource.ARN == "":
		return fmt.Errorf("case %s: request.resource has no arn", c.ID)
	case c.Expected == "":
		return fmt.Errorf(`case %s: it has no "expected"`, c.ID)
	}
	var presence struct {
		Request map[string]json.RawMessage `json:"request"`
	}
	if err := json.Unmarshal(text, &presence); err != nil {
		return err
	}
	if _, ok := presence.Request["principal"]; !ok {
		return fmt.Errorf(`case %s: request has no principal; write {"type": "Anonymous"} for an unsigned request`, c.ID)
	}
	return nil
}

// strict decodes one JSON value and refuses unknown fields and trailing text.
func strict(data []byte, v any) error {
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		return errors.New(strings.TrimPrefix(err.Error(), "json: "))
	}
	if _, err := d.Token(); err != io.EOF {
		return errors.New("text after the end of the value")
	}
	return nil
}
