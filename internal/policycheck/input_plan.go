package policycheck

import (
	"encoding/json"
	"fmt"
	"slices"

	tfjson "github.com/hashicorp/terraform-json"

	"github.com/strongroom-dev/strongroom/internal/diag"
	"github.com/strongroom-dev/strongroom/policy"
)

// plan checks the policies in the planned values of `tofu show -json PLAN`, or
// in the values of a state. Their place is the address of the resource.
func (r *runner) plan(name string, data []byte) {
	at := diag.Location{File: name}
	var p tfjson.Plan
	if err := json.Unmarshal(data, &p); err != nil {
		r.unreadable(at, "make it with: tofu show -json PLAN", "it is no plan that can be read: %v", err)
		return
	}
	values := p.PlannedValues
	if values == nil {
		var s tfjson.State
		if err := json.Unmarshal(data, &s); err != nil {
			r.unreadable(at, "make it with: tofu show -json PLAN", "it is no plan and no state that can be read: %v", err)
			return
		}
		values = s.Values
	}
	unknown := map[string]map[string]any{}
	for _, c := range p.ResourceChanges {
		if c != nil && c.Change != nil {
			if m, ok := c.Change.AfterUnknown.(map[string]any); ok {
				unknown[c.Address] = m
			}
		}
	}
	if values != nil {
		r.planModule(name, values.RootModule, unknown)
	}
}

func (r *runner) planModule(name string, m *tfjson.StateModule, unknown map[string]map[string]any) {
	if m == nil {
		return
	}
	for _, res := range m.Resources {
		if res != nil && res.Mode == tfjson.ManagedResourceMode {
			r.planResource(name, res, unknown[res.Address])
		}
	}
	for _, child := range m.ChildModules {
		r.planModule(name, child, unknown)
	}
}

func (r *runner) planResource(name string, res *tfjson.StateResource, unknown map[string]any) {
	typ, _ := res.AttributeValues["type"].(string)
	attributes := slices.Clone(attributeNames)
	for a := range holders[res.Type] {
		if !slices.Contains(attributes, a) {
			attributes = append(attributes, a)
		}
	}
	slices.Sort(attributes)
	for _, a := range attributes {
		kind, known := heldKind(res.Type, a, typ)
		address := res.Address + "." + a
		if a == "inline_policy.policy" {
			blocks, _ := res.AttributeValues["inline_policy"].([]any)
			for i, b := range blocks {
				if block, ok := b.(map[string]any); ok {
					if text, ok := block["policy"].(string); ok && text != "" {
						r.planPolicy(name, fmt.Sprintf("%s.inline_policy[%d].policy", res.Address, i), res.Type, text, kind, true)
					}
				}
			}
			continue
		}
		text, ok := res.AttributeValues[a].(string)
		switch later, _ := unknown[a].(bool); {
		case ok && text != "":
			r.planPolicy(name, address, res.Type, text, kind, known)
		case later && known:
			r.report.Skipped = append(r.report.Skipped, Note{At: diag.Location{File: name}, Policy: address,
				Message: "the policy is known after apply only", Fix: "make its parts of what is known at plan time, or check it in the account"})
		}
	}
}

func (r *runner) planPolicy(name, address, resource, text string, kind policy.Kind, known bool) {
	at := diag.Location{File: name}
	doc, err := policy.ReadDocument(name, []byte(text))
	if err != nil {
		if known {
			r.malformed(err, at, address)
		}
		return
	}
	if !known && doc.Get("Statement") == nil {
		return
	}
	d := newDocument(fromElement(doc, false, func(int, int, int) diag.Location { return at }))
	d.address, d.resource, d.source = address, resource, []byte(text)
	if d.kind = kind; !known {
		d.guess()
	}
	r.check(d)
}
