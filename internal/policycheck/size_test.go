package policycheck_test

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/strongroom-dev/strongroom/internal/policycheck"
)

// sized is a policy of n characters without white space.
func sized(principal string, n int) string {
	head := `{"Version":"2012-10-17","Statement":[{"Sid":"`
	tail := `","Effect":"Deny",` + principal + `"Action":"sns:*","Resource":"*"}]}`
	if strings.Contains(principal, "sts") {
		tail = `","Effect":"Deny","Principal":{"AWS":"111122223333"},"Action":"sts:AssumeRole"}]}`
	}
	return head + strings.Repeat("a", n-len(head)-len(tail)) + tail
}

// Each quota is taken at its last character, and passed by one more. White space
// does not count where AWS does not count it.
func TestSizes(t *testing.T) {
	const everyone = `"Principal":{"AWS":"111122223333"},`
	for _, c := range []struct {
		kind, principal string
		most            int
		severity        policycheck.Severity
		spaceless       bool
	}{
		{"identity", "", 10240, policycheck.Error, true},
		{"identity", "", 6144, policycheck.Warning, true},
		{"boundary", "", 6144, policycheck.Error, true},
		{"trust", "sts", 4096, policycheck.Error, true},
		{"trust", "sts", 2048, policycheck.Warning, true},
		{"session", "", 2048, policycheck.Error, false},
		{"scp", "", 10240, policycheck.Error, false},
		{"scp", "", 5120, policycheck.Warning, false},
		{"key", everyone, 32768, policycheck.Error, false},
		{"endpoint", everyone, 20480, policycheck.Error, true},
	} {
		kind, _ := policycheck.ParseKind(c.kind)
		for _, more := range []int{0, 1} {
			text := sized(c.principal, c.most+more)
			if c.spaceless {
				text = strings.ReplaceAll(text, `":"`, "\": \n\t\"")
			}
			r := policycheck.Run([]string{"-"}, policycheck.Options{Kind: &kind, Stdin: strings.NewReader(text)})
			got := slices.ContainsFunc(r.Findings, func(f *policycheck.Finding) bool { return f.Rule.ID == "policy-size" && f.Severity == c.severity })
			if got != (more == 1) {
				t.Errorf("%s of %d: too large: %t", c.kind, c.most+more, got)
			}
		}
	}
}

// In configuration the resource says which quota it is.
func TestSizesOfResources(t *testing.T) {
	t.Chdir(t.TempDir())
	for resource, most := range map[string]int{
		"aws_iam_policy": 6144, "aws_iam_user_policy": 2048, "aws_iam_group_policy": 5120, "aws_iam_role_policy": 10240, "aws_s3_bucket_policy": 20480,
	} {
		principal := ""
		if resource == "aws_s3_bucket_policy" {
			principal = `"Principal":{"AWS":"111122223333"},`
		}
		for _, more := range []int{0, 1} {
			text := fmt.Sprintf("resource %q \"x\" {\n  policy = jsonencode(%s)\n}\n", resource, sized(principal, most+more))
			if err := os.WriteFile("main.tf", []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			r := policycheck.Run([]string{"main.tf"}, policycheck.Options{})
			if got := r.Count(policycheck.Error) == 1; got != (more == 1) {
				t.Errorf("%s of %d: too large: %t", resource, most+more, got)
			}
		}
	}
}

// The kind of a document is what its elements leave, and --kind overrides it: a
// trust policy has no Resource, a key policy has the key alone as resource.
func TestKindIsGuessed(t *testing.T) {
	for text, refused := range map[string]string{
		`{"Statement": [{"Effect": "Allow", "Principal": {"AWS": "111122223333"}, "Action": "sts:AssumeRole"}]}`:                                             "resource",
		`{"Statement": [{"Effect": "Allow", "Principal": {"AWS": "111122223333"}, "Action": "kms:*", "Resource": "*"}]}`:                                     "identity",
		`{"Statement": [{"Effect": "Allow", "Principal": {"AWS": "111122223333"}, "Action": "s3:GetObject", "Resource": "arn:aws:s3:::b/*"}]}`:               "trust",
		`{"Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::b/*"}]}`:                                                     "key",
		`{"Statement": [{"Sid": "a b", "Effect": "Allow", "Principal": {"AWS": "111122223333"}, "Action": "s3:GetObject", "Resource": "arn:aws:s3:::b/*"}]}`: "rcp",
	} {
		if r := policycheck.Run([]string{"-"}, policycheck.Options{Stdin: strings.NewReader(text)}); len(r.Findings) > 0 {
			t.Errorf("%s: %s", text, r.Findings[0].Message)
		}
		kind, ok := policycheck.ParseKind(refused)
		if r := policycheck.Run([]string{"-"}, policycheck.Options{Kind: &kind, Stdin: strings.NewReader(text)}); !ok || r.Count(policycheck.Error) == 0 {
			t.Errorf("%s is taken for a policy of kind %s", text, refused)
		}
	}
	if _, ok := policycheck.ParseKind("bucket"); ok {
		t.Error("there is a kind bucket")
	}
}
