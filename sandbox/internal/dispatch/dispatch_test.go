package dispatch_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/strongroom-dev/strongroom/sandbox/internal/authz"
	"github.com/strongroom-dev/strongroom/sandbox/internal/dispatch"
	"github.com/strongroom-dev/strongroom/sandbox/internal/op"
	"github.com/strongroom-dev/strongroom/sandbox/internal/store"
)

func TestAnswers(t *testing.T) {
	h := open(t)
	h.dir.user(t, "reader", `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"notes:Get*","Resource":"*"},
		{"Effect":"Deny","Action":"notes:GetNote","Resource":"arn:aws:notes:*:*:note/hidden"}]}`)
	h.dir.user(t, "strange", `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"notes:*","Resource":"*",
		"Condition":{"StringNotEquals":{"notes:Colour":"red"}}}}`)
	h.dir.user(t, "elsewhere", `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"notes:Get*","Resource":"*"},
		{"Effect":"Deny","Action":"notes:Delete*","Resource":"*","Condition":{"StringEquals":{"notes:Colour":"red"}}},
		{"Effect":"Allow","Action":"ec2:*","Resource":"*","Condition":{"StringEquals":{"ec2:Region":"x"}}}]}`)
	h.dir.user(t, "newglobal", `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*","Condition":{"Null":{"aws:Moonphase":"true"}}}}`)
	for _, tt := range []struct {
		key, operation, body string
		status               int
		want                 string
	}{
		{"admin", "PutNote", `{"Name":"n","Text":"hello"}`, 200, `{"Length":5}`},
		{"admin", "GetNote", `{"Name":"n"}`, 200, `{"Text":"hello"}`},
		{"admin", "GetNote", `{"Name":"none"}`, 400, "NotFoundException"},
		{"reader", "GetNote", `{"Name":"n"}`, 200, "hello"},
		{"reader", "GetNote", `{"Name":"hidden"}`, 400, "with an explicit deny in an identity-based policy"},
		{"reader", "PutNote", `{"Name":"n","Text":"x"}`, 400, "User: arn:aws:iam::111122223333:user/reader is not authorized to perform: notes:PutNote on resource: arn:aws:notes:eu-west-2:111122223333:note/n because no identity-based policy allows the notes:PutNote action"},
		{"nobody", "GetNote", `{"Name":"n"}`, 400, "AccessDeniedException"},
		{"nobody", "Public", `{}`, 200, "{}"},
		{"", "Public", `{}`, 400, "MissingAuthenticationTokenException"},
		{"", "GetNote", `{"Name":"n"}`, 400, "MissingAuthenticationTokenException"},
		{"", "GetNote", `[`, 400, "MissingAuthenticationTokenException"},
		{"", "Costly", `{}`, 400, "MissingAuthenticationTokenException"},
		{"nobody", "Costly", `{}`, 400, "PreparedException"},
		{"admin", "Prepared", `{}`, 200, "ready"},
		{"admin", "AskTwice", `{}`, 200, "allowed"},
		{"admin", "GetNote", `{"Name":"n","Colour":"red"}`, 400, `unknown member \"Colour\"`},
		{"admin", "GetNote", `{"Name":7}`, 400, "SerializationException"},
		{"admin", "GetNote", `[`, 400, "SerializationException"},
		{"admin", "Absent", `{}`, 400, "does not implement notes:Absent"},
		{"admin", "Panic", `{}`, 400, "SandboxFault"},
		{"admin", "Fault", `{}`, 400, "SandboxFault"},
		{"admin", "NoCheck", `{}`, 400, "SandboxFault"},
		{"strange", "GetNote", `{"Name":"n"}`, 400, `a condition on \"notes:Colour\"`},
		{"elsewhere", "GetNote", `{"Name":"n"}`, 200, "hello"},
		{"newglobal", "GetNote", `{"Name":"n"}`, 400, `a condition on \"aws:Moonphase\"`},
		{"stranger", "GetNote", `{"Name":"n"}`, 400, "UnrecognizedClientException"},
	} {
		status, body := h.call(t, tt.key, tt.operation, tt.body)
		if status != tt.status || !strings.Contains(body, tt.want) {
			t.Errorf("%s %s %s = %d %s, want %d and %q", tt.key, tt.operation, tt.body, status, body, tt.status, tt.want)
		}
		for _, secret := range []string{"boom", "disk on fire"} {
			if strings.Contains(body, secret) {
				t.Errorf("%s: the answer holds the fault's own text %q", tt.operation, secret)
			}
		}
	}
}

