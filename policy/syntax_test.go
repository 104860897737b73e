package policy_test

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/strongroom-dev/strongroom/policy"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// golden compares got with testdata/name.
func golden(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s differs; run go test -update and read the diff\ngot:\n%s\nwant:\n%s", file, got, want)
	}
}

// bad lists documents that must be refused; "S" stands for a policy around one
// statement.
var bad = []struct {
	name string
	kind policy.Kind
	src  string
}{
	// The text itself.
	{"empty", policy.Identity, ``},
	{"not an object", policy.Identity, `[]`},
	{"truncated", policy.Identity, `{"Version": "2012-10-17", "Statement": [{"Effect": "Allow"`},
	{"trailing text", policy.Identity, `S{"Effect": "Allow", "Action": "*", "Resource": "*"}S x`},
	{"trailing comma", policy.Identity, `{"Version": "2012-10-17",}`},
	{"open string", policy.Identity, `{"Version`},
	{"bad escape", policy.Identity, `{"\x": 1}`},
	{"lone surrogate", policy.Identity, `{"Id": "\ud800"}`},
	{"control character", policy.Identity, "{\"Id\": \"a\nb\"}"},
	{"invalid UTF-8", policy.Identity, "{\"Id\": \"\xff\"}"},
	{"bad number", policy.Identity, `{"Id": 01}`},
	{"number without digits", policy.Identity, `{"Id": -}`},
	{"number without a fraction", policy.Identity, `{"Id": 1.}`},
	{"number without an exponent", policy.Identity, `{"Id": 1e+}`},
	{"exponent", policy.Identity, `C{"NumericEquals": {"s3:max-keys": 1.5e3}}C`},
	{"half a surrogate pair", policy.Identity, `{"Id": "\ud800\u0041"}`},
	{"short escape", policy.Identity, `{"Id": "\u00`},
	{"too deep", policy.Identity, strings.Repeat("[", 40)},
	{"column in characters", policy.Identity, "{\"Id\": \"\u00e9\u4e16\", \"Wrong\": 1}"},
	{"second line", policy.Identity, "{\n  \"Version\": \"2012-10-17\",\n  \"Statment\": []}"},
	{"duplicate element", policy.Identity, "S{\"Effect\": \"Allow\",\n\"Action\": \"*\", \"Effect\": \"Deny\", \"Resource\": \"*\"}S"},
	{"duplicate operator", policy.Identity, `S{"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": {"Bool": {"aws:SecureTransport": "true"}, "Bool": {"aws:SecureTransport": "false"}}}S`},
	// The document.
	{"no statement", policy.Identity, `{"Version": "2012-10-17"}`},
	{"empty statement list", policy.Identity, `{"Version": "2012-10-17", "Statement": []}`},
	{"statement is text", policy.Identity, `{"Version": "2012-10-17", "Statement": "Allow"}`},
	{"version", policy.Identity, `{"Version": "2012-10-18", "Statement": []}`},
	{"version is a number", policy.Identity, `{"Version": 2012, "Statement": []}`},
	{"unknown element", policy.Identity, `{"Version": "2012-10-17", "Comment": "x", "Statement": []}`},
	{"element in the wrong case", policy.Identity, `S{"effect": "Allow", "Action": "*", "Resource": "*"}S`},
	{"Id is an object", policy.Identity, `{"Id": {}, "Statement": []}`},
	// Statements.
	{"statement in a list is text", policy.Identity, `SnullS`},
	{"no effect", policy.Identity, `S{"Action": "*", "Resource": "*"}S`},
	{"effect in the wrong case", policy.Identity, `S{"Effect": "allow", "Action": "*", "Resource": "*"}S`},
	{"effect is a boolean", policy.Identity, `S{"Effect": true, "Action": "*", "Resource": "*"}S`},
	{"Sid is a number", policy.Identity, `S{"Sid": 1, "Effect": "Allow", "Action": "*", "Resource": "*"}S`},
	{"Sid characters", policy.Identity, `S{"Sid": "allow all", "Effect": "Allow", "Action": "*", "Resource": "*"}S`},
	{"Sid twice", policy.Identity, `S{"Sid": "A", "Effect": "Allow", "Action": "*", "Resource": "*"}, {"Sid": "A", "Effect": "Deny", "Action": "*", "Resource": "*"}S`},
	{"Action and NotAction", policy.Identity, `S{"Effect": "Allow", "Action": "*", "NotAction": "s3:*", "Resource": "*"}S`},
	{"no action", policy.Identity, `S{"Effect": "Allow", "Resource": "*"}S`},
	{"empty action list", policy.Identity, `S{"Effect": "Allow", "Action": [], "Resource": "*"}S`},
	{"action is a number", policy.Identity, `S{"Effect": "Allow", "Action": ["s3:*", 1], "Resource": "*"}S`},
	{"action without service", policy.Identity, `S{"Effect": "Allow", "Action": "GetObject", "Resource": "*"}S`},
	{"service wildcard in action", policy.Identity, `S{"Effect": "Allow", "Action": "s*:Get", "Resource": "*"}S`},
	{"bad vendor", policy.Identity, `S{"Effect": "Allow", "Action": "s 3:Get", "Resource": "*"}S`},
	{"bad action name", policy.Identity, `S{"Effect": "Allow", "Action": "s3:Get Object", "Resource": "*"}S`},
	{"no resource", policy.Identity, `S{"Effect": "Allow", "Action": "*"}S`},
	{"empty resource list", policy.Identity, `S{"Effect": "Allow", "Action": "*", "Resource": []}S`},
	{"resource is no ARN", policy.Identity, `S{"Effect": "Allow", "Action": "*", "Resource": "bucket/*"}S`},
	{"empty resource", policy.Identity, `S{"Effect": "Allow", "Action": "*", "Resource": ""}S`},
	{"short ARN", policy.Identity, `S{"Effect": "Allow", "Action": "*", "Resource": "arn:aws:s3:bucket"}S`},
	{"service wildcard in resource", policy.Identity, `S{"Effect": "Allow", "Action": "*", "Resource": "arn:aws:*:::bucket"}S`},
	{"Resource and NotResource", policy.Identity, `S{"Effect": "Allow", "Action": "*", "Resource": "*", "NotResource": "*"}S`},
	{"open variable", policy.Identity, `S{"Effect": "Allow", "Action": "*", "Resource": "arn:aws:s3:::b/${aws:username"}S`},
	{"variable without name", policy.Identity, `S{"Effect": "Allow", "Action": "*", "Resource": "arn:aws:s3:::b/${}"}S`},
	{"default without quotes", policy.Identity, `S{"Effect": "Allow", "Action": "*", "Resource": "arn:aws:s3:::b/${aws:username, x}"}S`},
	{"default not closed", policy.Identity, `S{"Effect": "Allow", "Action": "*", "Resource": "arn:aws:s3:::b/${aws:username, 'x}"}S`},
	// Elements by kind.
	{"principal in an identity policy", policy.Identity, `S{"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}S`},
	{"principal in an SCP", policy.SCP, `S{"Effect": "Deny", "Principal": "*", "Action": "*", "Resource": "*"}S`},
	{"principal in a boundary", policy.Boundary, `S{"Effect": "Deny", "NotPrincipal": "*", "Action": "*", "Resource": "*"}S`},
	{"no principal in a resource policy", policy.Resource, `S{"Effect": "Allow", "Action": "*", "Resource": "*"}S`},
	{"no principal in an RCP", policy.RCP, `S{"Effect": "Deny", "Action": "*", "Resource": "*"}S`},
	{"no principal in a key policy", policy.Key, `S{"Effect": "Allow", "Action": "kms:*", "Resource": "*"}S`},
	{"no principal in an endpoint policy", policy.Endpoint, `S{"Effect": "Allow", "Action": "*", "Resource": "*"}S`},
	{"principal in a session policy", policy.Session, `S{"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}S`},
	{"principal of an RCP", policy.RCP, `S{"Effect": "Deny", "Principal": {"AWS": "111122223333"}, "Action": "*", "Resource": "*"}S`},
	{"resource in a trust policy", policy.Trust, `S{"Effect": "Allow", "Principal": "*", "Action": "sts:AssumeRole", "Resource": "*"}S`},
	{"NotPrincipal in a trust policy", policy.Trust, `S{"Effect": "Deny", "NotPrincipal": {"AWS": "111122223333"}, "Action": "sts:AssumeRole"}S`},
	{"NotPrincipal with Allow", policy.Resource, `S{"Effect": "Allow", "NotPrincipal": {"AWS": "111122223333"}, "Action": "*", "Resource": "*"}S`},
	{"Principal and NotPrincipal", policy.Resource, `S{"Effect": "Deny", "Principal": "*", "NotPrincipal": {"AWS": "111122223333"}, "Action": "*", "Resource": "*"}S`},
	// Principals.
	{"bare principal", policy.Resource, `S{"Effect": "Allow", "Principal": "111122223333", "Action": "*", "Resource": "*"}S`},
	{"principal type", policy.Resource, `S{"Effect": "Allow", "Principal": {"Aws": "*"}, "Action": "*", "Resource": "*"}S`},
	{"empty principal", policy.Resource, `S{"Effect": "Allow", "Principal": {}, "Action": "*", "Resource": "*"}S`},
	{"empty principal list", policy.Resource, `S{"Effect": "Allow", "Principal": {"AWS": []}, "Action": "*", "Resource": "*"}S`},
	{"principal is a list", policy.Resource, `S{"Effect": "Allow", "Principal": ["*"], "Action": "*", "Resource": "*"}S`},
	{"principal is no ARN", policy.Resource, `S{"Effect": "Allow", "Principal": {"AWS": "ann"}, "Action": "*", "Resource": "*"}S`},
	{"a group is no principal", policy.Resource, `S{"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::111122223333:group/g"}, "Action": "*", "Resource": "*"}S`},
	{"service is an ARN", policy.Resource, `S{"Effect": "Allow", "Principal": {"Service": "arn:aws:iam::111122223333:root"}, "Action": "*", "Resource": "*"}S`},
	// Conditions.
	{"condition is a list", policy.Identity, `C[]C`},
	{"misspelt operator", policy.Identity, `C{"StringEqual": {"aws:username": "a"}}C`},
	{"misspelt operator with a suffix", policy.Identity, `C{"ForAnyValue:StringLikesIfExists": {"aws:username": "a"}}C`},
	{"misspelt set operator", policy.Identity, `C{"ForAnyValues:StringLike": {"aws:username": "a"}}C`},
	{"unknown operator", policy.Identity, `C{"Matches": {"aws:username": "a"}}C`},
	{"NullIfExists", policy.Identity, `C{"NullIfExists": {"aws:username": "true"}}C`},
	{"operator with text", policy.Identity, `C{"StringEquals": "a"}C`},
	{"key without service", policy.Identity, `C{"StringEquals": {"username": "a"}}C`},
	{"value is an object", policy.Identity, `C{"StringEquals": {"aws:username": {}}}C`},
	{"value in a list is null", policy.Identity, `C{"StringEquals": {"aws:username": ["a", null]}}C`},
	{"number", policy.Identity, `C{"NumericLessThan": {"s3:max-keys": ["10", "ten"]}}C`},
	{"variable in a number", policy.Identity, `C{"NumericLessThan": {"s3:max-keys": "${aws:PrincipalTag/n}"}}C`},
	{"date", policy.Identity, `C{"DateLessThan": {"aws:CurrentTime": "2026-02-30"}}C`},
	{"boolean", policy.Identity, `C{"Bool": {"aws:SecureTransport": "yes"}}C`},
	{"null", policy.Identity, `C{"Null": {"aws:username": "1"}}C`},
	{"CIDR", policy.Identity, `C{"IpAddress": {"aws:SourceIp": "10.0.0.0/33"}}C`},
	{"address", policy.Identity, `C{"NotIpAddress": {"aws:SourceIp": "10.0.0"}}C`},
	{"base64", policy.Identity, `C{"BinaryEquals": {"kms:X": "%%%"}}C`},
	{"ARN", policy.Identity, `C{"ArnLike": {"aws:SourceArn": "bucket"}}C`},
	{"variable in text", policy.Identity, `C{"StringEquals": {"aws:username": "${aws:x"}}C`},
}

