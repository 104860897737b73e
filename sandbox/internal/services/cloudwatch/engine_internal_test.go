package cloudwatch

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/strongroom-dev/strongroom/internal/metricalarm"
	"github.com/strongroom-dev/strongroom/sandbox/internal/op"
	"github.com/strongroom-dev/strongroom/sandbox/internal/store"
	"github.com/strongroom-dev/strongroom/sandbox/internal/undelivered"
)

// bench is an engine with one alarm without actions, and what it told.
type bench struct {
	*testing.T
	*Engine
	told []string // state and time of each change
}

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func newBench(t *testing.T, change func(*alarm)) *bench {
	b := &bench{T: t}
	s := New(store.Memory())
	b.Engine = NewEngine(s, nil, func(news ...any) {
		for _, n := range news {
			g := n.(op.Signal)
			b.told = append(b.told, string(g.Detail.(eventDetail).State.Value)+" "+g.Time.Format("15:04:05"))
		}
	}, &undelivered.Log{})
	a := &alarm{Account: "1", Region: "r", Name: "a", Made: noon, Configured: noon, Enabled: true, Namespace: "n", Metric: "m", Statistic: metricalarm.Sum,
		Period: 300, Periods: 1, Operator: metricalarm.GreaterOrEqual, Threshold: 1, Missing: metricalarm.AsNotBreaching, State: metricalarm.InsufficientData, Since: noon, Changed: noon}
	if change != nil {
		change(a)
	}
	b.update(func() { s.alarms.Put(a.key(), a) })
	return b
}

func (b *bench) update(do func()) {
	b.Helper()
	if err := b.cloudwatch.db.Update(func() error { do(); return nil }); err != nil {
		b.Fatal(err)
	}
}

func (b *bench) publish(at time.Time) {
	b.Helper()
	b.update(func() { b.cloudwatch.Publish("1", "r", "n", "m", nil, "", 1, at) })
}

// run runs the engine at a time, in rounds that bring this news, until it is no longer due.
func (b *bench) run(at time.Time, news ...any) (next time.Time, rounds int) {
	b.Helper()
	for next = at; !next.After(at.Add(1)) && rounds < 1000; rounds++ {
		var err error
		if next, err = b.Engine.Run(context.Background(), at, news); err != nil {
			b.Fatal(err)
		}
	}
	return next, rounds
}

func (b *bench) want(told ...string) {
	b.Helper()
	if !slices.Equal(b.told, told) {
		b.Errorf("told %q, want %q", b.told, told)
	}
}

func TestEvaluatesEachMinute(t *testing.T) {
	b := newBench(t, nil)
	if next, _ := b.run(noon.Add(30 * time.Second)); !next.Equal(noon.Add(time.Minute)) {
		t.Errorf("next %s", next)
	}
	b.want()
	if next, rounds := b.run(noon.Add(61 * time.Second)); !next.Equal(noon.Add(2*time.Minute)) || rounds != 2 {
		t.Errorf("next %s after %d rounds", next, rounds)
	}
	b.want("OK 12:01:00")
	b.publish(noon.Add(90 * time.Second))
	b.run(noon.Add(3 * time.Minute))
	b.want("OK 12:01:00", "ALARM 12:02:00")
	b.run(noon.Add(16 * time.Minute))
	b.want("OK 12:01:00", "ALARM 12:02:00")
	b.run(noon.Add(17 * time.Minute)) // the value has left the range of three periods
	b.want("OK 12:01:00", "ALARM 12:02:00", "OK 12:17:00")
}

// While other parts have news, an evaluation waits; but not for ever.
func TestWaitsForTheOthers(t *testing.T) {
	b := newBench(t, nil)
	for range 3 {
		if next, err := b.Engine.Run(t.Context(), noon.Add(time.Minute), []any{"news"}); err != nil || !next.Equal(noon.Add(time.Minute+1)) {
			t.Fatalf("next %s, %v", next, err)
		}
	}
	b.want()
	if _, rounds := b.run(noon.Add(time.Minute), "news"); rounds != patience-2 {
		t.Errorf("%d rounds", rounds)
	}
	b.want("OK 12:01:00")
}

func TestLateAfterALeap(t *testing.T) {
	b := newBench(t, nil)
	b.run(noon.Add(time.Minute))
	b.run(noon.Add(2 * time.Hour))
	b.want("OK 12:01:00")
	b.publish(noon.Add(30*time.Minute + time.Second))
	b.run(noon.Add(2*time.Hour + time.Second))
	b.want("OK 12:01:00", "ALARM 12:31:00", "OK 12:46:00")
	// Before the leap, and once time has gone its own way again, late is late.
	b.publish(noon.Add(-time.Hour))
	b.run(noon.Add(2*time.Hour + 2*time.Second))
	b.run(noon.Add(2*time.Hour + time.Minute))
	b.publish(noon.Add(40 * time.Minute))
	b.run(noon.Add(2*time.Hour + 61*time.Second))
	b.run(noon.Add(2*time.Hour + 2*time.Minute))
	b.want("OK 12:01:00", "ALARM 12:31:00", "OK 12:46:00")
}

// Years without data are passed in one step, and data in their middle is not missed.
func TestLongTimes(t *testing.T) {
	b := newBench(t, func(a *alarm) { a.Missing = metricalarm.AsMissing })
	b.run(noon.Add(time.Minute))
	b.publish(noon.Add(100 * 24 * time.Hour))
	b.publish(noon.Add(200 * 24 * time.Hour))
	b.run(noon.Add(400 * 24 * time.Hour))
	b.want("ALARM 12:01:00", "INSUFFICIENT_DATA 12:16:00", "ALARM 12:01:00", "INSUFFICIENT_DATA 12:16:00")
}

func TestShortPeriods(t *testing.T) {
	b := newBench(t, func(a *alarm) { a.Period = 10 })
	b.run(noon.Add(10 * time.Second))
	b.update(func() {
		b.cloudwatch.add((&alarm{Account: "1", Region: "r", Namespace: "n", Metric: "m"}).metric(), "", metricalarm.Value(noon.Add(15*time.Second), 1), time.Second)
	})
	b.run(noon.Add(20 * time.Second))
	b.run(noon.Add(50 * time.Second))
	b.want("OK 12:00:10", "ALARM 12:00:20", "OK 12:00:50")
}

// A change that comes between does not undo what was changed.
func TestAnAlarmThatIsPutMeanwhile(t *testing.T) {
	b := newBench(t, nil)
	a := b.cloudwatch.alarms.Get("1/r/a")
	own := *a
	own.Threshold = 9
	b.update(func() { b.cloudwatch.alarms.Put(own.key(), &own) })
	changed, err := b.change(a, metricalarm.Verdict{State: metricalarm.InAlarm}, noon)
	if err != nil || changed != nil || b.cloudwatch.alarms.Get("1/r/a") != &own {
		t.Errorf("%+v, %v", changed, err)
	}
}
