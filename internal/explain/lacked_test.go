package explain_test

import (
	"strings"
	"testing"

	"github.com/strongroom-dev/strongroom/internal/explain"
	"github.com/strongroom-dev/strongroom/policy"
)

// AWS names the type of policy that has no allow, and the one given of that type
// has none: it is to blame, whatever else was not read.
func TestWhatAWSSaysIsMissingIsAmongThoseGiven(t *testing.T) {
	narrow := *doc(`{"Sid":"Max","Effect":"Allow","Action":["s3:*","kms:*"],"Resource":"*"}`)
	near := *doc(`{"Sid":"Near","Effect":"Allow","Action":"sns:*","Resource":"*","Condition":{"StringEquals":{"aws:RequestedRegion":"us-east-1"}}}`)
	for _, tt := range []struct {
		name, said string
		policies   layers
		sentence   string
		fix        string
	}{
		{
			"a boundary", "no permissions boundary allows",
			layers{policy.ReasonIdentity: *doc(everything), policy.ReasonBoundary: narrow},
			"AWS refused it, because no permissions boundary allows it, and those given do not", "",
		},
		{
			"an identity policy that comes near", "no identity-based policy allows",
			layers{policy.ReasonIdentity: near},
			"AWS refused it, because no identity-based policy allows it, and those given do not", "Near",
		},
		{
			"a boundary that is not given", "no permissions boundary allows",
			layers{policy.ReasonIdentity: *doc(everything)},
			"AWS refused it, because no permissions boundary allows it; that policy is not among those given", "",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			q, err := explain.ReadMessage("User: " + ann + " is not authorized to perform: SNS:CreateTopic on resource: arn:aws:sns:eu-west-2:111122223333:t because " + tt.said + " the SNS:CreateTopic action")
			if err != nil {
				t.Fatal(err)
			}
			if err := q.ParseContext("aws:RequestedRegion=eu-west-2"); err != nil {
				t.Fatal(err)
			}
			p := policies(t, q.Resource, tt.policies)
			p.Unread = append(p.Unread, explain.Unread{Type: policy.ReasonResource, Why: "not read"})
			a, err := explain.Explain(q, p, explain.Options{})
			if err != nil {
				t.Fatal(err)
			}
			if a.Decision != explain.Denied || !strings.Contains(a.Sentence, tt.sentence) {
				t.Errorf("got %s, want %q", human(t, a), tt.sentence)
			}
			if tt.fix != "" && (len(a.Nearest) != 1 || a.Nearest[0].Sid != tt.fix || len(a.Fixes) == 0) {
				t.Errorf("the nearest statement is not named:\n%s", human(t, a))
			}
		})
	}
}
