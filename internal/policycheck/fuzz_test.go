package policycheck_test

import (
	"io"
	"strings"
	"testing"

	"github.com/strongroom-dev/strongroom/internal/diag"
	"github.com/strongroom-dev/strongroom/internal/policycheck"
	"github.com/strongroom-dev/strongroom/policy"
)

// Whatever the text, the check ends, its places are in the text, and a policy
// that the engine refuses is never without an error.
func FuzzCheckJSON(f *testing.F) {
	for _, r := range policycheck.Rules() {
		if len(r.Wrong) < 2000 {
			f.Add(r.Wrong, uint8(r.Kind))
			f.Add(r.Right, uint8(r.Kind))
		}
	}
	f.Fuzz(func(t *testing.T, text string, k uint8) {
		kind := policy.Kind(k % 9)
		if s := strings.TrimSpace(text); len(s) == 0 || s[0] != '{' {
			return
		}
		r := policycheck.Run([]string{"-"}, policycheck.Options{Kind: &kind, Stdin: strings.NewReader(text)})
		lines := strings.Count(text, "\n") + 1
		for _, f := range r.Findings {
			if f.At.Line < 1 || f.At.Line > lines || f.At.Column < 1 {
				t.Fatalf("%s at %s of %d lines", f.Rule.ID, f.At, lines)
			}
		}
		if _, err := policy.Parse("", []byte(text), kind); err != nil && len(r.Unreadable) == 0 && r.Count(policycheck.Error) == 0 {
			t.Fatalf("no error, and the engine says: %v", err)
		}
		if err := r.Human(io.Discard, diag.Style{}); err != nil {
			t.Fatal(err)
		}
	})
}

// Whatever the configuration, the check ends and its places are in the file.
func FuzzCheckConfiguration(f *testing.F) {
	f.Add("resource \"aws_iam_policy\" \"p\" {\n  policy = <<-EOT\n    {\"Statement\": [{\"Effect\": \"Allow\", \"Action\": \"${var.x}\", \"Resource\": ${jsonencode(local.y)}}]}\n  EOT\n}\nlocals {\n  y = [\"*\"]\n}\n")
	f.Add("data \"aws_iam_policy_document\" \"d\" {\n  statement {\n    actions = concat([\"s3:*\"], var.more)\n    resources = [\"&{aws:x}\"]\n    dynamic \"condition\" {\n    }\n  }\n}\n")
	f.Add("resource \"aws_iam_role\" \"r\" {\n  assume_role_policy = jsonencode({ Version = \"2012-10-17\", (var.s) = merge({ a = 1 }, local.b) })\n}\n")
	f.Add("resource \"aws_iam_policy\" \"p\" {\n  policy = \"{\\\"Statement\\\": \\u00e9 $${x} %%{y}\"\n}\n")
	f.Fuzz(func(t *testing.T, text string) {
		r := policycheck.Run([]string{"-"}, policycheck.Options{Stdin: strings.NewReader(text)})
		lines := strings.Count(text, "\n") + 1
		for _, f := range r.Findings {
			if f.At.Line < 1 || f.At.Line > lines || f.At.Column < 1 {
				t.Fatalf("%s at %s of %d lines", f.Rule.ID, f.At, lines)
			}
		}
	})
}
