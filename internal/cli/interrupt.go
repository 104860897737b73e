package cli

import (
	"fmt"
	"os"
	"os/signal"
	"syscall"
)

// whileWaiting explains interrupts to a person who waits for the end of an engine
// that may not just be killed: the first one has been heard, the second says what is
// being waited for, a third ends the program. waiting names that; "" is nothing
// in particular. Call the result when there is nothing to wait for any more.
func whileWaiting(waiting func() string, say func(string)) (end func()) {
	signals := make(chan os.Signal, 3)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	done, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		explainInterrupts(signals, done, waiting, say)
		signal.Stop(signals) // the next one does what it always does
	}()
	return func() {
		close(done)
		<-ended
	}
}

func explainInterrupts(signals <-chan os.Signal, done <-chan struct{}, waiting func() string, say func(string)) {
	for n := 1; n <= 2; n++ {
		select {
		case <-done:
			return
		case <-signals:
		}
		what := waiting()
		switch {
		case n == 1 && what != "":
			say(fmt.Sprintf("interrupted: waiting for %s, which ends what it has begun and saves its state", what))
		case n == 2 && what != "":
			say(fmt.Sprintf("still waiting for %s; AWS has begun something and its end must be recorded. A third interrupt kills it: what is not recorded is then found and adopted by the next run", what))
		case n == 2:
			say("still cleaning up; a third interrupt ends it")
		}
	}
}
