package backend_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/strongroom-dev/strongroom/internal/backend"
	"github.com/strongroom-dev/strongroom/internal/diag"
)

// stack writes files into a directory.
func stack(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func block(keyARN string) backend.Block {
	return backend.Block{S3: &backend.S3{Bucket: "acme-state", Key: "production", Region: "us-east-1", KMSKeyARN: keyARN}}
}

// A block that says the same already is left as it is, whoever wrote it and however.
func TestUnsetIsTheHistoricalBlockByteForByte(t *testing.T) {
	for name, text := range map[string]string{
		"a here-document":         "terraform {\n  backend \"s3\" {\n    bucket = \"acme-state\"\n    key    = \"production\"\n    region = \"us-east-1\"\n  }\n}\n",
		"no newline at the end":   "terraform {\n  backend \"s3\" {\n    bucket = \"acme-state\"\n    key    = \"production\"\n    region = \"us-east-1\"\n  }\n}",
		"tabs, not aligned":       "terraform {\n\tbackend \"s3\" {\n\t\tregion = \"us-east-1\"\n\t\tbucket = \"acme-state\"\n\t\tkey = \"production\"\n\t}\n}\n",
		"lines that end as DOS's": "# mine\r\nterraform {\r\n  backend \"s3\" {\r\n    bucket = \"acme-state\"\r\n    key = \"production\"\r\n    region = \"us-east-1\"\r\n  }\r\n}\r\n",
		"among others":            "variable \"a\" {}\nterraform {\n    required_version   =   \">= 1.10\"   # why\n    backend   \"s3\" {\n        # the bucket\n        bucket=\"acme-state\"\n        key=\"production\" // the key\n        region=\"us-east-1\"\n    }\n}\nlocals { x=1 }\n",
		"with its owner's own":    "terraform {\n  backend \"s3\" {\n    bucket         = \"acme-state\"\n    key            = \"production\"\n    region         = \"us-east-1\"\n    dynamodb_table = \"locks\"\n    assume_role = {\n      role_arn = \"arn:aws:iam::111122223333:role/state\"\n    }\n  }\n}\n",
	} {
		dir := stack(t, map[string]string{"backend.tf": text})
		if _, got, err := backend.Change(dir, block(""), nil); err != nil || string(got) != text {
			t.Errorf("%s: %v\n%s", name, err, cmp.Diff(text, string(got)))
		}
	}
}

// Of a file only what differs in the block is changed, and turning the switch on and
// off again leads back.
func TestChangeKeepsTheRest(t *testing.T) {
	const before, after = "variable   \"a\"   {}\n\n", "\nlocals {\n\tx=1 # not formatted\n}\n"
	own := "    profile = \"state\" # whose\n    assume_role = {\n      policy = <<-EOT\n  {\n}\n      EOT\n    }\n"
	off := "terraform {\n  required_version=\">= 1.10\"\n\n  # where states are\n  backend \"s3\" {\n    # of all teams\n    bucket  = \"acme-state\"\n    key     = \"production\"\n    region  = \"us-east-1\"\n" + strings.Replace(own, "assume_role =", "assume_role =", 1) + "  } # end\n}\n"
	dir := stack(t, map[string]string{"main.tf": before + off + after})
	path, on, err := backend.Change(dir, block(arn), nil)
	if err != nil {
		t.Fatal(err)
	}
	text := string(on)
	for _, want := range []string{before + "terraform {\n  required_version=\">= 1.10\"\n\n  # where states are\n  backend \"s3\" {\n    # of all teams\n", "# whose\n", "\n  {\n}\n      EOT\n", "  } # end\n}\n" + after, "kms_key_id = \"" + arn + "\"\n"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is gone:\n%s", want, text)
		}
	}
	if strings.Count(text, "# where states are") != 1 {
		t.Errorf("a comment is there twice:\n%s", text)
	}
	if err := backend.Write(path, on); err != nil {
		t.Fatal(err)
	}
	if _, again, err := backend.Change(dir, block(arn), nil); err != nil || string(again) != text {
		t.Errorf("a second change: %v\n%s", err, cmp.Diff(text, string(again)))
	}
	if _, back, err := backend.Change(dir, block(""), nil); err != nil || strings.Join(strings.Fields(string(back)), " ") != strings.Join(strings.Fields(before+off+after), " ") {
		t.Errorf("off again: %v\n%s", err, cmp.Diff(before+off+after, string(back)))
	}
}

