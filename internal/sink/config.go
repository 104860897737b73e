package sink

import (
	"encoding/json"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/strongroom-dev/strongroom/internal/diag"
)

// Config is what the environment says; doc.go has the list of variables. Make it
// with FromEnvironment, which fills in the defaults and checks it.
type Config struct {
	Address                                                    string
	NtfyURL, NtfyTopic                                         string
	NtfyTopicParameter, NtfyTokenParameter                     string
	PushoverURL, PushoverTokenParameter, PushoverUserParameter string
	SecretParameter                                            string
	Topics                                                     []string
	Runbooks                                                   Runbooks
	Severities                                                 map[string]Severity
	DedupeWindow                                               time.Duration
	DedupeEntries, Attempts                                    int
	Timeout                                                    time.Duration
}

// Pushover reports whether Pushover is used.
func (c Config) Pushover() bool { return c.PushoverTokenParameter != "" }

// FromEnvironment reads the variables that begin with SINK_ from NAME=VALUE pairs
// (os.Environ's form). The error is a diag.List with everything that is wrong.
func FromEnvironment(environ []string) (Config, error) {
	r := &reader{values: map[string]string{}, read: map[string]bool{}}
	for _, pair := range environ {
		if name, value, ok := strings.Cut(pair, "="); ok && strings.HasPrefix(name, "SINK_") {
			r.values[name] = value
		}
	}
	c := Config{
		Address:                r.text("SINK_ADDRESS", "127.0.0.1:8080"),
		NtfyURL:                r.address("SINK_NTFY_URL", "https://ntfy.sh"),
		NtfyTopic:              r.text("SINK_NTFY_TOPIC", ""),
		NtfyTopicParameter:     r.parameter("SINK_NTFY_TOPIC_PARAMETER"),
		NtfyTokenParameter:     r.parameter("SINK_NTFY_TOKEN_PARAMETER"),
		PushoverURL:            r.address("SINK_PUSHOVER_URL", "https://api.pushover.net/1/messages.json"),
		PushoverTokenParameter: r.parameter("SINK_PUSHOVER_TOKEN_PARAMETER"),
		PushoverUserParameter:  r.parameter("SINK_PUSHOVER_USER_PARAMETER"),
		SecretParameter:        r.parameter("SINK_SECRET_PARAMETER"),
		Topics:                 r.topics("SINK_TOPICS"),
		Runbooks:               r.runbooks("SINK_RUNBOOKS"),
		Severities:             r.severities("SINK_SEVERITIES"),
		DedupeWindow:           r.duration("SINK_DEDUPE_WINDOW", 24*time.Hour, time.Minute, 168*time.Hour),
		DedupeEntries:          r.number("SINK_DEDUPE_ENTRIES", 10000, 16, 1000000),
		Attempts:               r.number("SINK_ATTEMPTS", 3, 1, 10),
		Timeout:                r.duration("SINK_TIMEOUT", 12*time.Second, time.Second, 10*time.Minute),
	}
	if _, _, err := net.SplitHostPort(c.Address); err != nil {
		r.bad("SINK_ADDRESS", "is not HOST:PORT", "")
	}
	switch {
	case c.NtfyTopic == "" && c.NtfyTopicParameter == "":
		r.wrong = append(r.wrong, &diag.Diagnostic{Rule: "sink-config", Summary: "there is no ntfy topic", Why: "a warning is told to ntfy alone: without it, it would reach nobody", Fix: "set SINK_NTFY_TOPIC or SINK_NTFY_TOPIC_PARAMETER", Ref: "docs/alert-sink.md"})
	case c.NtfyTopic != "" && c.NtfyTopicParameter != "":
		r.bad("SINK_NTFY_TOPIC_PARAMETER", "is set beside SINK_NTFY_TOPIC", "set one of the two")
	case c.NtfyTopic != "" && !isNtfyTopic(c.NtfyTopic):
		r.bad("SINK_NTFY_TOPIC", "is no ntfy topic: 1 to 64 of A-Z a-z 0-9 _ -", "")
	}
	if (c.PushoverTokenParameter == "") != (c.PushoverUserParameter == "") {
		r.wrong = append(r.wrong, &diag.Diagnostic{Rule: "sink-config", Summary: "Pushover needs a token and a user, and one of the two is not set", Fix: "set SINK_PUSHOVER_TOKEN_PARAMETER and SINK_PUSHOVER_USER_PARAMETER, or neither", Ref: "docs/alert-sink.md"})
	}
	var unknown []string
	for name := range r.values {
		if !r.read[name] {
			unknown = append(unknown, name)
		}
	}
	slices.Sort(unknown)
	for _, name := range unknown {
		// The value is not shown: this may be a secret under a wrong name.
		r.wrong = append(r.wrong, &diag.Diagnostic{Rule: "sink-config", Summary: fmt.Sprintf("%s is no variable of the alert sink", plain(name, 60)), Why: "a variable that is not read would silently change nothing", Fix: "unset it, or correct its name", Ref: "docs/alert-sink.md"})
	}
	return c, r.wrong.Err()
}

