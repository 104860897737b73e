package enginetest

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"
)

// A Socket keeps the providers that Attached runs for one stack, by what init installed and
// by the environment. The zero one is ready.
type Socket struct{ environs map[string][]string }

// Attached is [Attached] for a stack whose commands run one after the other: the provider
// of one command is the next one's as well.
func (s *Socket) Attached(t testing.TB, dir string, environ []string) []string {
	t.Helper()
	key := strings.Join(environ, "\x00")
	if got, ok := s.environs[key]; ok {
		return got
	}
	got := Attached(t, dir, environ)
	if len(got) > len(environ) {
		if s.environs == nil {
			s.environs = map[string][]string{}
		}
		s.environs[key] = got
	}
	return got
}

// Attached runs the provider that init installed in a stack's directory, once for many
// commands of an engine, and returns environ with the variable that tells the engine where
// it listens. An engine starts its provider anew for each command, and each run of a
// test file: starting it is most of what a short command costs.
//
// environ is the environment that the engine would have given it. It is the installed
// binary, in the mode that HashiCorp documents for debuggers; each command configures it
// again, and one command at a time may use it, unless none configures it (mocks). It ends
// with the test. It needs Go to read SSL_CERT_FILE: on macOS and Windows environ comes back
// as it was, and engines start their own; so it does before init, and for a stack with two
// configurations of the provider, as one process keeps its clients for one. Source: "Debugging Terraform Providers", "TF_REATTACH_PROVIDERS".
func Attached(t testing.TB, dir string, environ []string) []string {
	t.Helper()
	if runtime.GOOS == "darwin" || runtime.GOOS == "windows" {
		return environ
	}
	// .terraform/providers/HOST/hashicorp/aws/VERSION/OS_ARCH/terraform-provider-aws_vVERSION
	found, _ := filepath.Glob(filepath.Join(dir, ".terraform", "providers", "*", "hashicorp", "aws", "*", "*", "terraform-provider-aws_v*"))
	if len(found) == 0 || configurations(t, dir) > 1 {
		return environ
	}
	inside, err := filepath.Rel(filepath.Join(dir, ".terraform", "providers"), found[0])
	if err != nil {
		t.Fatal(err)
	}
	host, _, _ := strings.Cut(filepath.ToSlash(inside), "/")

	cmd := exec.Command(found[0], "-debug")
	cmd.Dir, cmd.Env, cmd.WaitDelay = dir, trusting(environ), 10*time.Second
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	where, err := attachment(out)
	if err != nil {
		t.Fatalf("%s -debug: %v", found[0], err)
	}
	raw, err := json.Marshal(map[string]json.RawMessage{host + "/hashicorp/aws": where})
	if err != nil {
		t.Fatal(err)
	}
	return append(slices.Clip(environ), "TF_REATTACH_PROVIDERS="+string(raw))
}

// configurations counts the provider blocks in a stack's directory.
func configurations(t testing.TB, dir string) (n int) {
	t.Helper()
	files, _ := filepath.Glob(filepath.Join(dir, "*.tf"))
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		n += bytes.Count(text, []byte("\nprovider \"aws\" {"))
	}
	return n
}

// trusting gives the certificates to trust to Go instead of the SDK: configured a second time
// with AWS_CA_BUNDLE, version 5 of the provider says "unable to add custom RootCAs".
func trusting(environ []string) []string {
	var all []string
	for _, v := range environ {
		if bundle, ok := strings.CutPrefix(v, "AWS_CA_BUNDLE="); ok {
			v = "SSL_CERT_FILE=" + bundle
		}
		all = append(all, v)
	}
	return all
}

// attachment reads what a provider in debug mode says about where it listens, and goes on
// reading, so that the provider never waits for its output to be taken.
func attachment(out io.Reader) (json.RawMessage, error) {
	lines := bufio.NewScanner(out)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		_, value, ok := strings.Cut(lines.Text(), "TF_REATTACH_PROVIDERS=")
		if !ok {
			continue
		}
		var providers map[string]json.RawMessage
		if err := json.Unmarshal([]byte(strings.Trim(strings.TrimSpace(value), "'")), &providers); err != nil {
			return nil, err
		}
		go func() { _, _ = io.Copy(io.Discard, out) }()
		for _, p := range providers {
			return p, nil
		}
	}
	if err := lines.Err(); err != nil {
		return nil, err
	}
	return nil, fmt.Errorf("it ended without saying where it listens")
}