func TestChangeOfCommonBlocks(t *testing.T) {
	const on = "\"us-east-1\"\n    encrypt    = true\n    kms_key_id = \"" + arn + "\"\n"
	for _, tt := range []struct{ name, text, want string }{
		{"nothing in it", "terraform {\n  backend \"s3\" {}\n}\n", "terraform {\n  backend \"s3\" {\n    bucket     = \"acme-state\"\n    key        = \"production\"\n    region     = " + on + "  }\n}\n"},
		{"one line", "terraform {\n  backend \"s3\" { profile = \"p\" }\n}\n", "terraform {\n  backend \"s3\" {\n    bucket     = \"acme-state\"\n    key        = \"production\"\n    region     = " + on + "    profile    = \"p\"\n  }\n}\n"},
		{"deeper in", "terraform {\n\t\tbackend \"s3\" {\n\t\tkey = \"production\"\n\t\t}\n}\n", "terraform {\n\t\tbackend \"s3\" {\n\t\t  key        = \"production\"\n\t\t  bucket     = \"acme-state\"\n\t\t  region     = \"us-east-1\"\n\t\t  encrypt    = true\n\t\t  kms_key_id = \"" + arn + "\"\n\t\t}\n}\n"},
		{"another key", "terraform {\n  backend \"s3\" {\n    bucket     = \"acme-state\"\n    key        = \"production\"\n    region     = \"us-east-1\"\n    encrypt    = true\n    kms_key_id = \"alias/x\" # old\n  }\n}\n", "terraform {\n  backend \"s3\" {\n    bucket     = \"acme-state\"\n    key        = \"production\"\n    region     = \"us-east-1\"\n    encrypt    = true\n    kms_key_id = \"" + arn + "\" # old\n  }\n}\n"},
		{"another type", "terraform {\n  backend \"local\" {\n    path = \"x\"\n  }\n}\n", "terraform {\n  backend \"s3\" {\n    bucket     = \"acme-state\"\n    key        = \"production\"\n    region     = " + on + "  }\n}\n"},
		{"no block", "# mine\nlocals {}\n", "# mine\nlocals {}\n\nterraform {\n  backend \"s3\" {\n    bucket     = \"acme-state\"\n    key        = \"production\"\n    region     = " + on + "  }\n}\n"},
		{"lines that end as DOS's", "terraform {\r\n  backend \"s3\" {}\r\n}\r\n", "terraform {\r\n  backend \"s3\" {\r\n    bucket     = \"acme-state\"\r\n    key        = \"production\"\r\n    region     = " + strings.ReplaceAll(on, "\n", "\r\n") + "  }\r\n}\r\n"},
	} {
		dir := stack(t, map[string]string{"backend.tf": tt.text})
		_, got, err := backend.Change(dir, block(arn), nil)
		if err != nil || string(got) != tt.want {
			t.Errorf("%s: %v\n%s", tt.name, err, cmp.Diff(tt.want, string(got)))
		}
	}
}

