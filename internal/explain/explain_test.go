package explain_test

import (
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/strongroom-dev/strongroom/internal/explain"
	"github.com/strongroom-dev/strongroom/policy"
)

var update = flag.Bool("update", false, "rewrite the expected files")

const ann = "arn:aws:iam::111122223333:user/ann"

// layers are policies by type, for decide.
type layers map[policy.Reason]string

func policies(t testing.TB, resource string, l layers) *explain.Policies {
	t.Helper()
	p := &explain.Policies{Stated: true}
	for _, typ := range explain.Layers() {
		text, ok := l[typ]
		if !ok {
			continue
		}
		loader := explain.Loader{Resource: resource, Read: func(string) ([]byte, error) { return []byte(text), nil }}
		if err := loader.Add(p, typ, typ.String()+".json"); err != nil {
			t.Fatal(err)
		}
	}
	return p
}

func decide(t testing.TB, q *explain.Question, l layers, opts explain.Options) *explain.Answer {
	t.Helper()
	a, err := explain.Explain(q, policies(t, q.Resource, l), opts)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// AWS's own answer settles what the policies leave open, and is never overruled
// in silence.
func TestAWSsAnswerAndThePolicies(t *testing.T) {
	open := *doc(`{"Sid":"Open","Effect":"Allow","Action":"*","Resource":"*","Condition":{"Bool":{"aws:SecureTransport":"true"}}}`)
	yes, no := *doc(everything), *doc(`{"Effect":"Deny","Action":"*","Resource":"*"}`)
	told := func(allowed bool, reason policy.Reason, explicit bool) *explain.Outcome {
		return &explain.Outcome{Allowed: allowed, Reason: reason, Explicit: explicit}
	}
	for _, tt := range []struct {
		name    string
		outcome *explain.Outcome
		policy  string
		whatIf  bool
		want    explain.Decision
		basis   string
	}{
		{"open, refused", told(false, policy.ReasonIdentity, false), open, false, explain.Denied, "record"},
		{"open, allowed", told(true, policy.ReasonNone, false), open, false, explain.Allowed, "record"},
		{"open, what if", told(false, policy.ReasonIdentity, false), open, true, explain.CannotTell, "policies"},
		{"allows, refused by what was not given", told(false, policy.ReasonSCP, true), yes, false, explain.Denied, "record"},
		{"allows, refused by what was given", told(false, policy.ReasonIdentity, false), yes, false, explain.CannotTell, "record"},
		{"allows, refused and not said why", told(false, policy.ReasonNone, false), yes, false, explain.CannotTell, "record"},
		{"allows, what if", told(false, policy.ReasonIdentity, false), yes, true, explain.Allowed, "policies"},
		{"denies, allowed", told(true, policy.ReasonNone, false), no, false, explain.CannotTell, "record"},
		{"denies, refused", told(false, policy.ReasonIdentity, true), no, false, explain.Denied, "policies"},
		{"denies, refused by another", told(false, policy.ReasonSCP, true), no, false, explain.Denied, "policies"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			q := question(t, ann, "sqs:ListQueues", "*")
			q.Outcome = tt.outcome
			a := decide(t, q, layers{policy.ReasonIdentity: tt.policy}, explain.Options{WhatIf: tt.whatIf})
			if a.Decision != tt.want || a.Basis != tt.basis {
				t.Errorf("got %s by %s, want %s by %s\n%s", a.Decision, a.Basis, tt.want, tt.basis, human(t, a))
			}
		})
	}
}

