package rehearse_test

import (
	"bytes"
	"context"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/google/go-cmp/cmp"

	"github.com/strongroom-dev/strongroom/internal/audit"
	"github.com/strongroom-dev/strongroom/internal/bootstrap"
	"github.com/strongroom-dev/strongroom/internal/engine"
	"github.com/strongroom-dev/strongroom/internal/engine/enginetest"
	"github.com/strongroom-dev/strongroom/internal/lock"
	"github.com/strongroom-dev/strongroom/internal/oidc"
	"github.com/strongroom-dev/strongroom/internal/rehearse"
	"github.com/strongroom-dev/strongroom/internal/room"
	"github.com/strongroom-dev/strongroom/internal/trust"
)

// build is what `strongroom bootstrap --yes` does.
func build(ctx context.Context, b rehearse.Bootstrap) error {
	_, err := bootstrap.Run(ctx, bootstrap.Options{
		Dir: b.Room.Dir, Stack: b.Room.StackDir(room.StackBootstrap),
		Account: b.Room.Account, Region: b.Room.Region, Bucket: b.Room.State.Bucket, KeyAlias: b.Room.State.KeyAlias,
		StateKey: b.Room.StateKey(room.StackBootstrap), Backend: b.Room.BackendS3,
		Engine: b.Engine, AWS: b.AWS,
		Confirm: func(context.Context, bootstrap.Proposal) (bool, error) { return true, nil },
		Report:  func(s bootstrap.Step) { b.Step(s.Name, s.Ended) },
	})
	return err
}

// Every lock holds in the built room, does not hold once it is taken off, and
// holds again when it is put back. Each engine builds its own room; the locks
// are taken off in the first one, in all with STRONGROOM_TEST_FULL.
func TestEveryLockCanBreak(t *testing.T) {
	if testing.Short() {
		t.Skip("the engine needs a minute")
	}
	t.Parallel()
	for i, b := range enginetest.All(t) {
		t.Run(b.Name, func(t *testing.T) {
			t.Parallel()
			var planned []byte
			r, err := rehearse.Run(t.Context(), rehearse.Options{Dir: "testdata/room", Binary: b, Bootstrap: func(ctx context.Context, b rehearse.Bootstrap) error {
				if err := build(ctx, b); err != nil {
					return err
				}
				planned = planOf(t, b.Engine)
				return nil
			}})
			if r != nil {
				t.Cleanup(func() {
					if err := r.Close(); err != nil {
						t.Error(err)
					}
				})
			}
			if err != nil {
				t.Fatal(err)
			}
			checkReport(t, &r.Report, b)
			checkRoles(t, r, planned)
			auditOf(t, r.World, "")
			if i > 0 && !enginetest.Full() {
				return
			}
			for _, l := range lock.All() {
				t.Run(l.ID, func(t *testing.T) { breakLock(t, l, r.World) })
			}
			t.Run("change", func(t *testing.T) { changeBaseline(t, r.World) })
		})
	}
}

func breakLock(t *testing.T, l *lock.Lock, w *lock.World) {
	putBack, err := l.TakeOff(t.Context(), w)
	if err != nil {
		t.Fatalf("take off: %v", err)
	}
	without, err := l.Try(t.Context(), w)
	audited := auditOf(t, w, l.ID)
	if back := putBack(); back != nil {
		t.Fatalf("put back: %v", back)
	}
	if err != nil {
		t.Fatalf("without the lock: %v", err)
	}
	if without.Holds {
		t.Errorf("the lock was taken off and the rehearsal did not notice: %+v", without.Attacks)
	}
	if audited != nil && audited.Status != audit.FallsShort && !unseen[l.ID] {
		t.Errorf("the lock was taken off and the audit says %q %s", audited.Status, audited.Why)
	}
	for _, c := range without.Controls {
		if c.Failed {
			t.Errorf("without the lock %q fails: the mutation broke more than the lock", c.Request)
		}
	}
	switch l.ID {
	case "bucket-destroy", "impossible-subject", "second-plan": // an engine run more would show nothing new
		return
	}
	again, err := l.Try(t.Context(), w)
	if err != nil {
		t.Fatalf("put back: %v", err)
	}
	if !again.Holds {
		t.Errorf("the lock was put back and does not hold: %+v", again.Attacks)
	}
	if l.ID == "log-tampering" {
		return // for a day, an audit says that validation was off
	}
	if audited := auditOf(t, w, l.ID); audited != nil && audited.Status != audit.Holds {
		t.Errorf("the lock was put back and the audit says %q %s %+v", audited.Status, audited.Why, audited.Shortfalls)
	}
}

// unseen are the locks that are taken off by giving one more role a right: an
// account may have such a role, so an audit does not call it wrong.
var unseen = map[string]bool{"read-without-decrypt": true}

// auditOf audits the claim of one lock; nil: it is not audited.
func auditOf(t *testing.T, w *lock.World, id string) *audit.Result {
	t.Helper()
	var checks []*audit.Check
	for _, c := range audit.All() {
		if c.Lock == id || id == "" {
			checks = append(checks, c)
		}
	}
	if len(checks) == 0 {
		return nil
	}
	report, err := audit.Run(t.Context(), audit.Options{Room: w.Room, AWS: w.Config(&w.Operator), Now: w.Now(), Checks: checks})
	if err != nil {
		t.Fatal(err)
	}
	for i := range report.Results {
		// The sandbox's root user has the key that all begins with.
		r := &report.Results[i]
		r.Shortfalls = slices.DeleteFunc(r.Shortfalls, func(s audit.Shortfall) bool { return s.Found == "the root user has an access key" })
		if r.Status == audit.FallsShort && len(r.Shortfalls) == 0 {
			r.Status = audit.Holds
		}
	}
	for i := range report.Results {
		if r := &report.Results[i]; id == "" && r.Status != audit.Holds {
			t.Errorf("audit: %s %s %s %+v", r.ID, r.Status, r.Why, r.Shortfalls)
		}
	}
	return &report.Results[0]
}

