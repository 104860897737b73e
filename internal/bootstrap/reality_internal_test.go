package bootstrap

import (
	"testing"

	"github.com/strongroom-dev/strongroom/internal/tfstate"
)

func TestHome(t *testing.T) {
	s := func(serial uint64, digest string) *tfstate.Snapshot {
		return &tfstate.Snapshot{Serial: serial, Lineage: "l", Digest: digest, Resources: 1}
	}
	for _, tt := range []struct {
		name          string
		local, remote *tfstate.Snapshot
		home          bool
	}{
		{"nothing yet", nil, nil, false},
		{"applied here", s(3, "a"), nil, false},
		{"migrated", s(3, "a"), s(3, "a"), true},
		{"migrated and applied since", s(3, "a"), s(4, "b"), true},
		{"the local one is younger", s(4, "b"), s(3, "a"), false},
		{"a clone", nil, s(3, "a"), true},
		{"emptied by the engine", &tfstate.Snapshot{Serial: 9, Lineage: "x"}, s(3, "a"), true},
	} {
		r := &reality{local: tt.local, remote: tt.remote}
		if got := r.remoteHome(); got != tt.home {
			t.Errorf("%s: remote home = %t, want %t", tt.name, got, tt.home)
		}
		if err := r.agree(&Options{}); err != nil {
			t.Errorf("%s: %v", tt.name, err)
		}
	}
	other := s(3, "b")
	other.Lineage = "m"
	for name, r := range map[string]*reality{
		"another origin": {local: s(3, "a"), remote: other}, "parted": {local: s(3, "a"), remote: s(3, "b")},
	} {
		if err := r.agree(&Options{}); err == nil {
			t.Errorf("%s: two states that must be refused agree", name)
		}
	}
}