// document spells out the shorthands of the table.
func document(src string) string {
	if body, ok := strings.CutPrefix(src, "C"); ok {
		src = `S{"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": ` + strings.TrimSuffix(body, "C") + `}S`
	}
	if body, ok := strings.CutPrefix(src, "S"); ok {
		i := strings.LastIndex(body, "S")
		src = `{"Version": "2012-10-17", "Statement": [` + body[:i] + `]}` + body[i+1:]
	}
	return src
}

func TestParseRefuses(t *testing.T) {
	var b strings.Builder
	for _, c := range bad {
		_, err := policy.Parse("p.json", []byte(document(c.src)), c.kind)
		var syntax *policy.SyntaxError
		if !errors.As(err, &syntax) {
			t.Errorf("%s: got %v, want a *SyntaxError", c.name, err)
			continue
		}
		if syntax.Line < 1 || syntax.Column < 1 || syntax.Name != "p.json" {
			t.Errorf("%s: position %s:%d:%d", c.name, syntax.Name, syntax.Line, syntax.Column)
		}
		fmt.Fprintf(&b, "%s\n\t%v\n", c.name, err)
	}
	golden(t, "syntax.golden", b.String())
}

// good lists documents that must be accepted, each for a reason that is easy to
// get wrong.
var good = []struct {
	name string
	kind policy.Kind
	src  string
}{
	{"single statement", policy.Identity, `{"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}`},
	{"old version", policy.Identity, `{"Version": "2008-10-17", "Id": "x", "Statement": [{"Effect": "Allow", "Action": "*:*", "Resource": "*"}]}`},
	{"Sid with spaces outside IAM", policy.Key, `S{"Sid": "Enable IAM User Permissions", "Effect": "Allow", "Principal": {"AWS": "111122223333"}, "Action": "kms:*", "Resource": "*"}S`},
	{"Sids twice outside IAM", policy.Resource, `S{"Sid": "A", "Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}, {"Sid": "A", "Effect": "Deny", "Principal": "*", "Action": "*", "Resource": "*"}S`},
	{"empty Sids", policy.Identity, `S{"Sid": "", "Effect": "Allow", "Action": "*", "Resource": "*"}, {"Sid": "", "Effect": "Deny", "Action": "*", "Resource": "*"}S`},
	{"empty condition", policy.Identity, `C{}C`},
	{"empty operator", policy.Identity, `C{"StringEquals": {}}C`},
	{"empty values", policy.Identity, `C{"StringEquals": {"aws:username": []}}C`},
	{"plain values", policy.Identity, `C{"Bool": {"aws:SecureTransport": true}, "NumericEquals": {"s3:max-keys": [10, 0.5]}}C`},
	{"short ARN ending in a star", policy.Identity, `S{"Effect": "Allow", "Action": "*", "Resource": "arn:aws:s3:*"}S`},
	{"partition wildcard", policy.Identity, `S{"Effect": "Allow", "Action": "*", "Resource": "arn:*:s3:::b"}S`},
	{"wildcard inside a principal", policy.Resource, `S{"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::111122223333:user/*"}, "Action": "*", "Resource": "*"}S`},
	{"deleted principal", policy.Resource, `S{"Effect": "Allow", "Principal": {"AWS": "AIDACKCEVSQ6C2EXAMPLE"}, "Action": "*", "Resource": "*"}S`},
	{"CloudFront", policy.Resource, `S{"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::cloudfront:user/CloudFront Origin Access Identity E1"}, "Action": "*", "Resource": "*"}S`},
	{"canonical user", policy.Resource, `S{"Effect": "Allow", "Principal": {"CanonicalUser": "79a5"}, "Action": "*", "Resource": "*"}S`},
	{"escapes", policy.Identity, `{"\u0056ersion": "2012-10-17", "Id": "\ud83d\ude00\/\b\f\n\r\t\"\\", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}`},
	{"SCP with conditions and resources", policy.SCP, `S{"Effect": "Allow", "NotAction": "iam:*", "Resource": "arn:aws:s3:::b", "Condition": {"StringLike": {"aws:PrincipalArn": "*"}}}S`},
}