// checkRoles compares the roles that the matrix computes from the spec with those
// that the module made, as IAM has them and as the engine plans them.
func checkRoles(t *testing.T, r *rehearse.Rehearsal, plan []byte) {
	t.Helper()
	q, err := trust.OfRoom(r.Room)
	if err != nil {
		t.Fatal(err)
	}
	names := []string{q.Roles[0].Name, q.Roles[1].Name}
	made, _, err := trust.OfAccount(t.Context(), iam.NewFromConfig(r.World.Config(&r.World.Operator)), names)
	if err != nil {
		t.Fatal(err)
	}
	planned, _, err := trust.OfPlan(plan)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range q.Roles {
		for where, roles := range map[string][]*trust.Role{"IAM": made, "the plan": planned} {
			i := slices.IndexFunc(roles, func(r *trust.Role) bool { return r.Name == want.Name })
			if i < 0 {
				t.Fatalf("%s has no role %s", where, want.Name)
			}
			if d := cmp.Diff(canonical(t, want), canonical(t, roles[i])); d != "" {
				t.Errorf("%s: -computed from the spec +in %s:\n%s", want.Name, where, d)
			}
			if d := cmp.Diff(want.Clients, roles[i].Clients); d != "" {
				t.Errorf("%s: audiences: -computed +in %s:\n%s", want.Name, where, d)
			}
		}
	}
}

// planOf plans the stack and returns the plan, as JSON. It is made while the
// operator's session lasts: the locks move the time on.
func planOf(t *testing.T, e *engine.Engine) []byte {
	t.Helper()
	file := filepath.Join(t.TempDir(), "roles.tfplan")
	if _, _, err := e.Plan(t.Context(), file); err != nil {
		t.Fatal(err)
	}
	plan, err := e.PlannedChanges(t.Context(), file)
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(plan)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// canonical is a trust policy in which a value and a list of it are the same.
func canonical(t *testing.T, r *trust.Role) any {
	t.Helper()
	var document any
	if err := json.Unmarshal(r.Policy.Source(), &document); err != nil {
		t.Fatal(err)
	}
	var walk func(any) any
	walk = func(v any) any {
		switch v := v.(type) {
		case map[string]any:
			for k := range v {
				v[k] = walk(v[k])
			}
		case []any:
			for i := range v {
				v[i] = walk(v[i])
			}
			if len(v) == 1 {
				return v[0]
			}
			slices.SortFunc(v, func(a, b any) int { return strings.Compare(fmt.Sprint(a), fmt.Sprint(b)) })
		}
		return v
	}
	return walk(document)
}

// checkReport looks at a report as its readers do.
func checkReport(t *testing.T, r *rehearse.Report, b engine.Binary) {
	t.Helper()
	for _, l := range r.Locks {
		if !l.Holds {
			t.Errorf("lock %s does not hold: %+v", l.ID, l.Attacks)
		}
		if l.ID == "token-matrix" && (len(l.Attacks) != 2 || len(l.Attacks[0].Cells) != len(oidc.ShapeIDs("gitlab"))) {
			t.Errorf("the matrix has not every cell: %+v", l.Attacks)
		}
		for _, a := range l.Attacks {
			if a.Answer == "" || a.DecidedBy == "" || a.By == "" || a.Request == "" {
				t.Errorf("lock %s has an attack that says too little: %+v", l.ID, a)
			}
		}
	}
	if !r.Holds || len(r.Locks) != len(lock.All()) || r.Engine.Name != b.Name || r.Engine.Version != b.Version {
		t.Errorf("report: holds %v, %d locks, engine %+v", r.Holds, len(r.Locks), r.Engine)
	}
	if r.Seconds.Engine <= 0 || r.Seconds.Engine > r.Seconds.Total {
		t.Errorf("seconds: %+v", r.Seconds)
	}
	var human, junit bytes.Buffer
	if err := r.Table(&human, 100, false); err != nil {
		t.Error(err)
	}
	if !strings.Contains(human.String(), "every lock holds") || strings.Contains(human.String(), "\x1b") {
		t.Errorf("table:\n%s", human.String())
	}
	if err := r.JUnit(&junit); err != nil {
		t.Error(err)
	}
	var suite struct {
		Tests    int        `xml:"tests,attr"`
		Failures int        `xml:"failures,attr"`
		Cases    []struct{} `xml:"testcase"`
	}
	if err := xml.Unmarshal(junit.Bytes(), &suite); err != nil || suite.Tests != len(r.Locks) || suite.Failures != 0 || len(suite.Cases) != len(r.Locks) {
		t.Errorf("junit: %+v, %v", suite, err)
	}
	text, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(string(text), `{"format_version":1,"engine":{`) {
		t.Errorf("JSON: %.200s", text)
	}
	if at := strings.Index(string(text), "null"); at >= 0 {
		t.Errorf("JSON: ...%.200s", text[max(0, at-100):])
	}
}
