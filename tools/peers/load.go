package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

// hammer sends the same request n times over that many connections that stay
// open, each with one request at a time, and returns how many were answered in
// which time. Any answer but 200 fails it.
func hammer(addr string, raw []byte, clients, n int, limit time.Duration) (int, time.Duration, error) {
	conns := make([]net.Conn, clients)
	for i := range conns {
		c, err := net.DialTimeout("tcp", addr, 5*time.Second)
		if err != nil {
			return 0, 0, err
		}
		defer c.Close()
		conns[i] = c
	}
	var left, done atomic.Int64
	left.Store(int64(n))
	var wg sync.WaitGroup
	errs := make([]error, clients)
	began := time.Now()
	end := began.Add(limit)
	for i, c := range conns {
		_ = c.SetDeadline(end.Add(5 * time.Second))
		wg.Go(func() {
			r := bufio.NewReader(c)
			for left.Add(-1) >= 0 && time.Now().Before(end) {
				if _, err := c.Write(raw); err != nil {
					errs[i] = err
					return
				}
				if status, _, err := answer(r, bytes.HasPrefix(raw, []byte("HEAD ")), false); err != nil || status != 200 {
					errs[i] = errors.Join(err, fmt.Errorf("answer number %d has status %d, want 200", done.Load()+1, status))
					return
				}
				done.Add(1)
			}
		})
	}
	wg.Wait()
	took := time.Since(began)
	return max(int(done.Load()), 1), took, errors.Join(errs...)
}

// call sends one request and returns the body of the answer.
func call(addr string, raw []byte) (string, error) {
	c, err := net.DialTimeout("tcp", addr, 5*time.Second)
	if err != nil {
		return "", err
	}
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(5 * time.Second))
	if _, err := c.Write(raw); err != nil {
		return "", err
	}
	status, body, err := answer(bufio.NewReader(c), false, true)
	if err == nil && status != 200 {
		err = fmt.Errorf("status %d, want 200: %s", status, body)
	}
	return body, err
}

// answer reads a response, with as little work as the protocol allows: the load
// shares the processors with the servers.
func answer(r *bufio.Reader, head, keep bool) (status int, body string, err error) {
	line, err := r.ReadSlice('\n')
	if err != nil {
		return 0, "", err
	}
	if _, rest, ok := bytes.Cut(line, []byte(" ")); ok && len(rest) >= 3 {
		status, err = strconv.Atoi(string(rest[:3]))
	}
	if status == 0 {
		return 0, "", fmt.Errorf("the first line of the answer is %q: %w", line, errors.Join(err))
	}
	length := 0
	for {
		line, err := r.ReadSlice('\n')
		if err != nil {
			return status, "", err
		}
		if line = bytes.TrimRight(line, "\r\n"); len(line) == 0 {
			break
		}
		const name = "Content-Length:"
		if len(line) > len(name) && bytes.EqualFold(line[:len(name)], []byte(name)) {
			if length, err = strconv.Atoi(string(bytes.TrimSpace(line[len(name):]))); err != nil {
				return status, "", err
			}
		}
	}
	switch {
	case head || length == 0:
		return status, "", nil
	case !keep:
		_, err = r.Discard(length)
		return status, "", err
	}
	b := make([]byte, length)
	_, err = io.ReadFull(r, b)
	return status, string(b), err
}