// An unknown key matters only where it can change the answer.
func TestUnknownKeys(t *testing.T) {
	allow := func(condition string) string {
		return *doc(`{"Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::b/*","Condition":{` + condition + `}}`)
	}
	for _, tt := range []struct {
		name, policy string
		want         explain.Decision
		means        string
	}{
		{"string", allow(`"StringEquals":{"aws:SourceVpce":"vpce-1"}`), explain.CannotTell, `allowed "vpce-1"; denied another value, not in the request`},
		{"negated", allow(`"StringNotEquals":{"aws:SourceVpce":"vpce-1"}`), explain.CannotTell, `denied "vpce-1"; allowed another value, not in the request`},
		{"if exists", allow(`"StringEqualsIfExists":{"aws:SourceVpce":"vpce-1"}`), explain.CannotTell, `allowed "vpce-1", not in the request; denied another value`},
		{"null", allow(`"Null":{"aws:SourceVpce":"true"}`), explain.CannotTell, `denied any value; allowed not in the request`},
		{"bool", allow(`"Bool":{"aws:SecureTransport":"true"}`), explain.CannotTell, `allowed "true"; denied "false", not in the request`},
		{"like", allow(`"StringLike":{"aws:UserAgent":"aws-cli/*"}`), explain.CannotTell, `allowed a value like "aws-cli/*"; denied another value, not in the request`},
		{"numeric", allow(`"NumericLessThan":{"aws:MultiFactorAuthAge":"3600"}`), explain.CannotTell, `allowed 3599; denied 3600, 3601, not in the request`},
		{"date", allow(`"DateLessThan":{"aws:CurrentTime":"2026-01-01T00:00:00Z"}`), explain.CannotTell, `allowed the day before 2026-01-01T00:00:00Z; denied the day after 2026-01-01T00:00:00Z, not in the request`},
		{"address", allow(`"IpAddress":{"aws:SourceIp":["192.0.2.0/24","198.51.100.7"]}`), explain.CannotTell, `allowed an address in 192.0.2.0/24, 198.51.100.7; denied an address in none of them, not in the request`},
		{"several values", allow(`"ForAnyValue:StringEquals":{"aws:CalledVia":["a.amazonaws.com"]}`), explain.CannotTell, `allowed "a.amazonaws.com"; denied another value, not in the request`},
		{"a statement about something else", *doc(`{"Effect":"Deny","Action":"s3:PutObject","Resource":"*","Condition":{"Bool":{"aws:SecureTransport":"false"}}}`, `{"Effect":"Allow","Action":"s3:GetObject","Resource":"*"}`), explain.Allowed, ""},
		{"denied either way", *doc(`{"Effect":"Deny","Action":"s3:GetObject","Resource":"*","Condition":{"Bool":{"aws:SecureTransport":"false"}}}`), explain.Denied, ""},
		{"one of its conditions is not met anyway", allow(`"Bool":{"aws:SecureTransport":"true"},"StringEquals":{"aws:username":"eve"}`), explain.Denied, ""},
		{"known from the caller", allow(`"StringEquals":{"aws:username":"ann","aws:PrincipalAccount":"111122223333","aws:PrincipalType":"User"},"ArnLike":{"aws:PrincipalArn":"arn:aws:iam::*:user/ann"}`), explain.Allowed, ""},
		{"a key that the reference does not list is not known all the same", allow(`"StringEquals":{"ec2:SourceInstanceARN":"arn:aws:ec2:eu-west-2:111122223333:instance/i-1"}`), explain.CannotTell, ""},
		{"a key of its own service may be", allow(`"StringEquals":{"s3:prefix":"x"}`), explain.CannotTell, `allowed "x"; denied another value, not in the request`},
		{"a variable in the resource", *doc(`{"Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::b/${aws:PrincipalTag/team}/*"}`), explain.CannotTell, ""},
		{"a variable that fits nothing", *doc(`{"Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::c/${aws:PrincipalTag/team}/*"}`), explain.Denied, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			a := decide(t, question(t, ann, "s3:GetObject", "arn:aws:s3:::b/x/k"), layers{policy.ReasonIdentity: tt.policy}, explain.Options{})
			if a.Decision != tt.want {
				t.Fatalf("got %s, want %s\n%s", a.Decision, tt.want, human(t, a))
			}
			if tt.means == "" {
				return
			}
			var got []string
			for _, m := range a.Unknown[0].Means {
				got = append(got, string(m.Decision)+" "+strings.Join(m.Values, ", "))
			}
			if s := strings.Join(got, "; "); s != tt.means {
				t.Errorf("got  %s\nwant %s", s, tt.means)
			}
		})
	}
}