func TestEncryptionBesideTheBlock(t *testing.T) {
	dir := stack(t, map[string]string{"backend.tf": "terraform {\n    backend \"s3\" {\n        bucket=\"acme-state\"\n        key=\"production\"\n        region=\"us-east-1\"\n    }\n}\n"})
	seal := func(fallback bool) string {
		t.Helper()
		b := block("")
		b.Encryption = &backend.Encryption{KMSKeyARN: arn, Region: "us-east-1", Fallback: fallback}
		path, text, err := backend.Change(dir, b, nil)
		if err != nil {
			t.Fatal(err)
		}
		if err := backend.Write(path, text); err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	first := seal(true)
	if !strings.HasPrefix(first, "terraform {\n    backend \"s3\" {\n        bucket=\"acme-state\"\n") || !strings.Contains(first, "    }\n\n    encryption {\n      key_provider \"aws_kms\" \"state\" {\n") || !strings.Contains(first, "fallback") {
		t.Errorf("with a fallback:\n%s", first)
	}
	if second := seal(true); second != first {
		t.Error(cmp.Diff(first, second))
	}
	last := seal(false)
	if strings.Contains(last, "fallback") || strings.Count(last, "encryption {") != 1 || !strings.Contains(last, "enforced = true") {
		t.Errorf("without it:\n%s", last)
	}
	// The switch off leaves it: OpenTofu could not read its states without it.
	if _, text, err := backend.Change(dir, block(""), nil); err != nil || string(text) != last {
		t.Errorf("%v\n%s", err, cmp.Diff(last, string(text)))
	}
	apart := stack(t, map[string]string{"backend.tf": "terraform {\n  backend \"s3\" {}\n}\n", "seal.tf": "terraform {\n  encryption {\n    state {\n    }\n  }\n}\n"})
	b := block("")
	b.Encryption = &backend.Encryption{KMSKeyARN: arn, Region: "us-east-1"}
	refused(t, apart, b, "backend-encryption-elsewhere")
}

func refused(t *testing.T, dir string, b backend.Block, rule string) {
	t.Helper()
	var d *diag.Diagnostic
	if _, _, err := backend.Change(dir, b, nil); !errors.As(err, &d) || d.Rule != rule {
		t.Errorf("got %v, want %s", err, rule)
	}
}

// A block that stands elsewhere decides where the state is.
func TestBlocksElsewhereAreRefused(t *testing.T) {
	const own = "terraform {\n  backend \"s3\" {}\n}\n"
	for name, files := range map[string]map[string]string{
		"backend-elsewhere JSON":     {"main.tf": "", "backend.tf.json": `{"terraform":{"backend":{"s3":{}}}}`},
		"backend-elsewhere lists":    {"main.tf": "", "backend.tf.json": `{"terraform":[{"required_version":">= 1"},{"cloud":{}}]}`},
		"backend-elsewhere OpenTofu": {"main.tf": own, "backend.tofu": own},
		"backend-elsewhere JSON too": {"main.tf": own, "x_override.tf.json": `{"terraform":{"backend":{"local":{}}}}`},
		"backend-elsewhere override": {"main.tf": own, "backend_override.tf": own},
		"backend-twice":              {"main.tf": own, "other.tf": own},
		"backend-cloud":              {"main.tf": "terraform {\n  cloud {}\n}\n"},
		"backend-syntax":             {"main.tf": "terraform {"},
	} {
		rule, _, _ := strings.Cut(name, " ")
		refused(t, stack(t, files), block(""), rule)
	}
	for name, files := range map[string]map[string]string{
		"others":       {"main.tf": own, "a.tf.json": `{"terraform":{"required_version":">= 1"}}`, "b.tofu": "terraform {\n  required_version = \">= 1\"\n}\n", "c.tf.json": "no"},
		"a move's own": {"main.tf": own, "strongroom_migrate_override.tf.json": `{"terraform":{"backend":{"local":{}}}}`},
	} {
		if _, err := backend.Find(stack(t, files)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// What several stacks share by a link stays shared.
func TestWriteFollowsLinks(t *testing.T) {
	dir := stack(t, map[string]string{"shared": "old"})
	link := filepath.Join(dir, "backend.tf")
	if err := os.Symlink("shared", link); err != nil {
		t.Skip("no links here: ", err)
	}
	if err := backend.Write(link, []byte("new")); err != nil {
		t.Fatal(err)
	}
	if text, err := os.ReadFile(filepath.Join(dir, "shared")); err != nil || string(text) != "new" {
		t.Errorf("%q, %v", text, err)
	}
	if info, err := os.Lstat(link); err != nil || info.Mode()&os.ModeSymlink == 0 {
		t.Errorf("the link is gone: %v", err)
	}
}