// reader collects what is wrong with the variables it is asked for.
type reader struct {
	values map[string]string
	read   map[string]bool
	wrong  diag.List
}

func (r *reader) bad(name, summary, fix string) {
	if fix == "" {
		fix = "correct " + name
	}
	r.wrong = append(r.wrong, &diag.Diagnostic{Rule: "sink-config", Summary: name + " " + summary, Found: plain(name+"="+r.values[name], 200), Fix: fix, Ref: "docs/alert-sink.md"})
}

// text treats an empty variable as one that is not set, as modules and shells do.
func (r *reader) text(name, otherwise string) string {
	r.read[name] = true
	if v := strings.TrimSpace(r.values[name]); v != "" {
		return v
	}
	return otherwise
}

// parameterName is what SSM takes: a name or an ARN, perhaps with a selector. Its
// length is SSM's to judge.
// Source: Systems Manager API Reference, GetParameters.
var parameterName = regexp.MustCompile(`^(arn:aws[a-z-]*:ssm:[a-z0-9-]+:[0-9]+:parameter)?/?[A-Za-z0-9_./-]+(:[A-Za-z0-9_.-]+)?$`)

func (r *reader) parameter(name string) string {
	v := r.text(name, "")
	if v != "" && !parameterName.MatchString(v) {
		// Perhaps the secret itself was set: do not show it.
		r.wrong = append(r.wrong, &diag.Diagnostic{Rule: "sink-config", Summary: name + " is no name of an SSM parameter", Fix: "set it to a parameter's name or ARN, such as /foundations/alert-sink/" + strings.ToLower(strings.TrimSuffix(strings.TrimPrefix(name, "SINK_"), "_PARAMETER")), Ref: "docs/alert-sink.md"})
		return ""
	}
	return v
}

// address takes https, and http to this machine only.
func (r *reader) address(name, otherwise string) string {
	v := r.text(name, otherwise)
	u, err := url.Parse(v)
	if err != nil || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" || u.Scheme != "https" && !(u.Scheme == "http" && loopback(u.Hostname())) {
		r.bad(name, "is not an https address without query and user (http is taken for this machine only)", "")
		return otherwise
	}
	return v
}

func loopback(host string) bool {
	if host == "localhost" {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.IsLoopback()
}

func (r *reader) duration(name string, otherwise, low, high time.Duration) time.Duration {
	v := r.text(name, "")
	if v == "" {
		return otherwise
	}
	d, err := time.ParseDuration(v)
	if err != nil || d < low || d > high {
		r.bad(name, fmt.Sprintf("is not a duration from %v to %v, such as 90s", low, high), "")
		return otherwise
	}
	return d
}

func (r *reader) number(name string, otherwise, low, high int) int {
	v := r.text(name, "")
	if v == "" {
		return otherwise
	}
	n, err := strconv.Atoi(v)
	if err != nil || n < low || n > high {
		r.bad(name, fmt.Sprintf("is not a number from %d to %d", low, high), "")
		return otherwise
	}
	return n
}

func (r *reader) topics(name string) []string {
	var out []string
	for t := range strings.SplitSeq(r.text(name, ""), ",") {
		if t = strings.TrimSpace(t); t == "" {
			continue
		}
		if _, err := parseTopic(t); err != nil {
			r.bad(name, "has an entry that is not the ARN of a topic: "+err.Error(), "")
			continue
		}
		out = append(out, t)
	}
	return out
}

func (r *reader) severities(name string) map[string]Severity {
	out := map[string]Severity{}
	v := r.text(name, "")
	if v == "" {
		return out
	}
	var raw map[string]string
	if err := json.Unmarshal([]byte(v), &raw); err != nil {
		r.bad(name, `is not a JSON object of type to severity, such as {"alarm/disk": "warning"}`, "")
		return out
	}
	for kind, text := range raw {
		s, err := ParseSeverity(text)
		if err != nil {
			r.bad(name, "has for "+plain(kind, 60)+": "+err.Error(), "")
			continue
		}
		out[strings.Trim(kind, "/")] = s
	}
	return out
}

func (r *reader) runbooks(name string) Runbooks {
	b, err := ParseRunbooks(r.text(name, ""))
	if err != nil {
		r.bad(name, err.Error(), "")
	}
	return b
}
