// Command pack builds the alert sink for AWS Lambda: a zip file with one file,
// bootstrap, for the runtime provided.al2023. The same source and Go release make the
// same bytes, so that a plan shows a change of the function only if there is one.
//
//	go run ./cmd/alert-sink/pack DIR
//
// writes DIR/alert-sink-arm64.zip and DIR/alert-sink-amd64.zip.
package main

import (
	"archive/zip"
	"bytes"
	"compress/flate"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

func main() {
	if err := run(os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "pack:", err)
		os.Exit(1)
	}
}

func run(args []string, stdout io.Writer) error {
	if len(args) != 1 {
		return errors.New("give the directory to write to: go run ./cmd/alert-sink/pack bin")
	}
	if err := os.MkdirAll(args[0], 0o755); err != nil {
		return err
	}
	work, err := os.MkdirTemp("", "alert-sink-pack")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(work) }() // ours, under the system's directory
	for _, arch := range []string{"arm64", "amd64"} {
		file := filepath.Join(work, arch)
		if err := build(arch, file); err != nil {
			return err
		}
		program, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		packed, err := pack(program)
		if err != nil {
			return err
		}
		name := filepath.Join(args[0], "alert-sink-"+arch+".zip")
		if err := os.WriteFile(name, packed, 0o644); err != nil {
			return err
		}
		_, _ = fmt.Fprintf(stdout, "%s %d bytes\n", name, len(packed)) // the files are what counts
	}
	return nil
}

// build leaves out what differs between two builds of one source: paths, the commit,
// the build ID. lambda.norpc leaves out the entry of a runtime that AWS has retired.
func build(arch, file string) error {
	c := exec.Command("go", "build", "-trimpath", "-buildvcs=false", "-tags", "lambda.norpc", "-ldflags", "-s -w -buildid=", "-o", file,
		"github.com/strongroom-dev/strongroom/cmd/alert-sink")
	c.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux", "GOARCH="+arch)
	if out, err := c.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w: %s", arch, err, bytes.TrimSpace(out))
	}
	return nil
}

// pack makes a zip file of the program alone, executable, at a fixed time.
// Source: Lambda Developer Guide "Deploy Go Lambda functions with .zip file archives".
func pack(program []byte) ([]byte, error) {
	var out bytes.Buffer
	z := zip.NewWriter(&out)
	z.RegisterCompressor(zip.Deflate, func(w io.Writer) (io.WriteCloser, error) { return flate.NewWriter(w, flate.BestCompression) })
	h := &zip.FileHeader{Name: "bootstrap", Method: zip.Deflate, Modified: time.Date(1980, 1, 1, 0, 0, 0, 0, time.UTC)}
	h.SetMode(0o755)
	w, err := z.CreateHeader(h)
	if err != nil {
		return nil, err
	}
	if _, err := w.Write(program); err != nil {
		return nil, err
	}
	if err := z.Close(); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}
