package main

import (
	"fmt"
	"io"
	"slices"
	"time"
)

type metric struct {
	value float64
	unit  string
}

// report collects figures in the order they come.
type report struct {
	lines, table io.Writer
	names        []string                        // servers, in order
	figures      map[[2]string]map[string]series // benchmark and unit, then server
}

type series []float64

func newReport(lines, table io.Writer) *report {
	return &report{lines: lines, table: table, figures: map[[2]string]map[string]series{}}
}

// add prints one run in the Go benchmark format and keeps it.
func (r *report) add(name, server string, n int, each time.Duration, more ...metric) {
	if !slices.Contains(r.names, server) {
		r.names = append(r.names, server)
	}
	all := append([]metric{{float64(each.Nanoseconds()), "ns/op"}}, more...)
	fmt.Fprintf(r.lines, "Benchmark%s/server=%s\t%d", name, server, n)
	for _, m := range all {
		fmt.Fprintf(r.lines, "\t%.1f %s", m.value, m.unit)
		id := [2]string{name, m.unit}
		if r.figures[id] == nil {
			r.figures[id] = map[string]series{}
		}
		r.figures[id][server] = append(r.figures[id][server], m.value)
	}
	fmt.Fprintln(r.lines)
}

// print writes min, median and max of a figure for each server, and the first
// server's ratio to it: the median over the rounds, so that a machine whose
// speed drifts does not decide.
func (r *report) print(name, unit, label string, scale float64) {
	by := r.figures[[2]string{name, unit}]
	if len(by) == 0 {
		return
	}
	fmt.Fprintf(r.table, "%s, %s:\n", name, label)
	ours := by[r.names[0]]
	for _, server := range r.names {
		s := by[server]
		if len(s) == 0 {
			continue
		}
		low, mid, high := s.spread()
		fmt.Fprintf(r.table, "  %-14s min %10.2f  median %10.2f  max %10.2f", server, low*scale, mid*scale, high*scale)
		if server != r.names[0] && len(ours) == len(s) {
			ratios := make(series, len(s))
			for i := range s {
				ratios[i] = ours[i] / s[i]
			}
			_, ratio, _ := ratios.spread()
			fmt.Fprintf(r.table, "  %s/%s %.2f", r.names[0], server, ratio)
		}
		fmt.Fprintln(r.table)
	}
}

// spread returns the smallest, the middle and the largest value.
func (s series) spread() (low, mid, high float64) {
	t := slices.Clone(s)
	slices.Sort(t)
	mid = t[len(t)/2]
	if len(t)%2 == 0 {
		mid = (t[len(t)/2-1] + mid) / 2
	}
	return t[0], mid, t[len(t)-1]
}
