package examples_test

import (
	"encoding/json"
	"io/fs"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/strongroom-dev/strongroom/examples"
)

func samples(t *testing.T) []examples.Sample {
	t.Helper()
	list, err := examples.Samples()
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// Every file belongs to a sample: none is left out because of its name.
func TestEveryFileIsASample(t *testing.T) {
	files, err := fs.ReadDir(examples.Alerts, "alerts")
	if err != nil {
		t.Fatal(err)
	}
	if list := samples(t); 2*len(list) != len(files) || len(list) < 60 {
		t.Errorf("%d samples of %d files; each has an event and an expectation", len(list), len(files))
	}
}

func TestExpectationsAreConsistent(t *testing.T) {
	seen := map[string]int{}
	for _, s := range samples(t) {
		if len(s.Expect.By) != s.Expect.Alerts {
			t.Errorf("%s: %d alerts by %q: each is told once", s.Name, s.Expect.Alerts, s.Expect.By)
		}
		if len(s.Expect.By) == 0 {
			seen["none"]++
		}
		for _, by := range s.Expect.By {
			seen[by]++
		}
		if !strings.HasSuffix(s.About, ".") || strings.HasSuffix(s.Expect.Why, ".") {
			t.Errorf("%s: about is a sentence, why is a clause: %q, %q", s.Name, s.About, s.Expect.Why)
		}
	}
	for _, role := range []string{"guardduty", "securityhub", "root-sign-in", "root-api-call", "none"} {
		if seen[role] < 3 {
			t.Errorf("only %d samples for %s", seen[role], role)
		}
		delete(seen, role)
	}
	if len(seen) > 0 {
		t.Errorf("unknown roles: %v", seen)
	}
}

// Each event has an ID of its own and happens in the example's account.
func TestEventsAreOfTheExampleRoom(t *testing.T) {
	ids := map[string]string{}
	for _, s := range samples(t) {
		var e struct{ ID, EventID, Account, RecipientAccountID, Region, AWSRegion string }
		if err := json.Unmarshal(s.Event, &e); err != nil {
			t.Fatalf("%s: %v", s.Name, err)
		}
		id, account, region := e.ID+e.EventID, e.Account+e.RecipientAccountID, e.Region+e.AWSRegion
		if id == "" || ids[id] != "" {
			t.Errorf("%s has the ID %q, as has %q", s.Name, id, ids[id])
		}
		ids[id] = s.Name
		if account != examples.Account {
			t.Errorf("%s happens in %s", s.Name, account)
		}
		if s.Kind == examples.KindEvent && region != examples.Region {
			t.Errorf("%s happens in %s, whose rules are not the example's", s.Name, region)
		}
	}
}

func TestInMovesTheEvent(t *testing.T) {
	regions := regexp.MustCompile(`\b(eu|us|ap)-[a-z]+-[0-9]`)
	for _, s := range samples(t) {
		moved := string(s.In("999988887777", "eu-central-1"))
		if strings.Contains(moved, examples.Account) || !strings.Contains(moved, "999988887777") {
			t.Errorf("%s: the account is not the other one's", s.Name)
		}
		for _, r := range regions.FindAllString(moved, -1) {
			if !slices.Contains([]string{"eu-central-1", "us-east-1", "ap-southeast-2"}, r) {
				t.Errorf("%s: the region %s is left", s.Name, r)
			}
		}
		if !json.Valid([]byte(moved)) {
			t.Errorf("%s is no JSON any more", s.Name)
		}
		if string(s.In(examples.Account, examples.Region)) != string(s.Event) {
			t.Errorf("%s is not what it was", s.Name)
		}
	}
}