// Where the reference knows no resources for an action, a statement for a named one
// may match or not.
func TestAnActionWithoutResources(t *testing.T) {
	named := *doc(`{"Effect":"Allow","Action":"s3:ListAllMyBuckets","Resource":"arn:aws:s3:::*"}`)
	for _, tt := range []struct {
		resource, policy string
		want             explain.Decision
	}{
		{"*", named, explain.Denied}, {"", named, explain.Denied}, {"arn:aws:s3:::b", named, explain.CannotTell},
		{"arn:aws:s3:::b", *doc(everything), explain.Allowed}, {"*", *doc(everything), explain.Allowed},
	} {
		a := decide(t, question(t, ann, "s3:ListAllMyBuckets", tt.resource), layers{policy.ReasonIdentity: tt.policy}, explain.Options{})
		if a.Decision != tt.want {
			t.Errorf("%q: got %s, want %s\n%s", tt.resource, a.Decision, tt.want, human(t, a))
		}
	}
}

// Types of policy that were not read matter only where they have a say.
func TestUnreadPolicies(t *testing.T) {
	yes := *doc(everything)
	for _, tt := range []struct {
		name, principal string
		unread          policy.Reason
		identity        string
		want            explain.Decision
	}{
		{"SCP over an allow", ann, policy.ReasonSCP, yes, explain.CannotTell},
		{"SCP under a missing allow", ann, policy.ReasonSCP, "", explain.Denied},
		{"SCP and an anonymous caller", "anonymous", policy.ReasonSCP, "", explain.Denied},
		{"resource policy under a missing allow", ann, policy.ReasonResource, "", explain.CannotTell},
		{"resource policy over an allow", ann, policy.ReasonResource, yes, explain.CannotTell},
		{"identity", ann, policy.ReasonIdentity, "", explain.CannotTell},
		{"boundary over an allow", ann, policy.ReasonBoundary, yes, explain.CannotTell},
		{"boundary under a missing allow", ann, policy.ReasonBoundary, "", explain.Denied},
		{"session over an allow", ann, policy.ReasonSession, yes, explain.CannotTell},
		{"endpoint over an allow", ann, policy.ReasonEndpoint, yes, explain.CannotTell},
	} {
		t.Run(tt.name, func(t *testing.T) {
			l := layers{}
			if tt.identity != "" {
				l[policy.ReasonIdentity] = tt.identity
			}
			q := question(t, tt.principal, "s3:GetObject", "arn:aws:s3:::b/k")
			p := policies(t, q.Resource, l)
			p.Unread = append(p.Unread, explain.Unread{Type: tt.unread, Why: "a test"})
			a, err := explain.Explain(q, p, explain.Options{})
			if err != nil || a.Decision != tt.want {
				t.Fatalf("got %s, want %s (%v)\n%s", a.Decision, tt.want, err, human(t, a))
			}
			p.Settle(tt.unread)
			if a, err := explain.Explain(q, p, explain.Options{}); err != nil || a.Decision == explain.CannotTell {
				t.Errorf("settled, it is still open: %v\n%s", err, human(t, a))
			}
		})
	}
}

// The JSON view is complete and stable.
func TestJSON(t *testing.T) {
	q := question(t, ann, "s3:GetObject", "arn:aws:s3:::b/k", "aws:SecureTransport=true", "aws:TagKeys=a,b")
	a := decide(t, q, layers{
		policy.ReasonIdentity: *doc(`{"Sid":"Near","Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::b/*","Condition":{"StringEquals":{"aws:username":"eve"}}}`),
		policy.ReasonSCP:      *doc(everything),
		policy.ReasonResource: *doc(`{"Sid":"TLS","Effect":"Deny","Principal":"*","Action":"s3:*","Resource":"arn:aws:s3:::b/*","Condition":{"Bool":{"aws:SecureTransport":"false"}}}`),
	}, explain.Options{})
	text, err := json.MarshalIndent(a, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "answer.json", string(text)+"\n")
	for _, line := range strings.Split(string(text), "\n") {
		// No answer of AWS's, and a key that the request does not carry.
		if strings.Contains(line, ": null") && !strings.Contains(line, `"outcome"`) && !strings.Contains(line, `"carried"`) {
			t.Errorf("%s is null", line)
		}
	}
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
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
		t.Errorf("%s differs; run with -update and look at the difference\n%s", file, got)
	}
}
