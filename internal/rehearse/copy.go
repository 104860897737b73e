package rehearse

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/strongroom-dev/strongroom/examples"
	"github.com/strongroom-dev/strongroom/internal/room"
)

// example is the room that is rehearsed when none is given.
const example = "foundations"

// copyRoom copies a room's files, without what engines leave in it: working
// directories, plans and, above all, states.
func copyRoom(from, to string) error {
	src, err := fs.Sub(examples.FS, example)
	if err != nil {
		return err
	}
	if from != "" {
		src = os.DirFS(from)
		if _, err := fs.Stat(src, room.SpecFile); errors.Is(err, fs.ErrNotExist) {
			_, err := room.Load(from) // for its diagnostic
			return err
		}
	}
	return fs.WalkDir(src, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		target := filepath.Join(to, filepath.FromSlash(name))
		switch {
		case d.IsDir() && name != "." && (leftover(d.Name()) || !part(name)):
			return fs.SkipDir
		case d.IsDir():
			return os.MkdirAll(target, 0o755)
		case leftover(d.Name()) || !d.Type().IsRegular() || !part(name):
			return nil
		}
		in, err := src.Open(name)
		if err != nil {
			return err
		}
		defer in.Close()
		out, err := os.OpenFile(target, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o644)
		if err != nil {
			return err
		}
		_, err = io.Copy(out, in)
		return errors.Join(err, out.Close())
	})
}

// part tells whether a path belongs to the room: the spec, the stacks, the
// modules, and the record of what init wrote.
func part(name string) bool {
	top, _, _ := strings.Cut(name, "/")
	switch top {
	case ".", room.SpecFile, room.StackBootstrap, room.StackSrc, "modules", ".strongroom":
		return name != ".strongroom/bootstrap.json"
	}
	return false
}

func leftover(base string) bool {
	return base == ".terraform" || strings.Contains(base, ".tfstate") || strings.HasSuffix(base, ".tfplan") || base == "bootstrap.json"
}

// scaffold gives the bootstrap stack its local backend again: a room that was
// bootstrapped for real already has the one of its bucket.
func scaffold(r *room.Room) error {
	local, err := room.BackendLocal()
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(r.StackDir(room.StackBootstrap), "backend.tf"), local, 0o644)
}
