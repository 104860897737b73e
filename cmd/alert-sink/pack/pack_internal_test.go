package main

import (
	"archive/zip"
	"bytes"
	"debug/elf"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// Built and packed twice it is the same file: one static program, executable, for the
// architecture that was asked for, and small enough for a cold start.
func TestPackingTwiceMakesTheSame(t *testing.T) {
	var made [2][]byte
	for i := range made {
		file := filepath.Join(t.TempDir(), "program")
		if err := build(runtime.GOARCH, file); err != nil {
			t.Fatal(err)
		}
		program, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if made[i], err = pack(program); err != nil {
			t.Fatal(err)
		}
	}
	if !bytes.Equal(made[0], made[1]) {
		t.Error("two builds differ")
	}
	if len(made[0]) > 8<<20 {
		t.Errorf("%d bytes", len(made[0]))
	}
	z, err := zip.NewReader(bytes.NewReader(made[0]), int64(len(made[0])))
	if err != nil || len(z.File) != 1 || z.File[0].Name != "bootstrap" || z.File[0].Mode() != 0o755 {
		t.Fatalf("%+v, %v", z, err)
	}
	r, err := z.File[0].Open()
	if err != nil {
		t.Fatal(err)
	}
	program, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	f, err := elf.NewFile(bytes.NewReader(program))
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]elf.Machine{"amd64": elf.EM_X86_64, "arm64": elf.EM_AARCH64}[runtime.GOARCH]
	if libraries, err := f.ImportedLibraries(); f.Machine != want || err != nil || len(libraries) != 0 {
		t.Errorf("%v, %v, %v", f.Machine, libraries, err)
	}
	for _, path := range []string{os.Getenv("HOME") + "/", "/strongroom/sandbox"} {
		if strings.Trim(path, "/") != "" && bytes.Contains(program, []byte(path)) {
			t.Errorf("the program knows %s", path)
		}
	}
}

func TestADirectoryIsNeeded(t *testing.T) {
	if err := run(nil, io.Discard); err == nil || !strings.Contains(err.Error(), "give the directory") {
		t.Errorf("%v", err)
	}
}