func TestEveryRequestIsAnEvent(t *testing.T) {
	h := open(t)
	h.call(t, "admin", "PutNote", `{"Name":"n","Text":"top secret words"}`)
	h.call(t, "nobody", "GetNote", `{"Name":"n"}`)
	h.call(t, "admin", "Panic", `{}`)
	h.call(t, "", "GetNote", `{}`)
	h.call(t, "stranger", "GetNote", `{}`)
	h.call(t, "admin", "Absent", `{}`)
	h.call(t, "admin", "GetNote", `{"Name":"n"}`, func(r *http.Request) { r.Host = "ec2.eu-west-2.amazonaws.com" })
	events := h.audit.Events()
	if len(events) != 7 {
		t.Fatalf("%d events, want 7", len(events))
	}
	put := events[0]
	if put.EventName != "PutNote" || put.UserIdentity.Type != "IAMUser" || put.UserIdentity.UserName != "admin" ||
		put.ErrorCode != "" || put.ReadOnly || put.RequestParameters["name"] != "n" || put.ResponseElements["length"] != int64(16) ||
		len(put.Resources) != 1 || put.Resources[0].Type != "AWS::Notes::Note" || put.EventTime != "2026-11-21T12:00:00Z" {
		t.Errorf("event of the put: %+v", put)
	}
	denied := events[1]
	if denied.ErrorCode != "AccessDeniedException" || len(denied.Decisions) != 1 || denied.Decisions[0].Allowed || denied.Decisions[0].Explanation == nil {
		t.Errorf("event of the denial: %+v", denied)
	}
	for i, want := range []string{"", "AccessDeniedException", "SandboxFault", "MissingAuthenticationTokenException", "UnrecognizedClientException", "NotImplemented", "NotImplemented"} {
		if events[i].ErrorCode != want {
			t.Errorf("event %d: errorCode %q, want %q", i, events[i].ErrorCode, want)
		}
	}
	if events[4].UserIdentity.Type != "Unknown" || events[4].UserIdentity.AccessKeyID != "stranger" {
		t.Errorf("unknown key: identity %+v", events[4].UserIdentity)
	}
	if lines := h.lines.String(); strings.Count(lines, "\n") != 7 || strings.Contains(lines, "top secret") {
		t.Errorf("audit lines: %s", lines)
	}
}

func TestBodyLimit(t *testing.T) {
	h := open(t)
	status, body := h.call(t, "admin", "PutNote", `{"Name":"n","Text":"`+strings.Repeat("x", 2<<20)+`"}`)
	if status != 400 || !strings.Contains(body, "EntityTooLarge") {
		t.Errorf("too large a body = %d %s", status, body)
	}
}

func TestUnknownHostsAreRefusedInTheirProtocol(t *testing.T) {
	h := open(t)
	for _, tt := range []struct{ host, contentType, want string }{
		{"ec2.eu-west-2.amazonaws.com", "application/x-www-form-urlencoded", "<Code>NotImplemented</Code>"},
		{"dynamodb.eu-west-2.amazonaws.com", "application/x-amz-json-1.0", `"__type":"NotImplemented"`},
		{"kms.cn-north-1.amazonaws.com.cn", "application/x-amz-json-1.1", "does not know the host"},
		{"kms.eu-west-2.api.aws", "application/x-amz-json-1.1", "does not know the host"},
		{"a.b.c.d.amazonaws.com", "", "NotImplemented"},
	} {
		status, body := h.call(t, "admin", "GetNote", "{}", func(r *http.Request) {
			r.Host = tt.host
			r.Header.Set("Content-Type", tt.contentType)
		})
		if status != 400 || !strings.Contains(body, tt.want) {
			t.Errorf("%s = %d %s, want 400 and %q", tt.host, status, body, tt.want)
		}
	}
}

func TestARevokedKeyIsRefusedUnderTheLock(t *testing.T) {
	h := open(t)
	if status, _ := h.call(t, "admin", "Public", `{}`); status != 200 {
		t.Fatalf("active key: status %d", status)
	}
	if err := h.db.Update(func() error { h.dir["admin"].cred.Inactive = true; return nil }); err != nil {
		t.Fatal(err)
	}
	if status, body := h.call(t, "admin", "Public", `{}`); status != 400 || !strings.Contains(body, "UnrecognizedClientException") {
		t.Errorf("inactive key = %d %s", status, body)
	}
}

type table struct {
	*notes
	rows []op.Row
}

func (t table) Rows() []op.Row { return t.rows }

func TestARowMustSayWhatItNeeds(t *testing.T) {
	good := op.New("A", "test", op.Read, ask("notes:A"), func(*op.Call, *none) (*none, error) { return &none{}, nil })
	open := op.New[none, none]("B", "test", op.Read, nil, func(*op.Call, *none) (*none, error) { return &none{}, nil })
	both := good
	both.Public = "both"
	nameless := good
	nameless.Name = ""
	for name, rows := range map[string][]op.Row{"neither": {open}, "both": {both}, "twice": {good, good}, "nameless": {nameless}} {
		db := store.Memory()
		_, err := dispatch.New(dispatch.Config{DB: db, Directory: directory{}, Services: []op.Service{table{newNotes(db), rows}}})
		if err == nil {
			t.Errorf("%s: the table is accepted", name)
		}
	}
	var _ authz.Lister = (*notes)(nil)
}

func TestLabourIsForThoseWhoMay(t *testing.T) {
	h := open(t)
	for _, tt := range []struct {
		key, want string
		labours   int
	}{{"nobody", "AccessDeniedException", 0}, {"", "MissingAuthenticationTokenException", 0}, {"admin", "made", 1}} {
		_, body := h.call(t, tt.key, "Hard", `{}`)
		if !strings.Contains(body, tt.want) || h.notes.labours != tt.labours {
			t.Errorf("%q: %s, want %s; the work was done %d times, want %d", tt.key, body, tt.want, h.notes.labours, tt.labours)
		}
	}
	for _, e := range h.audit.Events() {
		if e.UserIdentity.UserName != "" && len(e.Decisions) != 1 {
			t.Errorf("%s: %d decisions, want 1: the question under the lock is the one that counts", e.UserIdentity.UserName, len(e.Decisions))
		}
	}
}
