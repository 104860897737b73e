package control_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/strongroom-dev/strongroom/internal/oidc"
	"github.com/strongroom-dev/strongroom/sandbox/internal/control"
	"github.com/strongroom-dev/strongroom/sandbox/internal/forge"
)

// fake records what it was asked.
type fake struct {
	token   oidc.TokenRequest
	account string
	scp     control.SCP
	emitted control.Handed
	record  control.Handed
	by      time.Duration
	access  forge.AccessRequest
	err     error
}

func (f *fake) AdvanceTime(a control.Advance) (control.Advanced, error) {
	f.by = a.By
	return control.Advanced{Now: time.Unix(7, 0).UTC()}, f.err
}

func (f *fake) EmitEvent(h control.Handed) error { f.emitted = h; return f.err }
func (f *fake) PutRecord(h control.Handed) error { f.record = h; return f.err }

func (f *fake) MintToken(r oidc.TokenRequest) (string, error) { f.token = r; return "a.b.c", f.err }
func (f *fake) MintAccess(r forge.AccessRequest) (*forge.Access, error) {
	f.access = r
	return &forge.Access{Username: "u", Token: "t", Expires: time.Unix(9, 0).UTC()}, f.err
}
func (f *fake) AttachPolicy(s control.SCP) error { f.scp = s; return f.err }
func (f *fake) Environment(account string) (control.Environment, error) {
	f.account = account
	return control.Environment{Account: account, Set: []control.Variable{{Name: "A", Value: "b"}}, Unset: []string{"C"}}, f.err
}

func (f *fake) Guardrails(account string) (control.Guardrails, error) {
	f.account = account
	return control.Guardrails{SCPs: [][]control.Document{{{Name: "fence", Document: json.RawMessage(`{}`)}}}}, f.err
}

func (f *fake) Deliveries() (control.Deliveries, error) {
	return control.Deliveries{Mails: []control.Mail{{To: "a@example.com", Confirm: "https://x"}}, Undelivered: []control.Undelivered{{To: "arn:x", Reason: "no"}}}, f.err
}

func start(t *testing.T, f *fake) (*control.Client, string) {
	t.Helper()
	server := httptest.NewServer(http.StripPrefix("/secret", control.Handler(f)))
	t.Cleanup(server.Close)
	client, err := control.Dial(server.URL + "/secret")
	if err != nil {
		t.Fatal(err)
	}
	return client, server.URL + "/secret"
}

