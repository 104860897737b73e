package audit

import (
	"bufio"
	"encoding/json"
	"io"
	"sync"
	"time"
)

// queued is how many requests may wait to be written before requests wait.
const queued = 1024

// gather is how long the writer lets requests collect after it has written
// some: to wake it for each would cost more than to write it.
const gather = 2 * time.Millisecond

// Log keeps and writes events. It is safe for concurrent use.
type Log struct {
	rand  io.Reader
	in    chan item
	hurry chan struct{} // ends the gathering
	done  chan struct{}
	watch func(Event)  // nil: nobody watches
	close sync.RWMutex // held for writing while in is closed
	over  bool

	mu      sync.Mutex
	ring    []Event
	next    int // where the ring is written next, once it is full
	keep    int
	dropped int
	err     error
}

type item struct {
	record Record
	event  *Event        // not nil: an event in place of the record
	flush  chan struct{} // not nil: no record, close it when all before is done
}

// New starts a log that keeps the last keep events in memory and writes each
// as a JSON line to w, if w is not nil. rand makes event IDs. End it with Close.
//
// watch is told of each event, in order, when it is kept and written; nil: nobody
// is. It must not wait for the log.
func New(w io.Writer, keep int, rand io.Reader, watch func(Event)) *Log {
	l := &Log{watch: watch, rand: rand, in: make(chan item, queued), hurry: make(chan struct{}, 1), done: make(chan struct{}), keep: keep}
	go l.run(w)
	return l
}

// Add records a request. Events come out in the order of the Adds. It waits
// while the writer is more than 1,024 requests behind.
func (l *Log) Add(r Record) { l.send(item{record: r}) }

// Put records an event that AWS made itself, or its stand-in. It waits as Add does. False:
// the log is closed, and the event lost.
func (l *Log) Put(e Event) bool { return l.send(item{event: &e}) }

func (l *Log) send(it item) bool {
	l.close.RLock()
	defer l.close.RUnlock()
	if l.over {
		return false
	}
	l.in <- it
	return true
}

// Flush returns when every event added before it is kept and written.
func (l *Log) Flush() {
	done := make(chan struct{})
	if l.send(item{flush: done}) {
		l.wake()
		<-done
	}
}

// wake ends the gathering that runs, or the next one.
func (l *Log) wake() {
	select {
	case l.hurry <- struct{}{}:
	default:
	}
}

// Events returns the kept events, oldest first, up to the last Add.
func (l *Log) Events() []Event {
	l.Flush()
	l.mu.Lock()
	defer l.mu.Unlock()
	return append(append(make([]Event, 0, len(l.ring)), l.ring[l.next:]...), l.ring[:l.next]...)
}

// Dropped is how many events are no longer in memory. They were written.
func (l *Log) Dropped() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.dropped
}

// Err is the first error of the writer; nil: every event was written.
func (l *Log) Err() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.err
}

// Close writes what waits and ends the log. Later Adds are lost. The error is
// the writer's first.
func (l *Log) Close() error {
	l.close.Lock()
	if !l.over {
		l.over = true
		close(l.in)
		l.wake()
	}
	l.close.Unlock()
	<-l.done
	return l.Err()
}

func (l *Log) run(w io.Writer) {
	defer close(l.done)
	var out *bufio.Writer
	var enc *json.Encoder
	if w != nil {
		out = bufio.NewWriterSize(w, 64<<10)
		enc = json.NewEncoder(out)
		enc.SetEscapeHTML(false)
	}
	flush := func() {
		if out != nil {
			l.fail(out.Flush())
		}
	}
	defer flush()
	timer := time.NewTimer(gather)
	defer timer.Stop()
	for it := range l.in {
		if it.flush == nil {
			var e Event
			if it.event != nil {
				e = *it.event
			} else {
				e = it.record.event(l.rand)
			}
			l.store(e)
			if enc != nil {
				l.fail(enc.Encode(e.line()))
			}
			if l.watch != nil {
				l.watch(e)
				for _, more := range e.Also {
					l.watch(more)
				}
			}
		}
		if len(l.in) == 0 || it.flush != nil {
			flush()
		}
		if it.flush != nil {
			close(it.flush)
		} else if len(l.in) == 0 {
			timer.Reset(gather)
			select {
			case <-l.hurry:
			case <-timer.C:
			}
		}
	}
}

func (l *Log) store(e Event) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.ring) < l.keep {
		l.ring = append(l.ring, e)
		return
	}
	l.dropped++
	if l.keep > 0 {
		l.ring[l.next] = e
		l.next = (l.next + 1) % l.keep
	}
}

func (l *Log) fail(err error) {
	if err == nil {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.err == nil {
		l.err = err
	}
}
