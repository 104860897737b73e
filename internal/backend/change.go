package backend

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/hashicorp/hcl/v2/hclwrite"

	"github.com/strongroom-dev/strongroom/internal/atomicfile"
	"github.com/strongroom-dev/strongroom/internal/diag"
)

// ours are the attributes that a block is given or not: those that stand in a block
// of the type and are not set go, all others are its owner's and stay.
var ours = map[string][]string{
	"s3":    {"bucket", "key", "region", "encrypt", "kms_key_id", "use_lockfile"},
	"http":  {"address", "lock_address", "lock_method", "unlock_address", "unlock_method", "retry_wait_min"},
	"local": {"path"},
}

// Change returns the file that has to be written for a stack to have this block, and
// its text: every other byte of it is as it was, and all of them if the block says the
// same already. What the block sets beyond b stays, if it is of the same type. A file
// that holds nothing but the block is replaced by whole, if that is not nil. An
// encryption block beside it is replaced if b has one, and else left as it is.
func Change(dir string, b Block, whole []byte) (path string, text []byte, err error) {
	found, err := Find(dir)
	if err != nil {
		return "", nil, err
	}
	if found.block == nil {
		path = filepath.Join(dir, FileName)
		src, err := os.ReadFile(path)
		switch {
		case errors.Is(err, os.ErrNotExist) && whole != nil:
			return path, whole, nil
		case err != nil && !errors.Is(err, os.ErrNotExist):
			return "", nil, fmt.Errorf("read the stack: %w", err)
		}
		return path, appended(src, b.Text()), nil
	}
	if whole != nil && alone(found.file) {
		return found.Path, whole, nil
	}
	text = found.src
	if !found.says(b) {
		if text, err = splice(text, found.Path, "backend", found.changed(b), true); err != nil {
			return "", nil, err
		}
	}
	if b.Encryption != nil && !found.Encrypts() && Encrypts(dir) {
		return "", nil, &diag.Diagnostic{
			Rule: "backend-encryption-elsewhere", Summary: "the stack has an encryption block apart from its backend block", At: diag.Location{File: found.Path},
			Why: "OpenTofu accepts one", Fix: "move it beside the backend block in " + found.Path + ", or remove it",
		}
	}
	if b.Encryption != nil && !found.encrypts(b.Encryption) {
		file := hclwrite.NewEmptyFile()
		b.Encryption.fill(file.Body().AppendNewBlock("encryption", nil).Body())
		if text, err = splice(text, found.Path, "encryption", hclwrite.Format(file.Bytes()), found.Encrypts()); err != nil {
			return "", nil, err
		}
	}
	return found.Path, text, nil
}

// says reports whether the block that is there has what b has, and nothing of ours
// beyond it.
func (f *Found) says(b Block) bool {
	if f.Type != b.Type() {
		return false
	}
	want := hclwrite.NewEmptyFile().Body()
	b.fill(want)
	have := f.block.Body()
	for _, name := range ours[f.Type] {
		x, y := have.GetAttribute(name), want.GetAttribute(name)
		if (x == nil) != (y == nil) || x != nil && expression(x) != expression(y) {
			return false
		}
	}
	return true
}

// encrypts reports whether the encryption block that is there has what e has.
func (f *Found) encrypts(e *Encryption) bool {
	if !f.Encrypts() {
		return false
	}
	want := hclwrite.NewEmptyFile().Body()
	e.fill(want)
	return words(f.outer.FirstMatchingBlock("encryption", nil).Body()) == words(want)
}

// words is a body without its spaces, lines and comments.
func words(body *hclwrite.Body) string {
	var b strings.Builder
	for _, t := range body.BuildTokens(nil) {
		if t.Type != hclsyntax.TokenNewline && t.Type != hclsyntax.TokenComment {
			b.Write(t.Bytes)
			b.WriteByte(' ')
		}
	}
	return b.String()
}

func expression(a *hclwrite.Attribute) string {
	return strings.TrimSpace(string(a.Expr().BuildTokens(nil).Bytes()))
}

// changed is the text of the block that is there, made to say what b says. A block of
// another type is replaced as a whole.
func (f *Found) changed(b Block) []byte {
	block, old := f.block, f.block.Body()
	oneLine := !bytes.Contains(old.BuildTokens(nil).Bytes(), []byte("\n"))
	if f.Type != b.Type() || oneLine {
		file := hclwrite.NewEmptyFile()
		block = file.Body().AppendNewBlock("backend", []string{b.Type()})
		b.fill(block.Body())
		if f.Type == b.Type() { // on one line there is one attribute at most
			for name, a := range old.Attributes() {
				if !slices.Contains(ours[f.Type], name) {
					block.Body().SetAttributeRaw(name, a.Expr().BuildTokens(nil))
				}
			}
		}
		return hclwrite.Format(file.Bytes())
	}
	want := hclwrite.NewEmptyFile().Body()
	b.fill(want)
	for _, name := range ours[f.Type] {
		x, y := old.GetAttribute(name), want.GetAttribute(name)
		switch {
		case y == nil && x != nil:
			old.RemoveAttribute(name)
		case y != nil && (x == nil || expression(x) != expression(y)):
			old.SetAttributeRaw(name, y.Expr().BuildTokens(nil))
		}
	}
	return hclwrite.Format(block.BuildTokens(nil).Bytes())
}

