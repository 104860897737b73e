package scan

import (
	"context"
	"errors"
	"fmt"

	"github.com/strongroom-dev/strongroom/internal/diag"
	"github.com/strongroom-dev/strongroom/internal/state"
	"github.com/strongroom-dev/strongroom/internal/state/verify"
	"github.com/strongroom-dev/strongroom/internal/statestore"
	"github.com/strongroom-dev/strongroom/internal/tfstate"
)

// Report is what was found in one state, and how it is kept.
type Report struct {
	Environment string `json:"environment"`
	Stack       string `json:"stack"`
	Workspace   string `json:"workspace"`
	// Where names the place: "s3://bucket/key", an address, a path.
	Where string `json:"where"`
	// Exists is false of a state that was never written.
	Exists bool `json:"exists"`
	// Encryption is what the place tells of it.
	Encryption statestore.Encryption `json:"encryption"`
	// AsSpec is whether it is encrypted as the spec says. How says it in words.
	AsSpec bool   `json:"encrypted_as_spec"`
	How    string `json:"encryption_found"`
	// ClientEncrypted is whether OpenTofu encrypted it before it was sent: then there
	// is nothing to look through.
	ClientEncrypted bool `json:"client_encrypted"`
	Found
	// Placeholders are secrets put by hand; nil unless they were asked for.
	Placeholders []Placeholder `json:"placeholders,omitempty"`
}

// Checker looks through states of one room. It is safe for concurrent use.
type Checker struct {
	Places *state.Places
	// Schema returns what is known of the providers of a stack; nil: BuiltIn for all.
	Schema func(ctx context.Context, s state.Stack) (*Schema, error)
	// Placeholders is whether to look for those as well.
	Placeholders bool
}

// Check looks through one state. The error says what could not be read.
func (k *Checker) Check(ctx context.Context, e state.Environment, t state.Target) (*Report, error) {
	store, err := k.Places.Store(t)
	if err != nil {
		return nil, err
	}
	r := &Report{Environment: e.Name, Stack: t.Stack.Name, Workspace: t.Workspace, Where: store.Where(), Found: Found{Findings: []Finding{}, Schemas: []SchemaSource{}}}
	if k.Placeholders {
		r.Placeholders = []Placeholder{}
		if t.Stack.Dir != "" {
			if r.Placeholders, err = InFiles(t.Stack.Dir); err != nil {
				return nil, err
			}
		}
	}
	info, err := store.Head(ctx)
	if err != nil {
		return nil, unreadable(err, r.Where)
	}
	if info == nil {
		r.AsSpec, r.How = true, "there is no state yet"
		return r, nil
	}
	r.Exists, r.Encryption = true, info.Encryption
	// The version that was asked about, so that encryption and contents are of one.
	version := ""
	if store.Kind() == "s3" && info.Version != "null" {
		version = info.Version
	}
	raw, err := store.Read(ctx, version)
	if err != nil {
		return nil, unreadable(err, r.Where)
	}
	contents, err := tfstate.Open(raw)
	switch {
	case errors.Is(err, tfstate.ErrEncrypted):
		r.ClientEncrypted = true
	case errors.Is(err, tfstate.ErrEmpty):
		contents = &tfstate.Contents{}
	case err != nil:
		return nil, fmt.Errorf("%s: %w", r.Where, err)
	}
	if err := k.encryption(ctx, e, store.Kind(), r); err != nil {
		return nil, err
	}
	if r.ClientEncrypted {
		return r, nil
	}
	schema, err := k.schema(ctx, t.Stack)
	if err != nil {
		return nil, err
	}
	r.Found = *State(contents, schema)
	if k.Placeholders {
		r.Placeholders = append(r.Placeholders, InState(contents)...)
	}
	return r, nil
}

func (k *Checker) schema(ctx context.Context, s state.Stack) (*Schema, error) {
	if k.Schema == nil {
		return BuiltIn()
	}
	return k.Schema(ctx, s)
}

// encryption tells whether the state is encrypted as the spec says.
func (k *Checker) encryption(ctx context.Context, e state.Environment, kind string, r *Report) error {
	room := k.Places.Room
	switch {
	case r.ClientEncrypted:
		r.AsSpec, r.How = true, "encrypted by OpenTofu before it was sent"
		return nil
	case room.State.ClientEncryption:
		r.How = "in clear text, and the spec says that OpenTofu encrypts it"
		return nil
	case kind == "local":
		r.How = "a file in clear text"
		return nil
	case kind == "http":
		r.How = "the http backend does not tell how it encrypts"
		return nil
	}
	r.How = verify.Words(r.Encryption)
	want, err := k.Places.Bucket.KeyARN(ctx, e)
	var none *diag.Diagnostic
	switch {
	case errors.As(err, &none):
		r.How += ", and the environment has no key"
		return nil
	case statestore.Code(err) != "":
		return &diag.Diagnostic{
			Rule: "state-scan-key", Summary: fmt.Sprintf("which key is environment %s's cannot be asked: %s", e.Name, statestore.Code(err)), Err: err,
			Why: "it decides whether the state is encrypted as the spec says", Fix: fmt.Sprintf("write kms_key_arn into the spec's environment, or use credentials that may kms:DescribeKey on %s: --profile PROFILE", e.KeyAlias),
		}
	case err != nil:
		return err
	}
	r.AsSpec = r.Encryption.Algorithm == "aws:kms" && r.Encryption.KeyARN == want
	if !r.AsSpec {
		r.How += ", and has to be SSE-KMS under " + want
	}
	return nil
}

func unreadable(err error, where string) error {
	var d *diag.Diagnostic
	if errors.As(err, &d) {
		return err
	}
	code := statestore.Code(err)
	if code == "" {
		return err
	}
	return &diag.Diagnostic{
		Rule: "state-scan-unreadable", Summary: fmt.Sprintf("%s cannot be looked through: %s", where, code), Err: err,
		Why: "what cannot be read may hold anything", Fix: "use credentials that may s3:GetObject on it and kms:Decrypt with its key: --profile PROFILE",
	}
}

// Reader reports on a state that somebody hands over, such as what "state pull" wrote.
// Nothing encrypts it.
func (k *Checker) Reader(ctx context.Context, name string, raw []byte) (*Report, error) {
	r := &Report{Where: name, Exists: true, How: "a file in clear text", Found: Found{Findings: []Finding{}, Schemas: []SchemaSource{}}}
	contents, err := tfstate.Open(raw)
	switch {
	case errors.Is(err, tfstate.ErrEncrypted):
		r.ClientEncrypted, r.AsSpec, r.How = true, true, "encrypted by OpenTofu"
		return r, nil
	case err != nil:
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	schema, err := k.schema(ctx, state.Stack{})
	if err != nil {
		return nil, err
	}
	r.Found = *State(contents, schema)
	if k.Placeholders {
		r.Placeholders = InState(contents)
	}
	return r, nil
}
