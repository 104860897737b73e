package bootstrap

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

// snapshot is what is compared of a state; it holds none of its contents.
type snapshot struct {
	Serial  uint64 `json:"serial"`
	Lineage string `json:"lineage"`
	// Digest is the SHA-256 of resources and outputs in a canonical form: the
	// engines indent, order and number the same state differently.
	Digest string `json:"digest"`
	// Resources counts resource blocks, data sources included.
	Resources int `json:"resources"`
	// tainted are the addresses that the next plan would replace.
	tainted []string
	// holds are the managed things it describes, by type and ID.
	holds map[string]bool
}

// errNoState is a state file without a byte in it: an engine makes one when it
// takes its lock.
var errNoState = errors.New("the state file is empty")

// readSnapshot reads a state in format 4, the one of all engines that Find
// accepts. Errors say nothing of the contents.
func readSnapshot(raw []byte) (*snapshot, error) {
	if len(bytes.TrimSpace(raw)) == 0 {
		return nil, errNoState
	}
	var state struct {
		Version   int                        `json:"version"`
		Serial    uint64                     `json:"serial"`
		Lineage   string                     `json:"lineage"`
		Outputs   map[string]json.RawMessage `json:"outputs"`
		Resources []json.RawMessage          `json:"resources"`
	}
	dec := json.NewDecoder(bytes.NewReader(raw))
	if err := dec.Decode(&state); err != nil {
		return nil, damaged(err, len(raw))
	}
	if _, err := dec.Token(); err != io.EOF {
		return nil, fmt.Errorf("not a state: text follows it, after byte %d", dec.InputOffset())
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
	return &snapshot{
		Serial: state.Serial, Lineage: state.Lineage,
		Digest: hex.EncodeToString(sum.Sum(nil)), Resources: len(state.Resources), tainted: tainted, holds: holds,
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

// damaged says where JSON ends to make sense, and nothing of what stands there.
func damaged(err error, size int) error {
	var syntax *json.SyntaxError
	if errors.As(err, &syntax) {
		return fmt.Errorf("not a whole state: it breaks off or is damaged at byte %d of %d", syntax.Offset, size)
	}
	return fmt.Errorf("not a whole state: %d bytes that end too early or have the wrong form", size)
}

// void reports whether a state holds nothing that could be lost.
func (s *snapshot) void() bool { return s == nil || s.Resources == 0 }

// same reports whether two states hold the same, whichever engine wrote them.
func (s *snapshot) same(other *snapshot) bool {
	return s.Lineage == other.Lineage && s.Serial == other.Serial && s.Digest == other.Digest
}

// covers reports whether nothing would be forgotten if the other state went: it
// is an ancestor, or describes only what this one describes too. (An engine
// that was killed early begins again with a new lineage, and its backup file
// keeps the old one.)
func (s *snapshot) covers(other *snapshot) bool {
	if other.void() || s.Lineage == other.Lineage && s.Serial >= other.Serial {
		return true
	}
	for id := range other.holds {
		if !s.holds[id] {
			return false
		}
	}
	return true
}
