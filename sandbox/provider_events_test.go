package sandbox_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	ebtypes "github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/aws/aws-sdk-go-v2/service/sns"

	"github.com/strongroom-dev/strongroom/sandbox"
)

// hook is an HTTP subscriber that confirms by itself, as an alerting service does.
type hook struct {
	*httptest.Server
	mu     sync.Mutex
	bodies []string
}

func newHook(t *testing.T, s *sandbox.Sandbox) *hook {
	h := &hook{}
	h.Server = httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if r.Header.Get("x-amz-sns-message-type") != "SubscriptionConfirmation" {
			h.mu.Lock()
			h.bodies = append(h.bodies, string(body))
			h.mu.Unlock()
			return
		}
		var e struct{ SubscribeURL string }
		if err := json.Unmarshal(body, &e); err != nil {
			t.Errorf("confirmation %s: %v", body, err)
			return
		}
		answer, err := s.HTTPClient().Get(e.SubscribeURL)
		if err != nil {
			t.Errorf("confirm: %v", err)
			return
		}
		_ = answer.Body.Close()
	}))
	t.Cleanup(h.Close)
	return h
}

func (h *hook) got() []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clone(h.bodies)
}

// Topics, subscriptions, rules, targets and buses are built, changed, imported and
// destroyed by the real provider, and what was built passes an event on.
func TestProviderBuildsAlerts(t *testing.T) {
	if testing.Short() {
		t.Skip("the provider needs about a minute")
	}
	t.Parallel()
	s := start(t, sandbox.Options{})
	h := newHook(t, s)
	w := newWorkdir(t, engines(t)[0], s, s.Credentials(), "events")
	generation := func(n int) {
		w.write("generation.auto.tfvars", fmt.Sprintf("generation = %d\nhook = %q\n", n, h.URL))
	}
	defer checkAlertRequests(t, s)

	generation(1)
	w.must("init", "-input=false", "-no-color")
	w.must("apply", "-auto-approve", "-no-color")
	w.settled()

	ev := eventbridge.NewFromConfig(s.Config(s.Credentials()))
	put := func(severity string) {
		t.Helper()
		_, err := ev.PutEvents(ctx, &eventbridge.PutEventsInput{Entries: []ebtypes.PutEventsRequestEntry{{
			Source: aws.String("app"), DetailType: aws.String("GuardDuty Finding"), Detail: aws.String(`{"severity":` + severity + `}`)}}})
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Settle(ctx); err != nil {
			t.Fatal(err)
		}
	}
	put("6.9")
	put("7")
	if got := h.got(); len(got) != 1 || !strings.Contains(got[0], `"detail":{"severity":7}`) {
		t.Errorf("the hook got %q; undelivered %+v", got, s.Undelivered())
	}

	imports := "aws_sns_topic.alerts aws_sns_topic_policy.alerts aws_sns_topic_subscription.mail aws_cloudwatch_event_rule.findings " +
		"aws_cloudwatch_event_bus.orders aws_cloudwatch_event_bus_policy.orders aws_cloudwatch_event_rule.orders aws_cloudwatch_event_permission.default"
	list := strings.Fields(imports)
	blocks := importBlocks(t, w, list)
	// A target is imported by bus, rule and ID.
	blocks += "import {\n  to = aws_cloudwatch_event_target.alerts\n  id = \"findings/alerts\"\n}\n"
	list = append(list, "aws_cloudwatch_event_target.alerts")
	w.write("import.tf", blocks)
	w.must(append([]string{"state", "rm"}, list...)...)
	generation(2)
	out := w.must("apply", "-auto-approve", "-no-color")
	if want := fmt.Sprintf("%d imported", len(list)); !strings.Contains(out, want) {
		t.Errorf("the second apply does not say %q:\n%s", want, out)
	}
	for line := range strings.Lines(out) {
		if strings.Contains(line, "must be replaced") && !strings.Contains(line, "aws_cloudwatch_event_permission.") {
			t.Errorf("an update replaces: %s", line)
		}
	}
	w.settled()

	w.must("destroy", "-auto-approve", "-no-color")
	topics := sns.NewFromConfig(s.Config(s.Credentials()))
	left, err := topics.ListTopics(ctx, &sns.ListTopicsInput{})
	if err != nil || len(left.Topics) != 0 {
		t.Errorf("topics after destroy: %+v, %v", left, err)
	}
	subs, err := topics.ListSubscriptions(ctx, &sns.ListSubscriptionsInput{})
	if err != nil || len(subs.Subscriptions) != 0 {
		t.Errorf("subscriptions after destroy: %+v, %v", subs, err)
	}
	rules, err := ev.ListRules(ctx, &eventbridge.ListRulesInput{})
	if err != nil || len(rules.Rules) != 0 {
		t.Errorf("rules after destroy: %+v, %v", rules, err)
	}
	buses, err := ev.ListEventBuses(ctx, &eventbridge.ListEventBusesInput{})
	if err != nil || len(buses.EventBuses) != 1 || buses.EventBuses[0].Policy != nil {
		t.Errorf("buses after destroy: %+v, %v", buses, err)
	}
}

// importBlocks returns an import block for each of the resources. Each one's ID in the
// state is what it is imported by.
func importBlocks(t *testing.T, w *workdir, list []string) string {
	t.Helper()
	var state struct {
		Resources []struct {
			Mode, Type, Name string
			Instances        []struct {
				Attributes struct{ ID string }
			}
		}
	}
	if err := json.Unmarshal([]byte(w.must("state", "pull")), &state); err != nil {
		t.Fatal(err)
	}
	var text strings.Builder
	for _, r := range state.Resources {
		address := r.Type + "." + r.Name
		if r.Mode != "managed" || !slices.Contains(list, address) {
			continue
		}
		fmt.Fprintf(&text, "import {\n  to = %s\n  id = %q\n}\n", address, r.Instances[0].Attributes.ID)
	}
	return text.String()
}

// checkAlertRequests looks at every request: each operation is implemented, and none
// was refused but to say that something is not there, or not yet confirmed.
func checkAlertRequests(t *testing.T, s *sandbox.Sandbox) {
	t.Helper()
	if unknown := s.Unknown(); len(unknown) > 0 {
		t.Errorf("operations that the sandbox does not implement: %v", unknown)
	}
	for _, e := range s.Events() {
		if e.ErrorCode == "" || e.ErrorCode == "ResourceNotFoundException" || slices.Contains(absent, e.ErrorCode) || strings.Contains(e.ErrorMessage, "pending confirmation") {
			continue
		}
		t.Errorf("%s %s: %s: %s %v", e.EventSource, e.EventName, e.ErrorCode, e.ErrorMessage, e.RequestParameters)
	}
}
