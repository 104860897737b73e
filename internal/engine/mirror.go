package engine

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/strongroom-dev/strongroom/internal/diag"
)

// layMirror lays plugins out as a filesystem mirror below dir, for both
// registries' names, and writes a CLI configuration that installs from it. It
// returns that file. own is the user's configuration to keep in front; it may
// be nil.
//
// The directories are real ones: an engine does not follow a symbolic link to
// a directory when it reads a mirror. The binary is large (0.7 GB), so it is
// linked where the file system allows it, and else copied once.
func layMirror(dir string, found []plugin, own []byte) (string, error) {
	for _, p := range found {
		for _, host := range []string{registryHost[Terraform], registryHost[OpenTofu]} {
			to := filepath.Join(dir, host, "hashicorp", "aws", p.version.String(), platform(), filepath.Base(p.path))
			if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
				return "", mirrorError(to, err)
			}
			from := p.path
			if host == registryHost[OpenTofu] { // at most one copy: link the second to the first
				from = filepath.Join(dir, registryHost[Terraform], "hashicorp", "aws", p.version.String(), platform(), filepath.Base(p.path))
			}
			if err := place(from, to); err != nil {
				return "", mirrorError(to, err)
			}
		}
	}
	text := fmt.Sprintf(`# Written by strongroom: providers that are on this machine, for both engines.
provider_installation {
  filesystem_mirror {
    path    = %q
    include = ["registry.terraform.io/hashicorp/aws", "registry.opentofu.org/hashicorp/aws"]
  }
  direct {
    exclude = ["registry.terraform.io/hashicorp/aws", "registry.opentofu.org/hashicorp/aws"]
  }
}
`, filepath.ToSlash(dir))
	if len(own) > 0 {
		text = strings.TrimRight(string(own), "\n") + "\n\n" + text
	}
	file := filepath.Join(dir, "mirror.tfrc")
	if have, err := os.ReadFile(file); err == nil && string(have) == text {
		return file, nil
	}
	// 0600: the user's part may hold registry credentials.
	if err := replaceFile(file, []byte(text), 0o600); err != nil {
		return "", mirrorError(file, err)
	}
	return file, nil
}

// place puts the file from at to: it stays if it is the same file or has the
// same size and time, else it is linked, else copied.
func place(from, to string) error {
	src, err := os.Stat(from)
	if err != nil {
		return err
	}
	if dst, err := os.Stat(to); err == nil {
		if os.SameFile(src, dst) || dst.Size() == src.Size() && dst.ModTime().Equal(src.ModTime()) {
			return nil
		}
	}
	temp, err := os.CreateTemp(filepath.Dir(filepath.Dir(to)), ".placing-*")
	if err != nil {
		return err
	}
	defer os.Remove(temp.Name())
	// Link to a name of its own, then rename: two processes may do this at once.
	link := temp.Name() + ".link"
	if err := os.Link(from, link); err == nil {
		defer os.Remove(link)
		return errors.Join(temp.Close(), os.Rename(link, to))
	}
	in, err := os.Open(from)
	if err != nil {
		return errors.Join(err, temp.Close())
	}
	defer in.Close()
	if _, err := io.Copy(temp, in); err != nil {
		return errors.Join(err, temp.Close())
	}
	if err := errors.Join(temp.Chmod(0o755), temp.Sync(), temp.Close()); err != nil {
		return err
	}
	if err := os.Chtimes(temp.Name(), src.ModTime(), src.ModTime()); err != nil {
		return err
	}
	return os.Rename(temp.Name(), to)
}

// replaceFile writes a file so that a reader sees the old or the new text, never a part.
func replaceFile(path string, data []byte, mode os.FileMode) error {
	temp, err := os.CreateTemp(filepath.Dir(path), ".writing-*")
	if err != nil {
		return err
	}
	defer os.Remove(temp.Name())
	_, err = temp.Write(data)
	if err := errors.Join(err, temp.Chmod(mode), temp.Sync(), temp.Close()); err != nil {
		return err
	}
	return os.Rename(temp.Name(), path)
}

func mirrorError(path string, err error) error {
	return &diag.Diagnostic{
		Rule: "provider-mirror", Summary: fmt.Sprintf("cannot lay out the provider mirror: %v", err), Found: path, Err: err,
		Why: "the engine installs the AWS provider (0.7 GB) from there",
		Fix: "free some space, or move the cache: XDG_CACHE_HOME=/path/with/space",
	}
}
