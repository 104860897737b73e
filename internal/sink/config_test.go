package sink_test

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/strongroom-dev/strongroom/internal/sink"
)

func TestTheEnvironmentIsChecked(t *testing.T) {
	c, err := sink.FromEnvironment([]string{"SINK_NTFY_TOPIC=foundations", "PATH=/bin", "SINK_TOPICS=", "SINK_TIMEOUT= "})
	if err != nil || c.Pushover() || c.NtfyURL != "https://ntfy.sh" || c.DedupeWindow != 24*time.Hour || c.Timeout != 12*time.Second || c.Attempts != 3 || c.Address != "127.0.0.1:8080" || len(c.Topics) != 0 {
		t.Errorf("%+v, %v", c, err)
	}
	const topic = "SINK_NTFY_TOPIC=t"
	cases := []struct{ variables, want string }{
		{"", "there is no ntfy topic"},
		{"SINK_NTFY_TOPIC=a/b", "SINK_NTFY_TOPIC is no ntfy topic"},
		{"SINK_NTFY_TOPIC=" + strings.Repeat("a", 65), "SINK_NTFY_TOPIC is no ntfy topic"},
		{topic + " SINK_NTFY_TOPIC_PARAMETER=/t", "is set beside SINK_NTFY_TOPIC"},
		{topic + " SINK_PUSHOVER_USER_PARAMETER=/u", "Pushover needs a token and a user"},
		{topic + " SINK_PUSHOVER_TOKEN_PARAMETER=/u", "Pushover needs a token and a user"},
		{topic + " SINK_PUSHOVER_TOKEN=leak", "SINK_PUSHOVER_TOKEN is no variable"},
		{topic + " SINK_SECRET_PARAMETER=!leak!", "SINK_SECRET_PARAMETER is no name of an SSM parameter"},
		{topic + " SINK_NTFY_URL=http://ntfy.example.com", "SINK_NTFY_URL is not an https address"},
		{topic + " SINK_NTFY_URL=https://me:leak@ntfy.example.com", "SINK_NTFY_URL is not an https address"},
		{topic + " SINK_PUSHOVER_URL=ftp://x", "SINK_PUSHOVER_URL is not an https address"},
		{topic + " SINK_TOPICS=arn:aws:sns:eu-west-2:111122223333:a,b", `SINK_TOPICS has an entry that is not the ARN of a topic: "b"`},
		{topic + " SINK_TOPICS=arn:aws-cn:sns:cn-north-1:111122223333:a", "partitions aws and aws-us-gov"},
		{topic + " SINK_RUNBOOKS=http://x", "SINK_RUNBOOKS is neither"},
		{topic + ` SINK_RUNBOOKS={"a":"http://x"}`, "SINK_RUNBOOKS has no https address of at most 512 characters for a"},
		{topic + ` SINK_SEVERITIES={"a":"loud"}`, `SINK_SEVERITIES has for a: severity "loud"`},
		{topic + ` SINK_SEVERITIES=warning`, "SINK_SEVERITIES is not a JSON object"},
		{topic + " SINK_DEDUPE_WINDOW=30s", "SINK_DEDUPE_WINDOW is not a duration from 1m0s to 168h0m0s"},
		{topic + " SINK_DEDUPE_ENTRIES=1", "SINK_DEDUPE_ENTRIES is not a number from 16"},
		{topic + " SINK_ATTEMPTS=0", "SINK_ATTEMPTS is not a number from 1 to 10"},
		{topic + " SINK_TIMEOUT=12", "SINK_TIMEOUT is not a duration"},
		{topic + " SINK_ADDRESS=8080", "SINK_ADDRESS is not HOST:PORT"},
	}
	for _, c := range cases {
		_, err := sink.FromEnvironment(strings.Fields(c.variables))
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", c.variables, err)
		}
		if err != nil && strings.Contains(err.Error(), "!leak!") {
			t.Errorf("%s: %v", c.variables, err)
		}
	}
	for _, ok := range []string{"SINK_NTFY_URL=http://127.0.0.1:1", "SINK_NTFY_URL=https://ntfy.example.com/sub", "SINK_SECRET_PARAMETER=/a/b:3", "SINK_SECRET_PARAMETER=arn:aws:ssm:eu-west-2:111122223333:parameter/a/b", "SINK_TOPICS=arn:aws-us-gov:sns:us-gov-west-1:111122223333:a"} {
		if _, err := sink.FromEnvironment([]string{topic, ok}); err != nil {
			t.Errorf("%s: %v", ok, err)
		}
	}
}

// Every variable that is read is documented, in the package and for operators, and
// every documented one is read.
func TestEveryVariableIsDocumented(t *testing.T) {
	name := regexp.MustCompile(`SINK_[A-Z_]*[A-Z]`)
	in := func(file string) []string {
		t.Helper()
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		out := name.FindAllString(string(data), -1)
		slices.Sort(out)
		return slices.Compact(out)
	}
	read := in("config.go")
	if len(read) != 16 {
		t.Errorf("%d variables: %v", len(read), read)
	}
	for _, file := range []string{"doc.go", "../../docs/alert-sink.md"} {
		if got := in(file); !slices.Equal(got, read) {
			t.Errorf("%s has %v, config.go %v", file, got, read)
		}
	}
}

func TestRunbooks(t *testing.T) {
	base, err := sink.ParseRunbooks("https://runbooks.example.com/aws/")
	if err != nil {
		t.Fatal(err)
	}
	pages, err := sink.ParseRunbooks(`{"guardduty":"https://a.example.com/gd","guardduty/Recon:EC2":"https://a.example.com/recon","*":"https://a.example.com/all"}`)
	if err != nil {
		t.Fatal(err)
	}
	only, err := sink.ParseRunbooks(`{"alarm/foundations-root-sign-in/":"https://a.example.com/root"}`)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		from       sink.Runbooks
		kind, want string
	}{
		{sink.Runbooks{}, "guardduty", ""},
		{base, "guardduty/Recon:EC2/Portscan", "https://runbooks.example.com/aws/guardduty/Recon:EC2/Portscan"},
		{pages, "guardduty/Recon:EC2/Portscan", "https://a.example.com/recon"},
		{pages, "guardduty/Recon:EC2X/Portscan", "https://a.example.com/gd"},
		{pages, "guarddutyx", "https://a.example.com/all"},
		{only, "alarm/foundations-root-sign-in", "https://a.example.com/root"},
		{only, "alarm/other", ""},
	} {
		if got := c.from.For(c.kind); got != c.want {
			t.Errorf("%s: %s, want %s", c.kind, got, c.want)
		}
	}
}
