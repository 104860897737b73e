package cli

import (
	"io"
	"os"
	"strings"

	"golang.org/x/term"
)

// Env is what a command may touch of the world outside. Commands print through
// it and read variables through it, never through package os.
type Env struct {
	Stdin          io.Reader
	Stdout, Stderr io.Writer
	// Environ is the environment as KEY=VALUE. When a key comes twice the last
	// one counts.
	Environ []string
}

// Getenv returns the value of a variable; "" when it is not set.
func (e *Env) Getenv(key string) string {
	for i := len(e.Environ) - 1; i >= 0; i-- {
		if k, v, ok := strings.Cut(e.Environ[i], "="); ok && k == key {
			return v
		}
	}
	return ""
}

// Terminal reports whether w (or a reader) is a terminal: whether a person
// can be asked, and whether progress may redraw a line.
func (e *Env) Terminal(w any) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// Colour reports whether text on w may be coloured: a terminal, and no wish
// against it (NO_COLOR, TERM=dumb).
func (e *Env) Colour(w io.Writer) bool {
	return e.Terminal(w) && e.Getenv("NO_COLOR") == "" && e.Getenv("TERM") != "dumb"
}
