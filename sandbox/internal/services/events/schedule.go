package events

import (
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"
)

// schedule says when a rule fires.
type schedule interface {
	// next is the first time after t; zero: never again.
	next(t time.Time) time.Time
}

var errSchedule = errors.New("the schedule expression is not valid")

// parseSchedule reads rate(...) and cron(...).
// Source: EventBridge User Guide "Setting a schedule pattern for scheduled rules
// (legacy)".
func parseSchedule(text string) (schedule, error) {
	kind, rest, ok := strings.Cut(text, "(")
	inner, closed := strings.CutSuffix(rest, ")")
	if !ok || !closed {
		return nil, errSchedule
	}
	switch kind {
	case "rate":
		return parseRate(inner)
	case "cron":
		return parseCron(inner)
	}
	return nil, errSchedule
}

// rate fires at equal distances, counted from when the rule was made or changed.
type rate time.Duration

func (r rate) next(t time.Time) time.Time { return t.Add(time.Duration(r)) }

func parseRate(text string) (schedule, error) {
	number, unit, ok := strings.Cut(text, " ")
	n, err := strconv.Atoi(number)
	if !ok || err != nil || n < 1 || n > 1_000_000 {
		return nil, errSchedule
	}
	units := map[string]time.Duration{"minute": time.Minute, "hour": time.Hour, "day": 24 * time.Hour}
	one, plural := strings.CutSuffix(unit, "s")
	each, ok := units[one]
	if !ok || plural == (n == 1) { // "1 minutes" and "5 minute" are refused
		return nil, errSchedule
	}
	return rate(time.Duration(n) * each), nil
}

// cron fires at the minutes that all six fields allow, in UTC.
type cron struct {
	minutes, hours, days, months, weekdays, years []int // nil: any
}

var (
	monthNames = []string{"JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"}
	dayNames   = []string{"SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"}
)

const (
	firstYear = 1970
	lastYear  = 2199
)

func parseCron(text string) (schedule, error) {
	fields := strings.Fields(text)
	if len(fields) != 6 {
		return nil, errSchedule
	}
	// One of the two fields for days must say that it does not count.
	if (fields[2] == "?") == (fields[4] == "?") {
		return nil, errSchedule
	}
	c := &cron{}
	var err error
	for i, f := range []struct {
		list      *[]int
		low, high int
		names     []string
	}{{&c.minutes, 0, 59, nil}, {&c.hours, 0, 23, nil}, {&c.days, 1, 31, nil}, {&c.months, 1, 12, monthNames}, {&c.weekdays, 1, 7, dayNames}, {&c.years, firstYear, lastYear, nil}} {
		question := i == 2 || i == 4
		if *f.list, err = parseField(strings.ToUpper(fields[i]), f.low, f.high, f.names, question); err != nil {
			return nil, err
		}
	}
	return c, nil
}

// parseField reads a list of values, ranges and steps; nil: any value.
func parseField(text string, low, high int, names []string, question bool) (list []int, err error) {
	if text == "*" || question && text == "?" {
		return nil, nil
	}
	number := func(s string) (int, error) {
		if at := slices.Index(names, s); at >= 0 {
			return at + 1, nil
		}
		if s != "" && strings.Trim(s, "0123456789LW#") == "" && strings.ContainsAny(s, "LW#") {
			return 0, refuse("L, W and # in schedule expressions")
		}
		n, err := strconv.Atoi(s)
		if err != nil || n < low || n > high {
			return 0, errSchedule
		}
		return n, nil
	}
	for part := range strings.SplitSeq(text, ",") {
		span, by, stepped := strings.Cut(part, "/")
		each := 1
		if stepped {
			if each, err = strconv.Atoi(by); err != nil || each < 1 {
				return nil, errSchedule
			}
		}
		from, to := low, high
		if span != "*" {
			a, b, ranged := strings.Cut(span, "-")
			if from, err = number(a); err != nil {
				return nil, err
			}
			switch {
			case ranged:
				if to, err = number(b); err != nil {
					return nil, err
				}
				if to < from {
					return nil, errSchedule
				}
			case !stepped:
				to = from
			}
		}
		for n := from; n <= to; n += each {
			list = append(list, n)
		}
	}
	return list, nil
}

func allows(list []int, n int) bool { return list == nil || slices.Contains(list, n) }

func (c *cron) next(t time.Time) time.Time {
	t = t.UTC().Truncate(time.Minute).Add(time.Minute)
	for t.Year() <= lastYear {
		switch {
		case !allows(c.years, t.Year()):
			t = time.Date(t.Year()+1, 1, 1, 0, 0, 0, 0, time.UTC)
		case !allows(c.months, int(t.Month())):
			t = time.Date(t.Year(), t.Month()+1, 1, 0, 0, 0, 0, time.UTC)
		case !allows(c.days, t.Day()) || !allows(c.weekdays, int(t.Weekday())+1):
			t = time.Date(t.Year(), t.Month(), t.Day()+1, 0, 0, 0, 0, time.UTC)
		case !allows(c.hours, t.Hour()):
			t = t.Truncate(time.Hour).Add(time.Hour)
		case !allows(c.minutes, t.Minute()):
			t = t.Add(time.Minute)
		default:
			return t
		}
	}
	return time.Time{}
}
