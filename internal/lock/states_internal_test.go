package lock

import "testing"

// A sum of requests is refused only if each is, and says which statement let one through.
func TestSum(t *testing.T) {
	refused := func() (Outcome, error) {
		return Outcome{Answer: "AccessDenied", Refused: true, DecidedBy: "nobody on resource: r"}, nil
	}
	let := func() (Outcome, error) { return Outcome{Answer: "allowed", DecidedBy: "statement 2"}, nil }
	if o, err := sum(refused, refused); err != nil || !o.Refused || o.Answer != "AccessDenied" || o.DecidedBy != "nobody" {
		t.Errorf("%+v, %v", o, err)
	}
	if o, err := sum(refused, let, refused); err != nil || o.Refused || o.Answer != "allowed: 1 of 3" || o.DecidedBy != "statement 2" {
		t.Errorf("%+v, %v", o, err)
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
