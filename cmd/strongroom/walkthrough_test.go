package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"
)

// The walkthrough's commands, outputs and files are those that the script runs:
// what the page shows has happened.
func TestWalkthroughIsThatOfTheScript(t *testing.T) {
	archive, err := txtar.ParseFile(filepath.Join("testdata", "script", "token_403.txtar"))
	if err != nil {
		t.Fatal(err)
	}
	page, err := os.ReadFile(filepath.Join("..", "..", "docs", "a-403-explained.md"))
	if err != nil {
		t.Fatal(err)
	}
	shown := blocks(string(page), "console")
	for _, f := range archive.Files {
		switch {
		case f.Name == "transcript":
			if shown != string(f.Data) {
				t.Errorf("the page shows\n%s\nand the script runs\n%s", shown, f.Data)
			}
		case strings.HasPrefix(f.Name, "docs/"):
			data, err := os.ReadFile(filepath.Join("..", "..", filepath.FromSlash(f.Name)))
			if err != nil {
				t.Fatal(err)
			}
			if string(data) != string(f.Data) {
				t.Errorf("%s differs from the script's", f.Name)
			}
			if f.Name == "docs/a-403/trust.json" && blocks(string(page), "json") != string(data) {
				t.Errorf("the page shows another %s", f.Name)
			}
		}
	}
	if strings.Count(shown, "\n$ ") < 10 {
		t.Errorf("the page has lost its commands: %q", shown)
	}
}

// blocks joins the fenced blocks of a language.
func blocks(page, language string) string {
	var b strings.Builder
	for {
		_, rest, ok := strings.Cut(page, "```"+language+"\n")
		if !ok {
			return b.String()
		}
		block, after, _ := strings.Cut(rest, "```\n")
		b.WriteString(block)
		page = after
	}
}
