package cli

import (
	"os"
	"strings"
	"testing"
)

func TestInterruptsAreExplained(t *testing.T) {
	signals := make(chan os.Signal, 2)
	signals <- os.Interrupt
	signals <- os.Interrupt
	var said []string
	explainInterrupts(signals, nil, func() string { return "terraform apply (since 12 s)" }, func(s string) { said = append(said, s) })
	if len(said) != 2 {
		t.Fatalf("said %q, want a line for each interrupt", said)
	}
	for i, want := range []string{"interrupted: waiting for terraform apply (since 12 s)", "still waiting for terraform apply (since 12 s)"} {
		if !strings.HasPrefix(said[i], want) {
			t.Errorf("interrupt %d: %q, want %q", i+1, said[i], want)
		}
	}
	if !strings.Contains(said[1], "third interrupt") {
		t.Errorf("the second says nothing of the third: %q", said[1])
	}
	done := make(chan struct{})
	close(done)
	explainInterrupts(make(chan os.Signal), done, nil, nil) // it ends
}
