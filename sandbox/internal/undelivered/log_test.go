package undelivered_test

import (
	"bytes"
	"log/slog"
	"strconv"
	"strings"
	"testing"

	"github.com/strongroom-dev/strongroom/sandbox/internal/undelivered"
)

func TestLogKeepsTheLatest(t *testing.T) {
	var out bytes.Buffer
	l := &undelivered.Log{Slog: slog.New(slog.NewTextHandler(&out, nil))}
	if l.List() != nil {
		t.Errorf("an empty log holds %v", l.List())
	}
	const n = 10_500
	for i := range n {
		l.Add(undelivered.Failure{Service: "sns.amazonaws.com", From: "arn:topic", To: strconv.Itoa(i), Reason: "no"})
	}
	list := l.List()
	if len(list) > 10_000 || len(list) < 9_000 || list[len(list)-1].To != strconv.Itoa(n-1) || list[0].To == "0" {
		t.Errorf("%d failures, first %+v, last %+v", len(list), list[0], list[len(list)-1])
	}
	list[0].Reason = "changed"
	if l.List()[0].Reason != "no" {
		t.Error("the list is not a copy")
	}
	if first, _, _ := strings.Cut(out.String(), "\n"); !strings.Contains(first, "from=arn:topic") || !strings.Contains(first, "reason=no") {
		t.Errorf("logged %q", first)
	}
}
