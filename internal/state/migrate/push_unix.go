//go:build unix

package migrate

import (
	"os"
	"syscall"
)

// feed makes a named pipe and writes text to whoever opens it. done ends that, and
// returns what went wrong.
func feed(path string, text []byte) (done func() error, err error) {
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		return nil, &os.PathError{Op: "mkfifo", Path: path, Err: err}
	}
	result := make(chan error, 1)
	go func() {
		f, err := os.OpenFile(path, os.O_WRONLY, 0) // waits for the reader
		if err != nil {
			result <- err
			return
		}
		_, err = f.Write(text)
		if closed := f.Close(); err == nil {
			err = closed
		}
		result <- err
	}()
	return func() error {
		select {
		case err := <-result:
			return err
		default:
		}
		// Nobody opened it, or nobody reads on: a reader that goes at once ends the wait.
		if f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0); err == nil {
			f.Close()
		}
		return <-result
	}, nil
}
