package policytest

import (
	"embed"
	"fmt"
)

//go:embed corpus/*.jsonl
var files embed.FS

// Corpus returns the cases that ship with this package, in a fixed order. An
// error means that the build itself is broken.
func Corpus() ([]Case, error) {
	entries, err := files.ReadDir("corpus")
	if err != nil {
		return nil, err
	}
	var all []Case
	for _, e := range entries {
		f, err := files.Open("corpus/" + e.Name())
		if err != nil {
			return nil, err
		}
		cases, bad, err := Read(e.Name(), f)
		f.Close()
		if err != nil {
			return nil, err
		}
		if len(bad) > 0 {
			return nil, bad[0]
		}
		all = append(all, cases...)
	}
	if len(all) == 0 {
		return nil, fmt.Errorf("the embedded corpus is empty: look into policy/policytest/corpus")
	}
	return all, nil
}
