package lock

import (
	"errors"
	"reflect"
	"testing"
)

// A sum of requests is refused only if each is, and says which was let through, and by
// which statement.
func TestSum(t *testing.T) {
	refused := func(name, shut string) part {
		return part{name: name, shut: shut, do: func() (Outcome, error) {
			return Outcome{Answer: "AccessDenied", Refused: true, DecidedBy: "nobody on resource: r"}, nil
		}}
	}
	let := func(name string) part {
		return part{name: name, do: func() (Outcome, error) { return Outcome{Answer: "allowed", DecidedBy: "statement 2"}, nil }}
	}
	for _, c := range []struct {
		name  string
		parts []part
		want  Outcome
	}{
		{"all refused", []part{refused("Get", ""), refused("Put", "nobody may")}, Outcome{Answer: "AccessDenied", Refused: true, DecidedBy: "nobody; nobody may", kept: []string{"Get"}}},
		{"some let through", []part{refused("Get", ""), let("Put"), refused("Put", "nobody may"), let("Delete"), let("Put")},
			Outcome{Answer: "allowed: Put, Delete", DecidedBy: "statement 2", kept: []string{"Get"}}},
		{"all let through", []part{let("Get")}, Outcome{Answer: "allowed: Get", DecidedBy: "statement 2"}},
	} {
		if o, err := sum(c.parts...); err != nil || !reflect.DeepEqual(o, c.want) {
			t.Errorf("%s: %+v, %v", c.name, o, err)
		}
	}
	broken := part{name: "Get", do: func() (Outcome, error) { return Outcome{}, errors.New("no connection") }}
	if _, err := sum(refused("Put", ""), broken); err == nil || err.Error() != "Get: no connection" {
		t.Errorf("a request that cannot be judged: %v", err)
	}
}

// Every lock of a scenario says all that its readers need, and can be taken off.
func TestScenarioLocksAreComplete(t *testing.T) {
	w := &World{Environments: []Environment{
		{Name: "a", Stacks: []StackState{{Name: "infra", Key: "a"}}}, {Name: "b", Stacks: []StackState{{Name: "infra", Key: "b"}}},
	}}
	seen := map[string]bool{}
	for _, l := range All() {
		seen[l.ID] = true
	}
	for _, l := range append(StateKeys(w), Portability(w)...) {
		if l.ID == "" || l.Claim == "" || l.Enforced == "" || l.TakeOff == nil || seen[l.ID] {
			t.Errorf("lock %q is not complete, or is there twice", l.ID)
		}
		seen[l.ID] = true
		if len(l.Attacks) == 0 && l.ID[:6] == "state-" {
			t.Errorf("lock %q has no attacks", l.ID)
		}
	}
}

func TestAnswered(t *testing.T) {
	for _, c := range []struct {
		ran  Ran
		want Outcome
	}{
		{Ran{Stdout: "a\n2 states\n\n"}, Outcome{Answer: "exit status 0", Refused: true, DecidedBy: "2 states"}},
		{Ran{Stderr: "note: it is so\n"}, Outcome{Answer: "exit status 0", Refused: true, DecidedBy: "note: it is so"}},
		{Ran{}, Outcome{Answer: "exit status 0", Refused: true, DecidedBy: "it said nothing"}},
		{Ran{Stdout: "half\n", Stderr: "working\nstrongroom: error: somebody has the lock\nhint: wait\n", Exit: 1}, Outcome{Answer: "exit status 1", DecidedBy: "somebody has the lock"}},
		{Ran{Stdout: "2 states: 2 not\n", Exit: 2}, Outcome{Answer: "exit status 2", DecidedBy: "2 states: 2 not"}},
	} {
		got := c.ran.answered(0)
		if got.Answer != c.want.Answer || got.Refused != c.want.Refused || got.DecidedBy != c.want.DecidedBy {
			t.Errorf("%+v: got %+v, want %+v", c.ran, got, c.want)
		}
	}
}

// A command that says no has to name the reason that is claimed.
func TestNaming(t *testing.T) {
	ran := Ran{Stdout: "  NO  exists  it is not\n  NO  key-usable   pending deletion\n0 of 1\n", Stderr: "strongroom: error: it is locked by ann\n", Exit: 2}
	for _, c := range []struct {
		want  int
		words []string
		o     Outcome
	}{
		{2, []string{"NO", "key-usable"}, Outcome{Answer: "exit status 2", Refused: true, DecidedBy: "NO key-usable pending deletion"}},
		{2, []string{" locked by "}, Outcome{Answer: "exit status 2", Refused: true, DecidedBy: "it is locked by ann"}},
		{2, []string{"exists", "key-usable"}, Outcome{Answer: "exit status 2 for another reason", DecidedBy: "it is locked by ann"}},
		{0, []string{"NO"}, Outcome{Answer: "exit status 2", DecidedBy: "it is locked by ann"}},
	} {
		if o := ran.naming(c.want, c.words...); !reflect.DeepEqual(o, c.o) {
			t.Errorf("%d %q: %+v, want %+v", c.want, c.words, o, c.o)
		}
	}
}

func TestWithoutKMS(t *testing.T) {
	for _, s := range []map[string]any{{"Action": "kms:Decrypt"}, {"Action": []any{"s3:GetObject", "KMS:Encrypt"}}} {
		if withoutKMS(s) != nil {
			t.Errorf("%v is kept", s)
		}
	}
	if withoutKMS(map[string]any{"Action": []any{"s3:GetObject"}}) == nil {
		t.Error("a statement without keys is dropped")
	}
}
