package rehearse_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/strongroom-dev/strongroom/internal/lock"
	"github.com/strongroom-dev/strongroom/internal/rehearse"
)

func broken() *rehearse.Report {
	return &rehearse.Report{
		FormatVersion: 1, Engine: rehearse.Engine{Name: "OpenTofu", Version: "1.12.6"}, Provider: "5.100.0",
		Locks: []lock.Result{{
			ID: "front-door", Claim: "Nobody comes in.", Holds: false,
			Controls: []lock.AttemptResult{{By: "the owner", Request: "Knock", Answer: "allowed", DecidedBy: "statement 1"}},
			Attacks: []lock.AttemptResult{
				{By: "a burglar", Request: "Push", Answer: "AccessDenied", DecidedBy: "DenyPush of the policy of the door, which has a long name and more words than a narrow terminal has room for"},
				{By: "a burglar", Request: "Climb through the window", Answer: "allowed", DecidedBy: "statement 2", Failed: true},
			},
		}},
		Seconds: rehearse.Seconds{Total: 2, Engine: 1},
	}
}

func TestTableOfABrokenLock(t *testing.T) {
	var b bytes.Buffer
	if err := broken().Table(&b, 80, false); err != nil {
		t.Fatal(err)
	}
	want := `
BROKEN  front-door  Nobody comes in.
        as it should be   the owner: Knock                     allowed
        attack            a burglar: Push                      AccessDenied
            DenyPush of the policy of the door, which has a long name and more
            words than a narrow terminal has room for
        ATTACK SUCCEEDED  a burglar: Climb through the window  allowed
            statement 2

1 locks, 2 attacks: 1 of 1 locks do not hold
OpenTofu 1.12.6, AWS provider 5.100.0: 2.0 s, of which the engine's own 1.0 s
`
	if got := b.String(); got != want {
		t.Errorf("got:\n%s\nwant:\n%s", got, want)
	}
}

func TestTableOfEvents(t *testing.T) {
	r := broken()
	r.Holds = true
	r.Locks = []lock.Result{{ID: "bell", Claim: "It rings once.", Holds: true, Attacks: []lock.AttemptResult{
		{Kind: lock.KindEvent, By: "a visitor", Request: "rings", Answer: "1 alert", DecidedBy: "the bell"},
		{Kind: lock.KindEvent, By: "the wind", Request: "blows", Answer: "1 alert", DecidedBy: "expected no alert", Failed: true},
		{By: "a burglar", Request: "cuts the wire", Answer: "AccessDenied", DecidedBy: "the conduit"},
		{Kind: lock.KindCheck, By: "the owner", Request: "looks", Answer: "as it was", DecidedBy: "the bell"},
	}}}
	var b bytes.Buffer
	if err := r.Table(&b, 0, false); err != nil {
		t.Fatal(err)
	}
	want := `
holds   bell  It rings once.
        event   a visitor: rings          1 alert  the bell
        WRONG   the wind: blows           1 alert  expected no alert
        attack  a burglar: cuts the wire  AccessDenied  the conduit
        check   the owner: looks          as it was  the bell

1 locks, 1 attacks, 2 events, 1 checks: every lock holds
OpenTofu 1.12.6, AWS provider 5.100.0: 2.0 s, of which the engine's own 1.0 s
`
	if got := b.String(); got != want {
		t.Errorf("got:\n%s\nwant:\n%s", got, want)
	}
}

func TestColourIsNeverTheOnlyMeaning(t *testing.T) {
	var plain, coloured bytes.Buffer
	if err := broken().Table(&plain, 0, false); err != nil {
		t.Fatal(err)
	}
	if err := broken().Table(&coloured, 0, true); err != nil {
		t.Fatal(err)
	}
	text := coloured.String()
	for _, code := range []string{"\x1b[31m", "\x1b[32m", "\x1b[2m", "\x1b[0m"} {
		text = strings.ReplaceAll(text, code, "")
	}
	if text != plain.String() {
		t.Errorf("without its colours the table is:\n%s\nwant:\n%s", text, plain.String())
	}
}

func TestJUnitOfABrokenLock(t *testing.T) {
	var b bytes.Buffer
	if err := broken().JUnit(&b); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`tests="1" failures="1"`, `classname="locks"`, "a burglar: Climb through the window: allowed (statement 2)"} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("JUnit report has no %q:\n%s", want, b.String())
		}
	}
}