// splice puts the text of a block where the block of that type stands in a terraform
// block, or, if it is not there, behind the backend block. Lines end as the file's do,
// and begin as far in as the block did.
func splice(src []byte, path, typ string, text []byte, there bool) ([]byte, error) {
	file, problems := hclsyntax.ParseConfig(src, path, hcl.InitialPos)
	if problems.HasErrors() {
		return nil, problems // Find has parsed it
	}
	anchor := typ
	if !there {
		anchor = "backend"
	}
	for _, outer := range file.Body.(*hclsyntax.Body).Blocks { // what hclsyntax returns
		if outer.Type != "terraform" {
			continue
		}
		holds := slices.ContainsFunc(outer.Body.Blocks, func(b *hclsyntax.Block) bool { return b.Type == "backend" })
		for _, inner := range outer.Body.Blocks {
			if !holds || inner.Type != anchor {
				continue
			}
			from, to := inner.TypeRange.Start.Byte, inner.CloseBraceRange.End.Byte
			line := src[bytes.LastIndexByte(src[:from], '\n')+1 : from]
			indent := string(line[:len(line)-len(bytes.TrimLeft(line, " \t"))])
			var out bytes.Buffer
			if there {
				out.Write(src[:from])
			} else {
				out.Write(src[:to])
				out.WriteString("\n\n" + indent)
			}
			body, err := indented(text, indent)
			if err != nil {
				return nil, err
			}
			out.Write(body)
			out.Write(src[to:])
			return endings(src, out.Bytes()), nil
		}
	}
	return nil, fmt.Errorf("%s has no %s block any more", path, anchor)
}

// indented is the block in text, without what stands around it, with its lines but the
// first moved in. Those of a text in a heredoc stay where they are.
func indented(text []byte, indent string) ([]byte, error) {
	text = bytes.ReplaceAll(text, []byte("\r\n"), []byte("\n"))
	file, problems := hclsyntax.ParseConfig(text, "", hcl.InitialPos)
	if problems.HasErrors() {
		return nil, problems // it was made here
	}
	block := file.Body.(*hclsyntax.Body).Blocks[0]
	text = text[block.TypeRange.Start.Byte:block.CloseBraceRange.End.Byte]
	tokens, problems := hclsyntax.LexConfig(text, "", hcl.InitialPos)
	if problems.HasErrors() {
		return nil, problems
	}
	inside := map[int]bool{} // lines of heredocs
	begin := 0
	for _, t := range tokens {
		switch t.Type {
		case hclsyntax.TokenOHeredoc:
			begin = t.Range.Start.Line + 1
		case hclsyntax.TokenCHeredoc:
			for n := begin; n <= t.Range.Start.Line; n++ {
				inside[n] = true
			}
		}
	}
	lines := bytes.Split(text, []byte("\n"))
	for i, line := range lines {
		if i > 0 && len(line) > 0 && !inside[i+1] {
			lines[i] = append([]byte(indent), line...)
		}
	}
	return bytes.Join(lines, []byte("\n")), nil
}

// appended adds a block to a file.
func appended(src, text []byte) []byte {
	if len(src) == 0 {
		return text
	}
	out := bytes.TrimRight(src, "\r\n")
	if len(out) == 0 {
		return text
	}
	return endings(src, append(append(slices.Clone(out), "\n\n"...), text...))
}

// endings makes all lines end as those of src do.
func endings(src, text []byte) []byte {
	if !bytes.Contains(src, []byte("\r\n")) {
		return text
	}
	return bytes.ReplaceAll(bytes.ReplaceAll(text, []byte("\r\n"), []byte("\n")), []byte("\n"), []byte("\r\n"))
}

// alone reports whether a file holds a terraform block with a backend block in it,
// and nothing else but comments.
func alone(file *hclwrite.File) bool {
	top := file.Body()
	if len(top.Attributes()) > 0 || len(top.Blocks()) != 1 {
		return false
	}
	inner := top.Blocks()[0].Body()
	return len(inner.Attributes()) == 0 && len(inner.Blocks()) == 1
}

// Write replaces a stack's file, or what a link of that name leads to. A new one can
// be read by everybody: configuration is not secret.
func Write(path string, text []byte) error {
	if target, err := filepath.EvalSymlinks(path); err == nil {
		path = target
	}
	return atomicfile.Write(path, text, 0o644)
}
