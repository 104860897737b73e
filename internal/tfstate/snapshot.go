package tfstate

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
)

// Snapshot is what is compared of a state; it holds none of its contents. A nil
// Snapshot is a state that is not there.
type Snapshot struct {
	Serial  uint64 `json:"serial"`
	Lineage string `json:"lineage"`
	// Digest is the SHA-256 of resources and outputs in a canonical form: the
	// engines indent, order and number the same state differently.
	Digest string `json:"digest"`
	// Resources counts resource blocks, data sources included.
	Resources int `json:"resources"`
	// Engine is the version of the engine that wrote it: "1.11.4".
	Engine string `json:"terraform_version,omitempty"`
	// Encrypted is true for a state that OpenTofu encrypted before it sent it:
	// only serial and lineage can be read. Digest is that of the ciphertext, which
	// is another one after every write; Resources is zero.
	Encrypted bool `json:"encrypted,omitempty"`
	// Tainted are the addresses that the next plan would replace.
	Tainted []string `json:"-"`
	// Holds are the managed things it describes, by type and ID.
	Holds map[string]bool `json:"-"`
}

// ErrEmpty is a state file without a byte in it: an engine makes one when it
// takes its lock.
var ErrEmpty = errors.New("the state file is empty")

// Read reads a state in format 4, which OpenTofu and Terraform since 0.12 write,
// encrypted by OpenTofu or not. Errors say nothing of the contents; ErrEmpty is
// the one for no bytes.
func Read(raw []byte) (*Snapshot, error) {
	if len(bytes.TrimSpace(raw)) == 0 {
		return nil, ErrEmpty
	}
	var state struct {
		Version   int                        `json:"version"`
		Engine    string                     `json:"terraform_version"`
		Serial    uint64                     `json:"serial"`
		Lineage   string                     `json:"lineage"`
		Outputs   map[string]json.RawMessage `json:"outputs"`
		Resources []json.RawMessage          `json:"resources"`

		Ciphertext string `json:"encrypted_data"`
		Encryption string `json:"encryption_version"`
	}
	if err := json.Unmarshal(raw, &state); err != nil {
		return nil, broken(raw, err)
	}
	// Source: OpenTofu "State and Plan Encryption"; its files keep serial and
	// lineage readable beside the ciphertext.
	if state.Encryption != "" && state.Ciphertext != "" && state.Lineage != "" {
		sum := sha256.Sum256([]byte(state.Ciphertext))
		return &Snapshot{Serial: state.Serial, Lineage: state.Lineage, Digest: hex.EncodeToString(sum[:]), Encrypted: true}, nil
	}
	if state.Version != 4 || state.Lineage == "" {
		return nil, fmt.Errorf("not a state: format version %d (want 4), lineage %t", state.Version, state.Lineage != "")
	}
	sum := sha256.New()
	resources := make([][]byte, len(state.Resources))
	for i, r := range state.Resources {
		c, err := canonical(r)
		if err != nil {
			return nil, err
		}
		resources[i] = c
	}
	tainted, holds, err := managedIn(state.Resources)
	if err != nil {
		return nil, err
	}
	slices.SortFunc(resources, bytes.Compare)
	for _, r := range resources {
		fmt.Fprintf(sum, "resource %d\n%s\n", len(r), r)
	}
	if state.Outputs == nil {
		state.Outputs = map[string]json.RawMessage{}
	}
	outputs, err := json.Marshal(state.Outputs) // keys come sorted
	if err != nil {
		return nil, damaged(err, len(raw))
	}
	if outputs, err = canonical(outputs); err != nil {
		return nil, err
	}
	fmt.Fprintf(sum, "outputs\n%s\n", outputs)
	return &Snapshot{
		Serial: state.Serial, Lineage: state.Lineage,
		Digest: hex.EncodeToString(sum.Sum(nil)), Resources: len(state.Resources), Engine: state.Engine, Tainted: tainted, Holds: holds,
	}, nil
}

