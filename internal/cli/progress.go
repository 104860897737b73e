package cli

import (
	"fmt"
	"maps"
	"slices"
	"sync"

	"github.com/strongroom-dev/strongroom/internal/bootstrap"
	"github.com/strongroom-dev/strongroom/internal/engine"
)

// progress shows on stderr what long work does: one line that is redrawn on a
// terminal, plain lines elsewhere. It may be used from several goroutines.
type progress struct {
	env      *Env
	terminal bool

	mu   sync.Mutex
	open map[string]int // resources in work, with their seconds
	drew bool
}

func newProgress(env *Env) *progress {
	return &progress{env: env, terminal: env.Terminal(env.Stderr) && env.Getenv("TERM") != "dumb", open: map[string]int{}}
}

func (p *progress) step(s bootstrap.Step) {
	switch {
	case !s.Ended && p.terminal:
		p.draw(s.Name + " ...")
	case s.Ended && s.Done:
		p.line(fmt.Sprintf("%-9s  nothing to do", s.Name))
	case s.Ended:
		p.line(fmt.Sprintf("%-9s  %.1f s", s.Name, s.Seconds))
	}
}

func (p *progress) event(e engine.Event) {
	p.mu.Lock()
	switch e.Phase {
	case "done", "failed":
		delete(p.open, e.Address)
	default:
		p.open[e.Address] = e.Seconds
	}
	longest, open := 0, slices.Sorted(maps.Keys(p.open))
	for _, s := range p.open {
		longest = max(longest, s)
	}
	p.mu.Unlock()
	switch {
	case !p.terminal && (e.Phase == "done" || e.Phase == "failed"):
		p.line(fmt.Sprintf("  %s: %s %s, %d s", e.Address, e.Action, e.Phase, e.Seconds))
	case p.terminal && len(open) == 1:
		p.draw(fmt.Sprintf("  %s, %d s", open[0], longest))
	case p.terminal && len(open) > 1:
		p.draw(fmt.Sprintf("  %s and %d more, %d s", open[0], len(open)-1, longest))
	}
}

func (p *progress) note(text string) { p.line(text) }

// line writes a line that stays.
func (p *progress) line(text string) {
	p.clear()
	fmt.Fprintln(p.env.Stderr, text)
}

// draw writes a line that the next one replaces. It is cut, so that it never wraps.
func (p *progress) draw(text string) {
	p.clear()
	p.mu.Lock()
	defer p.mu.Unlock()
	fmt.Fprint(p.env.Stderr, text[:min(len(text), 78)])
	p.drew = true
}

// clear removes the line that was drawn last.
func (p *progress) clear() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.drew {
		fmt.Fprint(p.env.Stderr, "\r\x1b[K")
		p.drew = false
	}
}
