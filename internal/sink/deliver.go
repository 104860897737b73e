package sink

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"slices"
	"strings"
	"sync"
	"time"
)

// Report is what became of a request's alerts, and the body of the answer.
type Report struct {
	FormatVersion int `json:"format_version"`
	// Alerts counts what the payload had; Dropped how many of them were info.
	Alerts  int `json:"alerts"`
	Dropped int `json:"dropped"`
	// Duplicates counts alerts that were the same as another of this request.
	Duplicates int `json:"duplicates"`
	// Told counts deliveries that were made now, AlreadyTold those that a target had
	// before: an alert counts once for each of its targets.
	Told        int `json:"told"`
	AlreadyTold int `json:"already_told"`
	// Failed has the deliveries that were not made. Never nil.
	Failed []Failure `json:"failed"`
	// Unreached counts alerts that no target has.
	Unreached int `json:"unreached"`
	// Error says why the request, or a part of it, was refused. Empty: it was not.
	Error string `json:"error,omitempty"`
}

// Failure is an alert that did not reach a target.
type Failure struct {
	Target string `json:"target"`
	Type   string `json:"type"`
	// Key is the beginning of the key's hash, as in the log.
	Key    string `json:"key"`
	Reason string `json:"reason"`
}

// Deliver tells the alerts to the targets that do not have them, and returns when all
// are done or SINK_TIMEOUT is over.
func (s *Sink) Deliver(ctx context.Context, alerts []Alert) Report {
	ctx, cancel := context.WithTimeout(ctx, s.config.Timeout)
	defer cancel()
	report := Report{FormatVersion: 1, Alerts: len(alerts), Failed: []Failure{}}
	alerts = s.prepare(alerts, &report)
	reached := make([]bool, len(alerts))
	var mu sync.Mutex
	var wait sync.WaitGroup
	for _, t := range s.targets {
		wait.Go(func() {
			for _, batch := range batches(alerts, t) {
				fates := s.tell(ctx, t, alerts, batch)
				mu.Lock()
				for n, i := range batch {
					switch f := fates[n]; {
					case f.reason != "":
						report.Failed = append(report.Failed, Failure{Target: t.name(), Type: alerts[i].Type, Key: short(alerts[i].Key), Reason: f.reason})
						continue
					case f.before:
						report.AlreadyTold++
					default:
						report.Told++
					}
					reached[i] = true
				}
				mu.Unlock()
			}
		})
	}
	wait.Wait()
	for i := range reached {
		if !reached[i] {
			report.Unreached++
		}
	}
	slices.SortStableFunc(report.Failed, func(a, b Failure) int {
		return cmp.Or(strings.Compare(a.Target, b.Target), strings.Compare(a.Type, b.Type), strings.Compare(a.Key, b.Key))
	})
	return report
}

// prepare applies SINK_SEVERITIES, drops what is told to nobody, merges what is the
// same, and puts the most severe first: time may run out.
func (s *Sink) prepare(alerts []Alert, report *Report) []Alert {
	var out []Alert
	at := map[string]int{}
	for _, a := range alerts {
		if v, ok := lookup(s.config.Severities, a.Type); ok && a.Severity > Info {
			a.Severity = v
		}
		if a.Severity == Info {
			report.Dropped++
			s.log.Info("dropped", "type", a.Type, "key", short(a.Key), "severity", a.Severity.String())
			continue
		}
		if i, ok := at[a.Key]; ok {
			report.Duplicates++
			if a.Severity > out[i].Severity {
				out[i] = a
			}
			continue
		}
		at[a.Key] = len(out)
		out = append(out, a)
	}
	slices.SortStableFunc(out, func(a, b Alert) int { return int(b.Severity) - int(a.Severity) })
	return out
}

