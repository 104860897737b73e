// Peers measures Strongroom's sandbox as a process, beside the peers that can be
// run here: how fast it starts, what it holds when idle, and how many signed
// requests it answers. It prints the Go benchmark format, for benchstat, and a
// table with the ratios on standard error. `make bench` runs it; docs/performance.md
// says what is comparable. It talks to processes that it started, on loopback.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"
)

// plan is what a run does. All of it is bounded: rounds times servers times
// requests, and limit for each of those.
type plan struct {
	strongroom, versitygw string
	rounds, starts        int
	requests, clients     int
	limit                 time.Duration
}

func main() {
	var p plan
	flag.StringVar(&p.strongroom, "strongroom", "bin/strongroom", "the strongroom binary")
	flag.StringVar(&p.versitygw, "versitygw", "bin/versitygw", "the versitygw binary; it is left out when there is none")
	flag.IntVar(&p.rounds, "rounds", 7, "how often each server gets its load, in turn")
	flag.IntVar(&p.starts, "starts", 11, "how often each server is started")
	flag.IntVar(&p.requests, "requests", 15000, "requests of one load")
	flag.IntVar(&p.clients, "clients", 4, "connections of one load")
	flag.DurationVar(&p.limit, "limit", 6*time.Second, "longest time of one load")
	flag.Parse()
	if err := p.run(os.Stdout, os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, "peers:", err)
		os.Exit(1)
	}
}

func (p *plan) run(lines, table io.Writer) (err error) {
	if p.rounds < 1 || p.starts < 1 || p.requests < 1 || p.clients < 1 {
		return errors.New("rounds, starts, requests and clients must be 1 or more")
	}
	dir, err := os.MkdirTemp("", "strongroom-peers-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	servers := p.servers(dir)
	r := newReport(lines, table)
	if err := p.startAll(servers, r); err != nil {
		return err
	}
	return p.loadAll(servers, r)
}

// servers lists who takes part; the first is what the others are compared with.
func (p *plan) servers(dir string) []*server {
	list := []*server{strongroom(p.strongroom, filepath.Join(dir, "audit.json"))}
	if _, err := os.Stat(p.versitygw); err == nil {
		list = append(list,
			versitygw("versitygw", p.versitygw, filepath.Join(dir, "plain"), ""),
			versitygw("versitygw-log", p.versitygw, filepath.Join(dir, "logged"), filepath.Join(dir, "access.log")))
	}
	return list
}

// startAll measures starts, one after the other and in turn.
func (p *plan) startAll(servers []*server, r *report) error {
	for range p.starts {
		for _, s := range servers {
			took, err := s.start()
			if err != nil {
				return err
			}
			time.Sleep(200 * time.Millisecond) // idle: what the start itself left running is over
			idle, err := s.memory()
			if err == nil {
				r.add("Start", s.name, 1, took, metric{idle, "idle-MB"})
			} else if errors.Is(err, errNoFigures) {
				r.add("Start", s.name, 1, took)
			}
			if stopErr := s.stop(); stopErr != nil {
				return stopErr
			}
		}
	}
	r.print("Start", "ns/op", "ms", 1e-6)
	r.print("Start", "idle-MB", "MB", 1)
	return nil
}

// loadAll starts every server once and gives each its load, in turn.
func (p *plan) loadAll(servers []*server, r *report) (err error) {
	for _, s := range servers {
		if _, err := s.start(); err != nil {
			return err
		}
		defer func() { err = errors.Join(err, s.stop()) }()
		if err := s.prepare(s); err != nil {
			return fmt.Errorf("%s: %w", s.name, err)
		}
	}
	for round := range p.rounds + 1 {
		for _, s := range servers {
			for _, job := range s.jobs {
				if err := p.load(s, job, round > 0, r); err != nil { // the first round warms up
					return fmt.Errorf("%s: %s: %w", s.name, job.name, err)
				}
			}
		}
	}
	r.print("HeadBucket", "req/s", "req/s", 1)
	r.print("HeadBucket", "server-cpu-us/op", "us of CPU in the server", 1)
	r.print("KMSSign", "ns/op", "ms", 1e-6)
	return nil
}

func (p *plan) load(s *server, j job, counted bool, r *report) error {
	raw := j.request(s)
	before, err := s.cpu()
	if err != nil && !errors.Is(err, errNoFigures) {
		return err
	}
	clients := p.clients
	if j.clients != 0 {
		clients = j.clients
	}
	n, took, failed := hammer(s.addr, raw, clients, p.requests, p.limit)
	if failed != nil {
		return failed
	}
	after, err := s.cpu()
	if !counted {
		return nil
	}
	figures := []metric{{float64(n) / took.Seconds(), "req/s"}}
	if err == nil {
		figures = append(figures, metric{float64((after - before).Microseconds()) / float64(n), "server-cpu-us/op"})
	}
	r.add(j.name, s.name, n, took/time.Duration(n), figures...)
	return nil
}
