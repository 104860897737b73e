package audit_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	ststypes "github.com/aws/aws-sdk-go-v2/service/sts/types"

	"github.com/strongroom-dev/strongroom/policy"
	"github.com/strongroom-dev/strongroom/sandbox/internal/audit"
	"github.com/strongroom-dev/strongroom/sandbox/internal/op"
)

var now = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

const account = "111122223333"

type zeros struct{}

func (zeros) Read(b []byte) (int, error) { clear(b); return len(b), nil }

func TestOrderAndBound(t *testing.T) {
	var lines bytes.Buffer
	l := audit.New(&lines, 3, zeros{}, nil)
	for i := range 10 {
		l.Add(audit.Record{Name: fmt.Sprint("Op", i), Caller: &op.Caller{}})
	}
	events := l.Events()
	var names []string
	for _, e := range events {
		names = append(names, e.EventName)
	}
	if got := strings.Join(names, " "); got != "Op7 Op8 Op9" || l.Dropped() != 7 {
		t.Errorf("kept %q, dropped %d", got, l.Dropped())
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	for i, line := range strings.Split(strings.TrimSpace(lines.String()), "\n") {
		var e audit.Event
		if err := json.Unmarshal([]byte(line), &e); err != nil || e.EventName != fmt.Sprint("Op", i) {
			t.Errorf("line %d: %v %s", i, err, line)
		}
	}
	l.Add(audit.Record{Name: "Late", Caller: &op.Caller{}})
	if n := len(l.Events()); n != 3 {
		t.Errorf("%d events after the end", n)
	}
}

type full struct{}

func (full) Write([]byte) (int, error) { return 0, errors.New("no space left on device") }

func TestAFullDiskIsReported(t *testing.T) {
	l := audit.New(full{}, 3, zeros{}, nil)
	l.Add(audit.Record{Caller: &op.Caller{}})
	if err := l.Close(); err == nil || !strings.Contains(err.Error(), "no space") {
		t.Errorf("close returns %v", err)
	}
}

func one(t *testing.T, r audit.Record) (audit.Event, string) {
	t.Helper()
	var lines bytes.Buffer
	l := audit.New(&lines, 1, zeros{}, nil)
	l.Add(r)
	events := l.Events()
	if err := l.Close(); err != nil || len(events) != 1 {
		t.Fatal(err, len(events))
	}
	return events[0], lines.String()
}

func TestSecretsStayOut(t *testing.T) {
	row := op.New("X", "test", op.Write, nil, func(*op.Call, *kms.EncryptInput) (*sts.AssumeRoleOutput, error) { return nil, nil })
	row.Secret = []string{"EncryptionContext"}
	e, line := one(t, audit.Record{Caller: &op.Caller{}, Row: &row,
		In: &kms.EncryptInput{KeyId: aws.String("id"), Plaintext: []byte("hush-1"), EncryptionContext: map[string]string{"k": "hush-2"}, GrantTokens: []string{"hush-3"}},
		Out: &sts.AssumeRoleOutput{SourceIdentity: aws.String("alice"), Credentials: &ststypes.Credentials{
			AccessKeyId: aws.String("ASIA"), SecretAccessKey: aws.String("hush-4"), SessionToken: aws.String("hush-5"), Expiration: aws.Time(now)}},
	})
	if strings.Contains(line, "hush") {
		t.Errorf("the line holds a secret: %s", line)
	}
	creds, ok := e.ResponseElements["credentials"].(map[string]any)
	if e.RequestParameters["keyId"] != "id" || !ok || creds["accessKeyId"] != "ASIA" || creds["expiration"] != "2026-11-21T12:00:00Z" {
		t.Errorf("request %v, response %v", e.RequestParameters, e.ResponseElements)
	}
}

func TestReadsAndRefusalsHaveNoResponse(t *testing.T) {
	read := op.New("X", "test", op.Read, nil, func(*op.Call, *kms.EncryptInput) (*kms.EncryptOutput, error) { return nil, nil })
	read.Data = true
	e, _ := one(t, audit.Record{Caller: &op.Caller{}, Row: &read, In: &kms.EncryptInput{}, Out: &kms.EncryptOutput{KeyId: aws.String("x")}})
	if e.ResponseElements != nil || !e.ReadOnly || e.ManagementEvent || e.EventCategory != "Data" {
		t.Errorf("a read: %+v", e)
	}
	write := op.New("X", "test", op.Write, nil, func(*op.Call, *kms.EncryptInput) (*kms.EncryptOutput, error) { return nil, nil })
	e, _ = one(t, audit.Record{Caller: &op.Caller{}, Row: &write, Out: &kms.EncryptOutput{KeyId: aws.String("x")}, Err: op.Errorf(400, "Refused", "no")})
	if e.ResponseElements != nil || e.ErrorCode != "Refused" || e.ErrorMessage != "no" || e.ReadOnly {
		t.Errorf("a refusal: %+v", e)
	}
}

// Source: CloudTrail User Guide "CloudTrail userIdentity element".
func TestIdentities(t *testing.T) {
	caller := func(p policy.Principal, s *op.Session) *op.Caller {
		p.Account = account
		return &op.Caller{Principal: p, Account: account, AccessKeyID: "KEY", Session: s}
	}
	session := &op.Session{Name: "job", Issued: now, MFA: true, SourceIdentity: "alice",
		Federated: []op.Key{op.Single("aws:FederatedProvider", "arn:provider"), op.Single("gitlab.com:sub", "s")}}
	for _, tt := range []struct {
		name   string
		record audit.Record
		want   string
	}{
		{"root", audit.Record{Caller: caller(policy.Principal{Type: policy.Root, ARN: "arn:aws:iam::" + account + ":root"}, nil)},
			`{"type":"Root","principalId":"111122223333","arn":"arn:aws:iam::111122223333:root","accountId":"111122223333","accessKeyId":"KEY"}`},
		{"user", audit.Record{Caller: caller(policy.Principal{Type: policy.User, ID: "AIDA", ARN: "arn:aws:iam::" + account + ":user/p/bob"}, nil)},
			`{"type":"IAMUser","principalId":"AIDA","arn":"arn:aws:iam::111122223333:user/p/bob","accountId":"111122223333","accessKeyId":"KEY","userName":"bob"}`},
		{"role", audit.Record{Caller: caller(policy.Principal{Type: policy.AssumedRole, ID: "AROA", ARN: "arn:s", RoleARN: "arn:aws:iam::" + account + ":role/ci"}, session)},
			`{"type":"AssumedRole","principalId":"AROA:job","arn":"arn:s","accountId":"111122223333","accessKeyId":"KEY","sessionContext":{"sessionIssuer":{"type":"Role","principalId":"AROA","arn":"arn:aws:iam::111122223333:role/ci","accountId":"111122223333","userName":"ci"},"webIdFederationData":{"federatedProvider":"arn:provider","attributes":{"gitlab.com:sub":"s"}},"attributes":{"creationDate":"2026-11-21T12:00:00Z","mfaAuthenticated":"true"},"sourceIdentity":"alice"}}`},
		{"anonymous", audit.Record{Caller: &op.Caller{}}, `{"type":"AWSAccount","accountId":"ANONYMOUS_PRINCIPAL"}`},
		{"unknown key", audit.Record{Caller: &op.Caller{}, ClaimedKey: "AKIA"}, `{"type":"Unknown","accessKeyId":"AKIA"}`},
		{"web identity", audit.Record{Caller: &op.Caller{}, Principal: &policy.Principal{Type: policy.WebIdentity, ARN: "arn:provider", Account: account}},
			`{"type":"WebIdentityUser","accountId":"111122223333","identityProvider":"arn:provider"}`},
	} {
		e, _ := one(t, tt.record)
		got, err := json.Marshal(e.UserIdentity)
		if err != nil || string(got) != tt.want {
			t.Errorf("%s:\n got %s\nwant %s", tt.name, got, tt.want)
		}
	}
}

type place struct{ Bucket, Key string }

func TestEmbeddedMembersAreShown(t *testing.T) {
	type options struct{ Bypass bool }
	type input struct {
		place
		Body    string
		options // its name says nothing, its members do
	}
	log := audit.New(nil, 1, zeros{}, nil)
	log.Add(audit.Record{Caller: &op.Caller{}, Row: &op.Row{}, In: &input{place: place{"b", "k"}, Body: "secret"}})
	got := log.Events()[0].RequestParameters
	if err := log.Close(); err != nil {
		t.Error(err)
	}
	if want := map[string]any{"bucket": "b", "key": "k", "bypass": false}; !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

// A record that is handed over is kept, written and marshalled as it came, in its order.
func TestPutKeepsARecordAsItCame(t *testing.T) {
	var lines bytes.Buffer
	var seen []audit.Event
	log := audit.New(&lines, 10, zeros{}, func(e audit.Event) { seen = append(seen, e) })
	given := `{"eventName":"ConsoleLogin","url":"a?b&c","odd":1.50}`
	arrived := time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC)
	if !log.Put(audit.Event{EventName: "ConsoleLogin", EventTime: "2020-01-01T00:00:00Z", Given: []byte(given), Arrived: arrived}) {
		t.Fatal("an open log takes nothing")
	}
	kept := log.Events()
	if err := log.Close(); err != nil {
		t.Fatal(err)
	}
	if lines.String() != given+"\n" {
		t.Errorf("written %q, want %q", lines.String(), given)
	}
	if len(kept) != 1 || len(seen) != 1 || !kept[0].When().Equal(arrived) {
		t.Fatalf("kept %+v, told of %+v", kept, seen)
	}
	raw, err := json.Marshal(kept[0])
	var got, want map[string]any
	if err := errors.Join(err, json.Unmarshal(raw, &got), json.Unmarshal([]byte(given), &want)); err != nil || !maps.Equal(got, want) {
		t.Errorf("marshalled %s, %v", raw, err)
	}
	if log.Put(audit.Event{}) {
		t.Error("a closed log takes a record")
	}
	made := audit.Event{EventName: "X", EventTime: "2020-01-01T00:00:00Z", UserAgent: "a&b"}
	if raw, err := json.Marshal(made); err != nil || !strings.Contains(string(raw), `"eventName":"X"`) || made.When().Year() != 2020 {
		t.Errorf("%s, %v", raw, err)
	}
}
