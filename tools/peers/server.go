package main

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"time"
)

// key is an access key.
type key struct{ id, secret string }

// root is what both servers are started with.
var root = key{"AKIAIOSFODNN7EXAMPLE", "bench/only/secret/of/the/root-user/00000"}

// server is a program under measurement.
type server struct {
	name string
	// command makes the command that serves addr.
	command func(addr string) (*exec.Cmd, error)
	// prepare makes what the jobs need, once, and sets user.
	prepare func(*server) error
	jobs    []job
	// user signs the jobs' requests.
	user key
	vars map[string]string

	addr string
	cmd  *exec.Cmd
	out  *bytes.Buffer
}

// job is a request that is measured.
type job struct {
	name    string
	request func(*server) []byte
	clients int // 0: as many as the plan says
}

func (s *server) do(m message, k key) (string, error) {
	return call(s.addr, m.signed(s.addr, k, time.Now()))
}

// start runs the program and returns how long it took from before the fork to
// its first answer, a signed ListBuckets.
func (s *server) start() (time.Duration, error) {
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	s.addr = free.Addr().String()
	if err := free.Close(); err != nil {
		return 0, err
	}
	if s.cmd, err = s.command(s.addr); err != nil {
		return 0, err
	}
	s.out = &bytes.Buffer{}
	s.cmd.Stdout, s.cmd.Stderr = s.out, s.out
	began := time.Now()
	if err := s.cmd.Start(); err != nil {
		return 0, err
	}
	probe := message{method: "GET", path: "/", service: "s3"}.signed(s.addr, root, began)
	for time.Since(began) < 20*time.Second {
		if _, err = call(s.addr, probe); err == nil {
			return time.Since(began), nil
		}
		time.Sleep(200 * time.Microsecond)
	}
	_ = s.stop()
	return 0, fmt.Errorf("%s did not answer in 20 s: %w; it said: %s", s.name, err, s.out)
}

// stop ends the program and waits for it.
func (s *server) stop() error {
	if s.cmd == nil || s.cmd.Process == nil {
		return nil
	}
	cmd := s.cmd
	s.cmd = nil
	if err := cmd.Process.Signal(os.Interrupt); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	late := time.AfterFunc(5*time.Second, func() { _ = cmd.Process.Kill() })
	defer late.Stop()
	var exit *exec.ExitError
	if err := cmd.Wait(); err != nil && !errors.As(err, &exit) {
		return err
	}
	return nil
}
