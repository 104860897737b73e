package dispatch_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"

	"github.com/strongroom-dev/strongroom/policy"
	"github.com/strongroom-dev/strongroom/sandbox/internal/audit"
	"github.com/strongroom-dev/strongroom/sandbox/internal/dispatch"
	"github.com/strongroom-dev/strongroom/sandbox/internal/dispatch/dispatchtest"
	"github.com/strongroom-dev/strongroom/sandbox/internal/op"
	"github.com/strongroom-dev/strongroom/sandbox/internal/store"
	"github.com/strongroom-dev/strongroom/sandbox/internal/wire"
)

// notes is the smallest service there can be: it keeps one text per name.
type notes struct {
	table   *store.Table[string]
	rows    []op.Row
	labours int // how often Hard did its work
}

type (
	putInput  struct{ Name, Text *string }
	putOutput struct{ Length int32 }
	getInput  struct{ Name *string }
	getOutput struct{ Text *string }
	none      struct{}
)

const account = "111122223333"

func newNotes(db *store.DB) *notes {
	n := &notes{table: store.NewTable[string](db, "notes")}
	put := op.New("PutNote", "test", op.Write, checkPut, n.put)
	put.Secret, put.ResourceTypes = []string{"Text"}, []string{"AWS::Notes::Note"}
	prepared := op.WithPrepare(op.New("Prepared", "test", op.Read, ask("notes:Prepared"), n.prepared),
		func(c *op.Call, _ *none) error { c.Prepared = "ready"; return nil })
	costly := op.WithPrepare(op.New("Costly", "test", op.Read, ask("notes:Costly"), n.prepared),
		func(*op.Call, *none) error { return op.Errorf(400, "PreparedException", "prepared") })
	hard := op.WithLabour(op.New("Hard", "test", op.Write, ask("notes:Hard"), n.prepared),
		func(c *op.Call, _ *none) error { n.labours++; c.Prepared = "made"; return nil })
	asks := op.New("AskTwice", "test", op.Read, ask("notes:AskTwice"), n.askTwice)
	asks.Asks = "it shows that a handler may ask"
	public := op.New[none, none]("Public", "test", op.Read, nil, func(*op.Call, *none) (*none, error) { return &none{}, nil })
	public.Public = "test"
	n.rows = []op.Row{put, prepared, costly, hard, asks, public,
		op.New("GetNote", "test", op.Read, checkGet, n.get),
		op.New("Panic", "test", op.Write, ask("notes:Panic"), func(*op.Call, *none) (*none, error) { panic("boom with a secret") }),
		op.New("Fault", "test", op.Read, ask("notes:Fault"), func(*op.Call, *none) (*none, error) { return nil, errors.New("disk on fire") }),
		op.New("NoCheck", "test", op.Read, func(*op.Call, *none) ([]op.Check, error) { return nil, nil }, func(*op.Call, *none) (*none, error) { return &none{}, nil }),
	}
	return n
}

func (n *notes) Prefix() string        { return "notes" }
func (n *notes) EventSource() string   { return "notes.amazonaws.com" }
func (n *notes) Protocol() op.Protocol { return wire.NewJSON("Notes", "1.1") }
func (n *notes) Rows() []op.Row        { return n.rows }
func (n *notes) Keys() []string        { return []string{"notes:Name"} }

func resource(name string) op.Resource {
	return op.Resource{ARN: "arn:aws:notes:eu-west-2:" + account + ":note/" + name, Account: account}
}

func ask(action string) func(*op.Call, *none) ([]op.Check, error) {
	return func(*op.Call, *none) ([]op.Check, error) {
		return []op.Check{{Action: action, Resource: resource("x")}}, nil
	}
}

func checkPut(_ *op.Call, in *putInput) ([]op.Check, error) {
	return []op.Check{{Action: "notes:PutNote", Resource: resource(aws.ToString(in.Name)), Context: []op.Key{op.Single("notes:Name", aws.ToString(in.Name))}}}, nil
}

func checkGet(_ *op.Call, in *getInput) ([]op.Check, error) {
	return []op.Check{{Action: "notes:GetNote", Resource: resource(aws.ToString(in.Name))}}, nil
}

