package explain_test

import (
	"strings"
	"testing"

	"github.com/strongroom-dev/strongroom/internal/explain"
	"github.com/strongroom-dev/strongroom/policy"
)

// Guardrails given by files: the level decides what two SCPs allow together, and
// RCPs never refuse by what they leave out.
func TestGuardrailsFromFiles(t *testing.T) {
	files := map[string]string{
		"full.json":   *doc(everything),
		"region.json": *doc(`{"Sid":"Region","Effect":"Deny","Action":"*","Resource":"*","Condition":{"StringNotEquals":{"aws:RequestedRegion":"eu-west-2"}}}`),
		"s3.json":     *doc(`{"Effect":"Allow","Action":"s3:*","Resource":"*"}`),
		"org.json":    *doc(`{"Sid":"Org","Effect":"Deny","Principal":"*","Action":"s3:*","Resource":"*","Condition":{"StringNotEqualsIfExists":{"aws:PrincipalOrgID":"o-mine"}}}`),
		"tls.json":    *doc(`{"Sid":"Tls","Effect":"Deny","Principal":"*","Action":"s3:*","Resource":"*","Condition":{"BoolIfExists":{"aws:SecureTransport":"false"}}}`),
	}
	for _, tt := range []struct {
		name     string
		scp, rcp []string
		want     explain.Decision
		err      string
		note     string
	}{
		{name: "two at one level", scp: []string{"1=full.json", "1=region.json"}, want: explain.Allowed},
		{name: "two levels", scp: []string{"1=full.json", "2=s3.json"}, want: explain.Allowed},
		{name: "two levels, the second a deny alone", scp: []string{"1=full.json", "2=region.json"}, want: explain.Denied, note: "level 2"},
		{name: "a deny alone", scp: []string{"region.json"}, want: explain.Denied, note: "FullAWSAccess"},
		{name: "two that do not tell their level", scp: []string{"full.json", "region.json"}, err: "without its level"},
		{name: "one that does not", scp: []string{"1=full.json", "region.json"}, err: "region.json without its level"},
		{name: "an RCP alone", rcp: []string{"org.json"}, want: explain.Allowed},
		{name: "RCPs", rcp: []string{"org.json", "tls.json"}, want: explain.Allowed},
		{name: "RCPs of two levels", rcp: []string{"2=org.json", "3=tls.json"}, want: explain.Allowed},
		{name: "an RCP with what AWS attaches", rcp: []string{"full.json", "org.json"}, err: "Principal"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			q := question(t, ann, "s3:GetObject", "arn:aws:s3:::b/k", "aws:RequestedRegion=eu-west-2", "aws:PrincipalOrgID=o-mine", "aws:SecureTransport=true")
			p := policies(t, q.Resource, layers{policy.ReasonIdentity: *doc(everything)})
			l := &explain.Loader{Resource: q.Resource, Read: func(name string) ([]byte, error) { return []byte(files[name]), nil }}
			err := addAll(l, p, tt.scp, tt.rcp)
			if tt.err != "" {
				if err == nil || !strings.Contains(err.Error(), tt.err) {
					t.Fatalf("got %v, want %q", err, tt.err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			a, err := explain.Explain(q, p, explain.Options{})
			if err != nil {
				t.Fatal(err)
			}
			if a.Decision != tt.want || !strings.Contains(strings.Join(a.Notes, " "), tt.note) {
				t.Errorf("got %s, want %s and a note of %q", human(t, a), tt.want, tt.note)
			}
			if tt.note == "" && len(a.Notes) > 0 {
				t.Errorf("got notes %q, want none", a.Notes)
			}
		})
	}
}

func addAll(l *explain.Loader, p *explain.Policies, scps, rcps []string) error {
	for _, name := range scps {
		if err := l.Add(p, policy.ReasonSCP, name); err != nil {
			return err
		}
	}
	for _, name := range rcps {
		if err := l.Add(p, policy.ReasonRCP, name); err != nil {
			return err
		}
	}
	if err := l.Done(p); err != nil {
		return err
	}
	return p.CheckLevels()
}

// A wildcard in what is asked for is not one: the answer says so.
func TestAResourceWithAWildcard(t *testing.T) {
	own := layers{policy.ReasonIdentity: *doc(everything, `{"Effect":"Deny","Action":"s3:*","Resource":"arn:aws:s3:::b/secret/*"}`)}
	for resource, want := range map[string]bool{"arn:aws:s3:::b/*": true, "arn:aws:s3:::b/k?": true, "arn:aws:s3:::b/k": false} {
		a := decide(t, question(t, ann, "s3:GetObject", resource), own, explain.Options{})
		if got := strings.Contains(strings.Join(a.Hints, " "), "names one resource"); got != want || a.Decision != explain.Allowed {
			t.Errorf("%s: %s with hints %q, want one: %t", resource, a.Decision, a.Hints, want)
		}
	}
	if a := decide(t, question(t, ann, "s3:ListAllMyBuckets", "*"), own, explain.Options{}); len(a.Hints) > 0 {
		t.Errorf("*: got hints %q, want none", a.Hints)
	}
}