func TestClientAndHandlerAgree(t *testing.T) {
	f := &fake{}
	client, _ := start(t, f)
	ctx := context.Background()
	protected := true
	want := oidc.TokenRequest{Project: "a/b", Shape: "tag", RefProtected: &protected, Audience: []string{"x"}, Replace: map[string]any{"jti": nil}, Fault: oidc.Forged}
	token, err := client.MintToken(ctx, want)
	if err != nil || token != "a.b.c" {
		t.Errorf("MintToken = %q, %v", token, err)
	}
	if d := cmp.Diff(want, f.token); d != "" {
		t.Errorf("token request -sent +received:\n%s", d)
	}
	asked := forge.AccessRequest{Issuer: "https://gitlab.com", Kind: forge.Job, Project: "a/b", Role: "developer", User: "eve", TTLSeconds: 5}
	if a, err := client.MintAccess(ctx, asked); err != nil || a.Token != "t" || a.Username != "u" || a.Expires.Unix() != 9 || !cmp.Equal(asked, f.access) {
		t.Errorf("MintAccess of %+v = %+v, %v", f.access, a, err)
	}
	if now, err := client.Advance(ctx, time.Minute); err != nil || f.by != time.Minute || now.Unix() != 7 {
		t.Errorf("Advance by %s to %s: %v", f.by, now, err)
	}
	env, err := client.Environment(ctx, "222233334444")
	if err != nil || f.account != "222233334444" {
		t.Errorf("Environment asked for %q: %v", f.account, err)
	}
	if d := cmp.Diff(control.Environment{Account: "222233334444", Set: []control.Variable{{Name: "A", Value: "b"}}, Unset: []string{"C"}}, env); d != "" {
		t.Errorf("environment -want +got:\n%s", d)
	}
	scp := control.SCP{Account: "222233334444", Level: 1, Name: "fence", Document: json.RawMessage(`{"Version":"2012-10-17"}`)}
	if err := client.AttachPolicy(ctx, scp); err != nil {
		t.Error(err)
	}
	if d := cmp.Diff(scp, f.scp); d != "" {
		t.Errorf("scp -sent +received:\n%s", d)
	}
	got, err := client.Guardrails(ctx, "222233334444")
	if err != nil || f.account != "222233334444" || len(got.SCPs) != 1 || got.SCPs[0][0].Name != "fence" || string(got.SCPs[0][0].Document) != "{}" {
		t.Errorf("Guardrails = %+v, %v", got, err)
	}
	sent, err := client.Deliveries(ctx)
	if want, _ := f.Deliveries(); err != nil || !cmp.Equal(want, sent) {
		t.Errorf("Deliveries = %+v, %v", sent, err)
	}
	event, record := control.Handed{Account: "222233334444", Region: "us-east-1", Document: json.RawMessage(`{"a":1.50}`)}, control.Handed{Document: json.RawMessage(`{"b":[]}`)}
	if err := errors.Join(client.Emit(ctx, event), client.Record(ctx, record)); err != nil || !cmp.Equal(event, f.emitted) || !cmp.Equal(record, f.record) {
		t.Errorf("emitted %+v, recorded %+v, %v", f.emitted, f.record, err)
	}
	f.err = errors.New(`account "x" is not 12 digits`)
	if _, err := client.Environment(ctx, "x"); err == nil || err.Error() != f.err.Error() {
		t.Errorf("error = %v, want the sandbox's own", err)
	}
}

func TestHandlerRefuses(t *testing.T) {
	_, url := start(t, &fake{})
	for _, tt := range []struct {
		method, path, body string
		status             int
		want               string
	}{
		{"POST", "/token", `{"project":"a/b","brunch":"x"}`, 400, `unknown field \"brunch\"`},
		{"POST", "/scp", `{"acount":"x"}`, 400, `unknown field \"acount\"`},
		{"POST", "/access", `{"project":"a/b","rule":"owner"}`, 400, `unknown field \"rule\"`},
		{"POST", "/environment", `{} {}`, 400, `more than one JSON object`},
		{"POST", "/environment", `{"account":` + strings.Repeat(" ", 2<<20), 400, `too large`},
		{"POST", "/environment", ``, 400, `not the JSON object`},
		{"GET", "/environment", ``, 404, `no GET /environment`},
		{"POST", "/other", `{}`, 404, `no POST /other`},
	} {
		req, err := http.NewRequest(tt.method, url+tt.path, strings.NewReader(tt.body))
		if err != nil {
			t.Fatal(err)
		}
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		if err != nil || resp.StatusCode != tt.status || !strings.Contains(string(body), tt.want) {
			t.Errorf("%s %s %.40s = %d %s (%v), want %d and %q", tt.method, tt.path, tt.body, resp.StatusCode, body, err, tt.status, tt.want)
		}
	}
}

func TestDialRefuses(t *testing.T) {
	for _, url := range []string{"", "http://127.0.0.1:1", "https://127.0.0.1:1/x", "http://example.com/x", "http://10.0.0.1/x", "http://localhost/x", ":", "1"} {
		if _, err := control.Dial(url); err == nil {
			t.Errorf("Dial(%q) succeeds", url)
		}
	}
}

func TestClientSaysThatTheSandboxIsGone(t *testing.T) {
	server := httptest.NewServer(http.NotFoundHandler())
	client, err := control.Dial(server.URL + "/secret")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := client.Environment(context.Background(), ""); !errors.Is(err, control.ErrGone) || strings.Contains(err.Error(), "secret") {
		t.Errorf("another server: error = %v, want ErrGone without the path", err)
	}
	server.Close()
	if _, err := client.Environment(context.Background(), ""); !errors.Is(err, control.ErrGone) || strings.Contains(err.Error(), "secret") {
		t.Errorf("nobody listens: error = %v, want ErrGone without the path", err)
	}
}