func TestParseAccepts(t *testing.T) {
	for _, c := range good {
		src := document(c.src)
		p, err := policy.Parse("p.json", []byte(src), c.kind)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		if string(p.Source()) != src || p.Name() != "p.json" || p.Kind() != c.kind {
			t.Errorf("%s: source, name or kind is not what was given", c.name)
		}
	}
}

func TestPolicyTellsItsParts(t *testing.T) {
	src := "{\"Version\": \"2012-10-17\", \"Statement\": [\n" +
		"  {\"Sid\": \"A\", \"Effect\": \"Allow\", \"Principal\": {\"AWS\": [\"111122223333\", \"arn:aws:iam::111122223333:user/ann\"]}, \"Action\": \"s3:*\",\n" +
		"   \"Resource\": \"arn:aws:s3:::b/${aws:username}\", \"Condition\": {\"StringEquals\": {\"aws:RequestTag/x\": \"${aws:PrincipalTag/x, 'none'}\"}}},\n" +
		"  {\"Effect\": \"Deny\", \"Principal\": {\"AWS\": \"111122223333\", \"Service\": \"s3.amazonaws.com\"}, \"Action\": \"s3:*\", \"Resource\": \"*\", \"Condition\": {\"Null\": {\"AWS:USERNAME\": true}}}]}"
	p := parse(t, policy.Resource, src)
	if p.Len() != 2 {
		t.Fatalf("%d statements, want 2", p.Len())
	}
	if s := p.Statement(0); s.Sid != "A" || s.Effect != policy.EffectAllow || s.Line != 2 || !strings.HasPrefix(s.Source, `{"Sid": "A"`) || !strings.HasSuffix(s.Source, `'none'}"}}}`) {
		t.Errorf("first statement: %+v", s)
	}
	if s := p.Statement(1); s.Sid != "" || s.Effect != policy.EffectDeny || s.Line != 4 {
		t.Errorf("second statement: %+v", s)
	}
	if got, want := strings.Join(p.Keys(), " "), "aws:username aws:RequestTag/x aws:PrincipalTag/x"; got != want {
		t.Errorf("keys %q, want %q", got, want)
	}
	if got, want := strings.Join(p.AWSPrincipals(), " "), "111122223333 arn:aws:iam::111122223333:user/ann"; got != want {
		t.Errorf("principals %q, want %q", got, want)
	}
}

// A long name is no misspelling of a short one.
func TestNoSuggestionForLongNames(t *testing.T) {
	_, err := policy.Parse("p.json", []byte(`{"`+strings.Repeat("Statement", 40)+`": []}`), policy.Identity)
	var syntax *policy.SyntaxError
	if !errors.As(err, &syntax) || syntax.Fix != "" {
		t.Errorf("got %v, want an error without a suggestion", err)
	}
}
