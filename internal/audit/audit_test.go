package audit_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"

	"github.com/strongroom-dev/strongroom/internal/audit"
	"github.com/strongroom-dev/strongroom/internal/diag"
	"github.com/strongroom-dev/strongroom/internal/lock"
	"github.com/strongroom-dev/strongroom/internal/room"
	"github.com/strongroom-dev/strongroom/sandbox"
)

const spec = `
name    = "foundations"
account = "111122223333"
region  = "eu-west-2"

forge "gitlab" {
  project = "acme/infra"
}

baseline {
  alerts {
    emails = ["security@example.com"]
  }
}
`

func start(t *testing.T) (*room.Room, *sandbox.Sandbox) {
	t.Helper()
	r, err := room.Parse("strongroom.hcl", []byte(spec))
	if err != nil {
		t.Fatal(err)
	}
	sb, err := sandbox.Start(t.Context(), sandbox.Options{Account: r.Account, Region: r.Region})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = sb.Close() })
	return r, sb
}

// Every lock is audited, or there is a reason why it cannot be. That an audit
// notices when a lock is taken off a finished room is tested where one is built,
// in package rehearse.
func TestEveryLockIsAuditedOrSaysWhyNot(t *testing.T) {
	audited := map[string]bool{}
	for _, c := range audit.All() {
		if audited[c.Lock] || c.Claim == "" || audit.Unaudited[c.Lock] != "" {
			t.Errorf("check %q is there twice, has no claim, or is said not to be there", c.Lock)
		}
		audited[c.Lock] = true
	}
	locks := map[string]bool{}
	for _, l := range lock.All() {
		locks[l.ID] = true
		if !audited[l.ID] && audit.Unaudited[l.ID] == "" {
			t.Errorf("lock %s is not audited, and nothing says why", l.ID)
		}
	}
	for id := range audited {
		if !locks[id] {
			t.Errorf("check %s checks no lock's claim", id)
		}
	}
	for id := range audit.Unaudited {
		if !locks[id] {
			t.Errorf("%s is said not to be audited, and is no lock", id)
		}
	}
}

// In an account with nothing in it every claim falls short, and each says how it is
// mended.
func TestAnEmptyAccountFallsShort(t *testing.T) {
	r, sb := start(t)
	report, err := audit.Run(t.Context(), audit.Options{Room: r, AWS: sb.Config(sb.Credentials()), Now: sb.Now()})
	if err != nil {
		t.Fatal(err)
	}
	if report.Holds || !report.Short() {
		t.Errorf("holds %v, short %v", report.Holds, report.Short())
	}
	for _, c := range report.Results {
		switch c.Status {
		case audit.FallsShort:
		case audit.NotApplicable:
			if c.ID != "other-environment" {
				t.Errorf("%s does not apply: %s", c.ID, c.Why)
			}
		default:
			t.Errorf("%s: %s %s", c.ID, c.Status, c.Why)
		}
		for _, s := range c.Shortfalls {
			if s.Resource == "" || s.Found == "" || s.Mend == "" {
				t.Errorf("%s says too little: %+v", c.ID, s)
			}
		}
	}
	text, err := json.Marshal(report)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(string(text), `{"format_version":1,`) || strings.Contains(string(text), "null") {
		t.Errorf("JSON: %.200s", text)
	}
	var human bytes.Buffer
	if err := report.Text(&human); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(human.String(), "SHORT  password-policy") {
		t.Errorf("text:\n%s", human.String())
	}
}

// What may not be read is not taken for good.
func TestARefusalIsNoAnswer(t *testing.T) {
	r, sb := start(t)
	root := iam.NewFromConfig(sb.Config(sb.Credentials()))
	name := aws.String("nobody")
	if _, err := root.CreateUser(t.Context(), &iam.CreateUserInput{UserName: name}); err != nil {
		t.Fatal(err)
	}
	key, err := root.CreateAccessKey(t.Context(), &iam.CreateAccessKeyInput{UserName: name})
	if err != nil {
		t.Fatal(err)
	}
	report, err := audit.Run(t.Context(), audit.Options{Room: r, Now: sb.Now(), AWS: sb.Config(sandbox.Credentials{
		AccessKeyID: *key.AccessKey.AccessKeyId, SecretAccessKey: *key.AccessKey.SecretAccessKey,
	})})
	if err != nil {
		t.Fatal(err)
	}
	if report.Holds || !report.Undecided() {
		t.Errorf("holds %v, undecided %v", report.Holds, report.Undecided())
	}
	refusals := 0
	for _, c := range report.Results {
		switch c.Status {
		case audit.Holds:
			t.Errorf("%s holds, and nothing could be read", c.ID)
		case audit.CannotTell:
			refusals++
			if !strings.Contains(c.Why, "AccessDenied") && !strings.Contains(c.Why, "UnauthorizedOperation") && !strings.Contains(c.Why, "AuthorizationError") {
				t.Errorf("%s: %s", c.ID, c.Why)
			}
		case audit.FallsShort: // AWS tells everybody that a bucket or a key is not there
			for _, s := range c.Shortfalls {
				if !strings.HasPrefix(s.Found, "there is no such") {
					t.Errorf("%s: %+v", c.ID, s)
				}
			}
		}
	}
	if refusals < 10 {
		t.Errorf("%d refusals", refusals)
	}
}

func TestTheWrongAccountIsRefused(t *testing.T) {
	r, sb := start(t)
	other, err := sb.RootCredentials("444455556666")
	if err != nil {
		t.Fatal(err)
	}
	_, err = audit.Run(t.Context(), audit.Options{Room: r, AWS: sb.Config(other)})
	var d *diag.Diagnostic
	if !errors.As(err, &d) || d.Rule != "audit-account" {
		t.Errorf("got %v", err)
	}
}
