package bootstrap

import (
	"context"
	"fmt"
	"strings"

	tfjson "github.com/hashicorp/terraform-json"

	"github.com/strongroom-dev/strongroom/internal/diag"
)

// adoptFile holds import blocks while there is something to adopt. It goes
// through the engine's own import, so that the plan shows it and a person
// confirms it.
const adoptFile = "strongroom_adopt.tf"

// wanted is one thing that a plan is to create, and that an account can hold
// only once, or that must not be made twice.
type wanted struct {
	address, kind string
	// name is what the account knows it by before it exists: a bucket's or a
	// role's name. Keys have none.
	name string
	// description and tags are as the plan wants them; tags with the provider's
	// default tags.
	description string
	tags        map[string]string
}

// intent is how the journal names it.
func (w wanted) intent() string { return strings.TrimSpace(w.kind + " " + w.name) }

// found is something in the account.
type found struct {
	// id is what the engine's import wants.
	id   string
	tags map[string]string
}

// kinds are the resource types to look for, with the attribute that names
// them. Others of the stack are settings of these, and writing a setting twice
// is the same as once. A type that is not here and already exists makes the
// apply fail, with nothing lost.
var kinds = map[string]string{
	"aws_s3_bucket":                   "bucket",
	"aws_kms_key":                     "",
	"aws_kms_alias":                   "name",
	"aws_iam_openid_connect_provider": "url",
	"aws_iam_role":                    "name",
	"aws_iam_policy":                  "name",
}

// creations returns what a plan is to create of these kinds, in its order, and
// the IDs of the keys that the state already knows.
func creations(plan *tfjson.Plan) (all []wanted, known map[string]bool) {
	known = map[string]bool{}
	for _, rc := range plan.ResourceChanges {
		attribute, ok := kinds[rc.Type]
		if !ok || rc.Mode != tfjson.ManagedResourceMode || rc.Change == nil {
			continue
		}
		if before, ok := rc.Change.Before.(map[string]any); ok {
			known[text(before["key_id"])] = true
		}
		after, ok := rc.Change.After.(map[string]any)
		if !ok || !rc.Change.Actions.Create() {
			continue
		}
		w := wanted{address: rc.Address, kind: rc.Type, description: text(after["description"]), tags: map[string]string{}}
		if attribute != "" {
			w.name = text(after[attribute])
		}
		if rc.Type == "aws_iam_policy" {
			w.name = strings.TrimPrefix(text(after["path"])+w.name, "/")
		}
		tags, _ := after["tags_all"].(map[string]any)
		for k, v := range tags {
			w.tags[k] = text(v)
		}
		all = append(all, w)
	}
	return all, known
}

func text(v any) string {
	s, _ := v.(string)
	return s
}

// adoptable compares a plan with the account. It returns the import ID for
// each address that exists already and is this room's, and the intents of all
// others, whose names are free. A name that is somebody else's is refused.
func (b *run) adoptable(ctx context.Context, plan *tfjson.Plan) (ids map[string]string, intents []string, err error) {
	all, known := creations(plan)
	ids, intents = map[string]string{}, []string{}
	var taken diag.List
	for _, w := range all {
		f, err := b.find(ctx, w, known)
		if err != nil {
			return nil, nil, err
		}
		switch {
		case f == nil:
			intents = append(intents, w.intent())
		case w.kind == "aws_kms_key" || b.journal.intends(w.intent()) || carries(f.tags, w.tags):
			ids[w.address] = f.id
			known[f.id] = true
		default:
			taken = append(taken, b.notOurs(w, f))
		}
	}
	if len(taken) > 0 {
		return nil, nil, diag.Refuse(taken)
	}
	return ids, intents, nil
}

func (b *run) notOurs(w wanted, f *found) *diag.Diagnostic {
	return &diag.Diagnostic{
		Rule: "bootstrap-name-taken", Summary: fmt.Sprintf("%s %q is already in account %s, and not of this room", w.kind, w.name, b.Account),
		Found: fmt.Sprintf("%s (the stack's %s)", f.id, w.address),
		Why:   "it does not carry the tags of this room, and no earlier run was about to make it; taking it over could break who uses it",
		Fix:   "choose another name in strongroom.hcl, or, if it is to become the room's, tag it as the stack does and run again",
	}
}

// carries reports whether something has all the tags that are wanted, of which
// there must be one at least to tell.
func carries(have, want map[string]string) bool {
	for k, v := range want {
		if got, ok := have[k]; !ok || got != v {
			return false
		}
	}
	return len(want) > 0
}

// adoption is the file with one import block for each address.
// Source: "Import" (import blocks), OpenTofu 1.6 and Terraform 1.5 on.
func adoption(addresses []string, ids map[string]string) []byte {
	var s strings.Builder
	s.WriteString("# Written by strongroom bootstrap while it adopts what an earlier run made. It is removed again.\n")
	for _, a := range addresses {
		// An ID never holds ${ or %{, but a template must not be able to hide in one.
		id := strings.NewReplacer("${", "$${", "%{", "%%{").Replace(ids[a])
		fmt.Fprintf(&s, "\nimport {\n  to = %s\n  id = %q\n}\n", a, id)
	}
	return []byte(s.String())
}
