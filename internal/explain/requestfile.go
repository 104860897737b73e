package explain

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/strongroom-dev/strongroom/internal/diag"
	"github.com/strongroom-dev/strongroom/policy"
	"github.com/strongroom-dev/strongroom/policy/policytest"
)

// fileRequest is the schema of a request file.
type fileRequest struct {
	// Principal is an ARN, a service's name, or "anonymous".
	Principal       string                          `json:"principal"`
	Action          string                          `json:"action"`
	Resource        string                          `json:"resource"`
	ResourceAccount string                          `json:"resource_account"`
	Context         map[string]policytest.KeyValues `json:"context"`
	// ContextComplete: the request carries no key that is not in Context.
	ContextComplete bool     `json:"context_is_complete"`
	Absent          []string `json:"absent"`
}

// ReadRequest reads a request file: the schema of the documentation of "policy
// explain", or one case of the policy-case format, which brings its policies
// along; they are nil for the former. name is for messages.
func ReadRequest(name string, data []byte) (*Question, *Policies, error) {
	fail := func(err error) error {
		return &diag.Diagnostic{
			Rule: "explain-request", Summary: "the request cannot be read: " + err.Error(), At: diag.Location{File: name},
			Fix: `write {"principal": ARN, "action": "s3:GetObject", "resource": ARN, "context": {"KEY": "VALUE"}}, or give one policy case`, Err: err,
		}
	}
	data = bytes.TrimSpace(data)
	if err := checkJSON(data); err != nil {
		return nil, nil, fail(err)
	}
	var members map[string]json.RawMessage
	if err := json.Unmarshal(data, &members); err != nil {
		return nil, nil, fail(errors.New("it is not a JSON object"))
	}
	if _, ok := members["request"]; ok {
		q, p, err := readCase(name, data)
		if err != nil {
			return nil, nil, fail(err)
		}
		return q, p, nil
	}
	var r fileRequest
	if err := strict(data, &r); err != nil {
		return nil, nil, fail(err)
	}
	q := &Question{From: "the request file " + name, Action: r.Action, Resource: r.Resource, ResourceAccount: r.ResourceAccount, Complete: r.ContextComplete}
	if r.Principal != "" {
		p, err := ParseCaller(r.Principal, r.Action)
		if err != nil {
			return nil, nil, fail(err)
		}
		q.Principal = p
	}
	if r.ResourceAccount != "" && !isAccount(r.ResourceAccount) {
		return nil, nil, fail(fmt.Errorf("resource_account %q is not 12 digits", r.ResourceAccount))
	}
	for _, key := range slices.Sorted(maps.Keys(r.Context)) {
		if q.Context.Has(key) {
			return nil, nil, fail(fmt.Errorf("context key %s is given twice (names compare without case)", key))
		}
		if v := r.Context[key]; v.Multi {
			q.Context.SetMulti(key, v.Values...)
		} else {
			q.Context.Set(key, v.Values[0])
		}
	}
	for _, key := range r.Absent {
		if q.Context.Has(key) {
			return nil, nil, fail(fmt.Errorf("%s is both in context and in absent", key))
		}
		q.absent(key, "the request file says so")
	}
	return q, nil, nil
}

// readCase reads one policy case. Its context is exactly as given.
func readCase(name string, data []byte) (*Question, *Policies, error) {
	var line bytes.Buffer
	if err := json.Compact(&line, data); err != nil {
		return nil, nil, err
	}
	cases, bad, err := policytest.Read(name, &line)
	if err != nil {
		return nil, nil, err
	}
	if len(bad) > 0 {
		return nil, nil, bad[0].Err
	}
	if len(cases) != 1 {
		return nil, nil, fmt.Errorf("it has %d cases, want one", len(cases))
	}
	set, r, err := policytest.Build(&cases[0])
	if err != nil {
		return nil, nil, err
	}
	q := &Question{
		From: "case " + cases[0].ID + " of " + name, Principal: r.Principal, Action: r.Action, Resource: r.Resource,
		ResourceAccount: r.ResourceAccount, Complete: true, WildcardOnly: r.WildcardOnly, Pattern: r.Pattern, RestrictPublic: r.RestrictPublic,
		exact: true,
	}
	q.Context = *r.Context
	p := &Policies{Set: *set}
	for _, l := range p.layers() {
		for _, one := range l.policies {
			p.Read = append(p.Read, Source{l.typ, one.Name()})
		}
	}
	if len(p.Read) == 0 {
		// A case without policies has an answer all the same.
		p.Read = append(p.Read, Source{policy.ReasonIdentity, "(the case has no policies)"})
	}
	return q, p, nil
}

// ParseContext reads KEY=VALUE, KEY=a,b (several values), KEY:=JSON, and
// KEY:=null for a key that the request does not carry.
func (q *Question) ParseContext(arg string) error {
	key, value, ok := strings.Cut(arg, "=")
	key, isJSON := strings.CutSuffix(key, ":")
	if !ok || key == "" {
		return fmt.Errorf("%q is not KEY=VALUE or KEY:=JSON", arg)
	}
	if _, absent := q.Absent[strings.ToLower(key)]; absent && !isJSON || q.told[strings.ToLower(key)] {
		return fmt.Errorf("%s is given twice", key)
	}
	if q.told == nil {
		q.told = map[string]bool{}
	}
	q.told[strings.ToLower(key)] = true
	delete(q.Choices, strings.ToLower(key))
	if !isJSON {
		if strings.Contains(value, ",") {
			q.Context.SetMulti(key, strings.Split(value, ",")...)
		} else {
			q.Context.Set(key, value)
		}
		return nil
	}
	if strings.TrimSpace(value) == "null" {
		q.drop(key)
		q.absent(key, "as given")
		return nil
	}
	var v policytest.KeyValues
	if err := checkJSON([]byte(value)); err != nil {
		return fmt.Errorf("%s: %w", key, err)
	}
	if err := json.Unmarshal([]byte(value), &v); err != nil {
		return fmt.Errorf(`%s: want "text", ["a", "b"] or null`, key)
	}
	if v.Multi {
		q.Context.SetMulti(key, v.Values...)
	} else {
		q.Context.Set(key, v.Values[0])
	}
	return nil
}

// drop takes a key out of the context.
func (q *Question) drop(key string) {
	if !q.Context.Has(key) {
		return
	}
	old := copyContext(&q.Context)
	q.Context.Reset()
	for _, name := range old.Keys() {
		if strings.EqualFold(name, key) {
			continue
		}
		values, multi := old.Get(name)
		if multi {
			q.Context.SetMulti(name, values...)
		} else {
			q.Context.Set(name, values[0])
		}
	}
}
