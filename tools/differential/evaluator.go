package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/strongroom-dev/strongroom/policy/policytest"
)

// evaluator is the other side: a process that answers a line with a line.
type evaluator struct {
	cmd    *exec.Cmd
	in     io.WriteCloser
	out    *bufio.Reader
	stderr bytes.Buffer
}

const module = "@cloud-copilot/iam-simulate"

// errAbsent: the evaluator is not installed.
var errAbsent = errors.New("the independent evaluator is not installed")

// installed says whether dir and the machine have what a run needs.
func installed(dir string) error {
	if _, err := os.Stat(filepath.Join(dir, "node_modules", filepath.FromSlash(module), "package.json")); err != nil {
		return fmt.Errorf("%w: no %s in %s", errAbsent, module, dir)
	}
	if _, err := exec.LookPath("node"); err != nil {
		return fmt.Errorf("%w: no node in PATH", errAbsent)
	}
	return nil
}

// start runs the driver; the caller closes it.
func start(driver, dir string) (*evaluator, error) {
	e := &evaluator{cmd: exec.Command("node", driver, dir)}
	e.cmd.Stderr = &e.stderr
	in, err := e.cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := e.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	e.in, e.out = in, bufio.NewReaderSize(out, 1<<16)
	return e, e.cmd.Start()
}

func (e *evaluator) close() error {
	e.in.Close()
	if err := e.cmd.Wait(); err != nil {
		return fmt.Errorf("%w: %s", err, bytes.TrimSpace(e.stderr.Bytes()))
	}
	return nil
}

// refusal is the evaluator's word that it does not take the case.
type refusal string

func (r refusal) Error() string { return string(r) }

// ask puts the cases in one go, since a round trip costs more than an answer,
// and hands each answer to got; err is a refusal or nil.
func (e *evaluator) ask(cases [][]byte, got func(i int, a policytest.Answer, err error)) error {
	sent := make(chan error, 1)
	go func() {
		w := bufio.NewWriter(e.in)
		for _, c := range cases {
			w.Write(c)
			w.WriteByte('\n')
		}
		sent <- w.Flush()
	}()
	for i := range cases {
		line, err := e.out.ReadBytes('\n')
		if err != nil {
			e.cmd.Process.Kill()
			e.cmd.Wait()
			return fmt.Errorf("the evaluator stopped at case %d of %d: %w: %s", i+1, len(cases), err, bytes.TrimSpace(e.stderr.Bytes()))
		}
		var r struct {
			Answer policytest.Answer
			Error  string
		}
		if err := json.Unmarshal(line, &r); err != nil {
			return fmt.Errorf("the evaluator answers %.200q: %w", line, err)
		}
		if r.Error != "" {
			got(i, "", refusal(r.Error))
		} else {
			got(i, r.Answer, nil)
		}
	}
	return <-sent
}

// one puts a single case.
func (e *evaluator) one(c []byte) (answer policytest.Answer, refused, err error) {
	err = e.ask([][]byte{c}, func(_ int, a policytest.Answer, r error) { answer, refused = a, r })
	return answer, refused, err
}