func (n *notes) put(_ *op.Call, in *putInput) (*putOutput, error) {
	n.table.Put(*in.Name, in.Text)
	return &putOutput{Length: int32(len(*in.Text))}, nil
}

func (n *notes) get(_ *op.Call, in *getInput) (*getOutput, error) {
	text := n.table.Get(*in.Name)
	if text == nil {
		return nil, op.Errorf(400, "NotFoundException", "there is no note %q", *in.Name)
	}
	return &getOutput{Text: text}, nil
}

func (n *notes) prepared(c *op.Call, _ *none) (*getOutput, error) {
	return &getOutput{Text: aws.String(c.Prepared.(string))}, nil
}

func (n *notes) askTwice(c *op.Call, _ *none) (*getOutput, error) {
	answer := "refused"
	if err := c.Ask(op.Check{Action: "notes:Second", Resource: resource("x")}); err == nil {
		answer = "allowed"
	}
	return &getOutput{Text: &answer}, nil
}

// directory is a fixed set of identities.
type directory map[string]*entry

type entry struct {
	cred     op.Credential
	policies op.Policies
}

func (d directory) Credential(id string) (op.Credential, bool) {
	e := d[id]
	if e == nil {
		return op.Credential{}, false
	}
	return e.cred, true
}

func (d directory) Policies(c *op.Caller) op.Policies { return d[c.AccessKeyID].policies }

func (d directory) user(t testing.TB, id, document string) {
	t.Helper()
	e := &entry{cred: op.Credential{AccessKeyID: id, Secret: "secret-" + id, Caller: &op.Caller{
		AccessKeyID: id, Account: account,
		Principal: policy.Principal{Type: policy.User, ARN: "arn:aws:iam::" + account + ":user/" + id, Account: account, ID: "AIDA" + id},
	}}}
	if document != "" {
		p, err := policy.Parse("inline-"+id, []byte(document), policy.Identity)
		if err != nil {
			t.Fatal(err)
		}
		e.policies.Identity = []*policy.Policy{p}
	}
	d[id] = e
}

const allowAll = `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"notes:*","Resource":"*"}}`

var now = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

type house struct {
	url   string
	dir   directory
	db    *store.DB
	notes *notes
	audit *audit.Log
	lines *bytes.Buffer
}

func open(t testing.TB) *house {
	t.Helper()
	h := &house{dir: directory{}, db: store.Memory(), lines: &bytes.Buffer{}}
	h.audit = audit.New(h.lines, 100, zeros{}, nil)
	t.Cleanup(func() {
		if err := h.audit.Close(); err != nil {
			t.Error(err)
		}
	})
	h.dir.user(t, "admin", allowAll)
	h.dir.user(t, "nobody", "")
	h.notes = newNotes(h.db)
	h.url = dispatchtest.Start(t, dispatch.Config{DB: h.db, Directory: h.dir, Services: []op.Service{h.notes},
		Clock: func() time.Time { return now }, Audit: h.audit, MaxBody: 1 << 20})
	return h
}

type zeros struct{}

func (zeros) Read(b []byte) (int, error) { clear(b); return len(b), nil }

// call signs and sends one request and returns the status and the body.
func (h *house) call(t testing.TB, key, operation, body string, change ...func(*http.Request)) (int, string) {
	t.Helper()
	req, err := http.NewRequest(http.MethodPost, h.url+"/", bytes.NewReader([]byte(body)))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("X-Amz-Target", "Notes."+operation)
	req.Header.Set("Content-Type", "application/x-amz-json-1.1")
	if key != "" {
		sum := sha256.Sum256([]byte(body))
		creds := aws.Credentials{AccessKeyID: key, SecretAccessKey: "secret-" + key}
		if err := v4.NewSigner().SignHTTP(context.Background(), creds, req, hex.EncodeToString(sum[:]), "notes", "eu-west-2", now); err != nil {
			t.Fatal(err)
		}
	}
	for _, f := range change {
		f(req)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	got, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(got)
}