// managedIn returns the managed things in a state by type and ID, and the
// addresses of those that are marked as tainted: their creation was begun and
// not seen to its end.
func managedIn(resources []json.RawMessage) (tainted []string, holds map[string]bool, err error) {
	holds = map[string]bool{}
	for _, raw := range resources {
		var r struct {
			Module, Mode, Type, Name string
			Instances                []struct {
				Status     string          `json:"status"`
				IndexKey   json.RawMessage `json:"index_key"`
				Deposed    string          `json:"deposed"`
				Attributes struct {
					ID any `json:"id"`
				} `json:"attributes"`
			}
		}
		if err := json.Unmarshal(raw, &r); err != nil {
			return nil, nil, damaged(err, len(raw))
		}
		for _, i := range r.Instances {
			if r.Mode != "managed" {
				continue
			}
			holds[fmt.Sprintf("%s %v", r.Type, i.Attributes.ID)] = true
			if i.Status != "tainted" || i.Deposed != "" {
				continue
			}
			address := r.Type + "." + r.Name
			if r.Module != "" {
				address = r.Module + "." + address
			}
			if len(i.IndexKey) > 0 { // a JSON number or string is written the same in an address
				address += "[" + string(i.IndexKey) + "]"
			}
			tainted = append(tainted, address)
		}
	}
	return tainted, holds, nil
}

// canonical is JSON without white space, with sorted keys and numbers as written.
func canonical(raw []byte) ([]byte, error) {
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.UseNumber()
	var v any
	if err := dec.Decode(&v); err != nil {
		return nil, damaged(err, len(raw))
	}
	return json.Marshal(v)
}

// broken says what is wrong with a text that is not one JSON value of the right form.
func broken(raw []byte, err error) error {
	dec := json.NewDecoder(bytes.NewReader(raw))
	var whole json.RawMessage
	if dec.Decode(&whole) == nil {
		if _, after := dec.Token(); after != io.EOF {
			return fmt.Errorf("not a state: text follows it, after byte %d", dec.InputOffset())
		}
	}
	return damaged(err, len(raw))
}

// damaged says where JSON ends to make sense, and nothing of what stands there.
func damaged(err error, size int) error {
	var syntax *json.SyntaxError
	if errors.As(err, &syntax) {
		return fmt.Errorf("not a whole state: it breaks off or is damaged at byte %d of %d", syntax.Offset, size)
	}
	return fmt.Errorf("not a whole state: %d bytes that end too early or have the wrong form", size)
}

// Summary is a line about a state that shows nothing of what it holds.
func (s *Snapshot) Summary() string {
	switch {
	case s == nil:
		return "no state"
	case s.Encrypted:
		return fmt.Sprintf("serial %d, lineage %s, encrypted by OpenTofu", s.Serial, s.Lineage)
	case s.Resources == 1:
		return fmt.Sprintf("serial %d, lineage %s, 1 resource", s.Serial, s.Lineage)
	}
	return fmt.Sprintf("serial %d, lineage %s, %d resources", s.Serial, s.Lineage, s.Resources)
}

// Void reports whether a state holds nothing that could be lost.
func (s *Snapshot) Void() bool { return s == nil || s.Resources == 0 }

// Same reports whether two states hold the same, whichever engine wrote them.
func (s *Snapshot) Same(other *Snapshot) bool {
	return s.Lineage == other.Lineage && s.Serial == other.Serial && s.Digest == other.Digest
}

// Covers reports whether nothing would be forgotten if the other state went: it
// is an ancestor, or describes only what this one describes too. (An engine
// that was killed early begins again with a new lineage, and its backup file
// keeps the old one.)
func (s *Snapshot) Covers(other *Snapshot) bool {
	if other.Void() || s.Lineage == other.Lineage && s.Serial >= other.Serial {
		return true
	}
	for id := range other.Holds {
		if !s.Holds[id] {
			return false
		}
	}
	return true
}