// batches says which alerts a target is told in one message: those of one group and
// severity. Each batch is in the order of the keys, as memory.take wants it.
func batches(alerts []Alert, t target) [][]int {
	var out [][]int
	type bunch struct {
		group    string
		severity Severity
	}
	at := map[bunch]int{}
	for i, a := range alerts {
		if !t.takes(a.Severity) {
			continue
		}
		b := bunch{a.Group, a.Severity}
		if n, ok := at[b]; ok && a.Group != "" {
			out[n] = append(out[n], i)
			continue
		}
		at[b] = len(out)
		out = append(out, []int{i})
	}
	for _, batch := range out {
		slices.SortFunc(batch, func(i, j int) int { return strings.Compare(alerts[i].Key, alerts[j].Key) })
	}
	return out
}

// fate is what became of one alert at one target. The zero value: it was told now.
type fate struct {
	before bool
	reason string // why it was not told
}

// tell brings a batch to a target, except what the target has. The fates are in the
// order of the batch.
func (s *Sink) tell(ctx context.Context, t target, alerts []Alert, batch []int) []fate {
	fates := make([]fate, len(batch))
	var mine []int // places in batch
	var news []Alert
	arrived := false
	defer func() {
		for _, n := range mine {
			a := alerts[batch[n]]
			s.memory.settle(a.Key, t.name(), a.Severity, arrived)
		}
	}()
	for n, i := range batch {
		before, err := s.memory.take(ctx, alerts[i].Key, t.name(), alerts[i].Severity)
		switch {
		case err != nil:
			fates[n].reason = "another request was still telling the same when the time was over"
		case before:
			fates[n].before = true
			s.log.Info("told before", "target", t.name(), "type", alerts[i].Type, "key", short(alerts[i].Key))
		default:
			mine, news = append(mine, n), append(news, alerts[i])
		}
	}
	if len(news) == 0 {
		return fates
	}
	attempts, err := s.try(ctx, t, s.notice(news))
	arrived = err == nil
	for k, n := range mine {
		line := s.log.With("target", t.name(), "type", news[k].Type, "key", short(news[k].Key), "severity", news[k].Severity.String(), "attempts", attempts)
		if err != nil {
			fates[n].reason = err.Error()
			line.Error("not told", "reason", err.Error())
			continue
		}
		line.Info("told")
	}
	return fates
}

func (s *Sink) notice(alerts []Alert) notice {
	n := notice{severity: alerts[0].Severity, alerts: alerts, runbook: s.config.Runbooks.For(alerts[0].Type)}
	if n.link = n.runbook; n.link == "" && isLink(alerts[0].Link) {
		n.link = alerts[0].Link
	}
	return n
}

const (
	firstPause   = 500 * time.Millisecond
	longestPause = 8 * time.Second
)

// try sends until it works, another attempt cannot help, the attempts are used up, or
// there is no time left for the pause before the next.
func (s *Sink) try(ctx context.Context, t target, n notice) (attempts int, err error) {
	for attempts = 1; ; attempts++ {
		err := t.send(ctx, n)
		if err == nil {
			return attempts, nil
		}
		failed, ok := errors.AsType[*sendError](err)
		if !ok || !failed.retry || attempts >= s.config.Attempts {
			return attempts, err
		}
		pause := max(failed.pause, s.backoff(attempts))
		if deadline, ok := ctx.Deadline(); ok && time.Until(deadline) <= pause {
			return attempts, errors.New(failed.reason + "; no time was left for another attempt")
		}
		if s.sleep(ctx, pause) != nil {
			return attempts, err
		}
	}
}

// backoff grows with each attempt and is random from half of that on, so that many
// sinks do not come back at the same moment.
func (s *Sink) backoff(attempts int) time.Duration {
	d := min(firstPause<<(attempts-1), longestPause)
	return d/2 + time.Duration(s.random()*float64(d/2))
}

// short is the beginning of a key's hash: it tells alerts apart in a log without saying
// what they are about.
func short(key string) string {
	sum := sha256.Sum256([]byte(key))
	return hex.EncodeToString(sum[:6])
}
