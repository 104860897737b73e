package events

import (
	"context"
	"crypto/rand"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"

	"github.com/strongroom-dev/strongroom/internal/eventpattern"
	"github.com/strongroom-dev/strongroom/sandbox/internal/audit"
	"github.com/strongroom-dev/strongroom/sandbox/internal/op"
	"github.com/strongroom-dev/strongroom/sandbox/internal/store"
	"github.com/strongroom-dev/strongroom/sandbox/internal/undelivered"
)

type trails bool

func (t trails) Logs(*audit.Event) bool { return bool(t) }

// refuser is a target that answers nobody, so that every delivery is told.
type refuser struct{}

func (refuser) RoundTrip(*http.Request) (*http.Response, error) { return nil, http.ErrHandlerTimeout }

// tripped runs the engine over news and returns the names of the rules that tripped.
func tripped(t *testing.T, trail Trails, news ...any) string {
	t.Helper()
	db := store.Memory()
	s := New(db, nil)
	failed := &undelivered.Log{}
	g := NewEngine(s, func(*op.Caller) http.RoundTripper { return refuser{} }, rand.Reader, failed)
	g.Trails = trail
	for name, pattern := range map[string]string{
		"calls": `{"source":["aws.cloudtrail"],"detail-type":["AWS API Call via CloudTrail"],"detail":{"eventName":[{"exists":true}]}}`,
		"every": `{"source":["aws.cloudtrail"],"detail-type":["AWS API Call via CloudTrail"]}`,
		"signs": `{"source":["aws.signin"],"detail-type":["AWS Console Sign In via CloudTrail"]}`,
		"finds": `{"source":["aws.guardduty"],"detail":{"severity":[{"numeric":[">=",7]}]},"resources":["arn:x"]}`,
	} {
		p, err := eventpattern.Compile(pattern)
		if err != nil {
			t.Fatal(err)
		}
		r := &rule{Name: name, Bus: defaultBus, Account: "111122223333", Region: "eu-west-2", State: types.RuleStateEnabled, pattern: p,
			Targets: []target{{ID: "t", ARN: "arn:aws:sns:eu-west-2:111122223333:t"}}}
		if name == "every" {
			r.State = types.RuleStateEnabledWithAllCloudtrailManagementEvents
		}
		if err := db.Update(func() error { s.rules.Put(r.key(), r); return nil }); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := g.Run(context.Background(), time.Now(), news); err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, f := range failed.List() {
		names = append(names, f.From[strings.LastIndexByte(f.From, '/')+1:])
	}
	return strings.Join(names, " ")
}

func TestCallsAreEventsWhereATrailLogs(t *testing.T) {
	call := func(name string) audit.Event {
		return audit.Event{EventName: name, EventSource: "cloudtrail.amazonaws.com", EventType: "AwsApiCall", RecipientAccountID: "111122223333", AWSRegion: "eu-west-2", EventTime: "2026-01-01T00:00:00Z"}
	}
	signIn := audit.Event{EventName: "ConsoleLogin", EventSource: "signin.amazonaws.com", EventType: "AwsConsoleSignIn", RecipientAccountID: "111122223333", AWSRegion: "eu-west-2"}
	elsewhere := call("StopLogging")
	elsewhere.AWSRegion = "us-east-1"
	own := call("StopLogging")
	own.UserIdentity.InvokedBy = "events.amazonaws.com"
	signal := func(severity float64) op.Signal {
		return op.Signal{Source: "aws.guardduty", DetailType: "GuardDuty Finding", Account: "111122223333", Region: "eu-west-2", Time: time.Now(),
			Resources: []string{"arn:x"}, Detail: map[string]any{"severity": severity}}
	}
	for _, c := range []struct {
		what  string
		trail Trails
		news  any
		want  string
	}{
		{"no trail", nil, call("StopLogging"), ""},
		{"a trail that does not log", trails(false), call("StopLogging"), ""},
		{"a trail", trails(true), call("StopLogging"), "calls every"},
		{"a quiet call", trails(true), call("DescribeTrails"), "every"},
		{"another region", trails(true), elsewhere, ""},
		{"EventBridge's own call", trails(true), own, ""},
		{"a sign-in", trails(true), signIn, "signs"},
		{"a finding", nil, signal(7), "finds"},
		{"a lesser finding", nil, signal(6.9), ""},
	} {
		if got := tripped(t, c.trail, c.news); got != c.want {
			t.Errorf("%s: %q tripped, want %q", c.what, got, c.want)
		}
	}
}
