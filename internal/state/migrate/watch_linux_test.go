package migrate_test

import (
	"os"
	"path/filepath"
	"sync"
	"unsafe"

	"golang.org/x/sys/unix"
)

// watch calls count for each change to a file in the stack's directory and below.
func (w *world) watch(count func()) (stop func()) {
	w.t.Helper()
	fd, err := unix.InotifyInit1(unix.IN_CLOEXEC)
	if err != nil {
		w.t.Fatal(err)
	}
	dirs := map[int32]string{}
	add := func(dir string) {
		_ = filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
			if err == nil && d.IsDir() {
				if at, err := unix.InotifyAddWatch(fd, path, unix.IN_MODIFY|unix.IN_CREATE|unix.IN_MOVED_TO|unix.IN_DELETE|unix.IN_CLOSE_WRITE); err == nil {
					dirs[int32(at)] = path
				}
			}
			return nil // what goes meanwhile needs no watch
		})
	}
	add(w.dir)
	add(w.home)
	var done sync.WaitGroup
	done.Add(1)
	go func() {
		defer done.Done()
		buffer := make([]byte, 64<<10)
		for {
			n, err := unix.Read(fd, buffer)
			if err != nil || n <= 0 {
				return
			}
			for at := 0; at+unix.SizeofInotifyEvent <= n; {
				e := (*unix.InotifyEvent)(unsafe.Pointer(&buffer[at]))
				name := unix.ByteSliceToString(buffer[at+unix.SizeofInotifyEvent : at+unix.SizeofInotifyEvent+int(e.Len)])
				if name == "stop" && dirs[e.Wd] == w.home {
					return
				}
				if dirs[e.Wd] != w.home {
					if e.Mask&unix.IN_ISDIR != 0 && e.Mask&(unix.IN_CREATE|unix.IN_MOVED_TO) != 0 {
						add(filepath.Join(dirs[e.Wd], name))
					}
					count()
				}
				at += unix.SizeofInotifyEvent + int(e.Len)
			}
		}
	}()
	return func() { // a read that waits is woken by an event of its own
		w.t.Helper()
		stop := filepath.Join(w.home, "stop")
		if err := os.WriteFile(stop, nil, 0o600); err != nil {
			w.t.Fatal(err)
		}
		done.Wait()
		_ = os.Remove(stop)
		_ = unix.Close(fd)
	}
}
