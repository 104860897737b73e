package engine

import (
	"bytes"
	"fmt"
	"os/exec"
	"regexp"
	"strings"
	"syscall"
)

// Error is an engine command that failed. Its text is the engine's own.
type Error struct {
	// Engine is OpenTofu or Terraform.
	Engine string
	// Args are the arguments that were asked for: "init", "-migrate-state".
	Args []string
	// Exit is the exit status; -1 if there is none.
	Exit int
	// Signal is what killed the engine; 0 if nothing did.
	Signal syscall.Signal
	// Problems are the diagnostics of commands that report them as data (apply,
	// destroy). Others report them in Text.
	Problems []Problem
	// Text is the end of what the engine wrote to stderr.
	Text string
	// Emergency is the state that the engine could write nowhere, else nil. It
	// is secret, and the only copy.
	Emergency []byte
	// Err is why the command did not run; nil if it ran.
	Err error
}

// Problem is one of the engine's own diagnostics.
type Problem struct {
	// Severity is "error" or "warning".
	Severity                 string
	Summary, Detail, Address string
}

func (e *Error) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s", strings.ToLower(e.Engine), strings.Join(e.Args, " "))
	switch {
	case e.Signal != 0:
		fmt.Fprintf(&b, ": killed by signal %d (%s)", int(e.Signal), e.Signal)
	case e.Exit >= 0:
		fmt.Fprintf(&b, ": exit status %d", e.Exit)
	case e.Err != nil:
		fmt.Fprintf(&b, ": %v", e.Err)
	}
	if text := e.Reason(); text != "" {
		b.WriteString("\n" + text)
	}
	return b.String()
}

// Unwrap returns why the command did not run.
func (e *Error) Unwrap() error { return e.Err }

// Reason is what the engine said was wrong: its errors, or the end of stderr.
func (e *Error) Reason() string {
	var lines []string
	for _, p := range e.Problems {
		if p.Severity != "error" {
			continue
		}
		line := p.Summary
		if p.Address != "" {
			line = p.Address + ": " + line
		}
		if p.Detail != "" {
			line += "\n" + p.Detail
		}
		lines = append(lines, line)
	}
	if len(lines) == 0 {
		return e.Text
	}
	return strings.Join(lines, "\n")
}

// shortest is how long a value of a variable is, in bytes, to be one that is told
// apart from other text: "true" is no secret.
const shortest = 6

// conceal takes values of variables out of what the engine said: a validation's message
// may show them, and they may be secret. A value of several lines is taken out line by
// line, as the engine frames what it says.
func (e *Error) conceal(variables []string) {
	for _, kv := range variables {
		name, value, _ := strings.Cut(kv, "=")
		for part := range strings.Lines(value) {
			if part = strings.TrimSpace(part); len(part) < shortest {
				continue
			}
			hide := func(s string) string { return strings.ReplaceAll(s, part, "(value of "+name+")") }
			e.Text = hide(e.Text)
			for i := range e.Problems {
				p := &e.Problems[i]
				p.Summary, p.Detail, p.Address = hide(p.Summary), hide(p.Detail), hide(p.Address)
			}
		}
	}
}

// signalOf returns the signal that ended a command, or 0.
func signalOf(exit *exec.ExitError) syscall.Signal {
	if status, ok := exit.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		return status.Signal()
	}
	return 0
}

// tail keeps the end of stderr.
type tail struct{ b []byte }

const tailSize = 16 << 10

func (t *tail) Write(p []byte) (int, error) {
	t.b = append(t.b, p...)
	if extra := len(t.b) - tailSize; extra > 0 {
		t.b = append(t.b[:0], t.b[extra:]...)
	}
	return len(p), nil
}

var (
	escapes = regexp.MustCompile("\x1b\\[[0-9;]*[A-Za-z]")
	// frame are the lines an engine draws around a diagnostic.
	frame = regexp.MustCompile(`(?m)^[│╷╵] ?`)
)

// text returns what was written, without frames, colours and control
// characters, and without a state that was printed in need.
func (t *tail) text() string {
	s := frame.ReplaceAllString(escapes.ReplaceAllString(string(bytes.ToValidUTF8(t.b, nil)), ""), "")
	if i := strings.Index(s, "{\n  \"version\": 4"); i >= 0 {
		s = s[:i] + "(a state was printed here; it is not repeated)"
	}
	s = strings.Map(func(r rune) rune {
		if r < ' ' && r != '\n' && r != '\t' || r == 0x7f {
			return -1
		}
		return r
	}, s)
	var lines []string
	for line := range strings.SplitSeq(s, "\n") {
		line = strings.TrimRight(line, " \t")
		if line == "" && (len(lines) == 0 || lines[len(lines)-1] == "") {
			continue
		}
		lines = append(lines, line)
	}
	return strings.TrimSpace(strings.Join(lines, "\n"))
}
