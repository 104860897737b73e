// Command strongroom builds, locks, tests and runs the AWS account that a
// signing key lives in. See "strongroom --help".
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"github.com/strongroom-dev/strongroom/internal/cli"
)

func main() { os.Exit(run()) }

// run exists so that deferred calls run before the process ends.
func run() int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	// The first Ctrl-C asks the command to clean up; a second one ends it.
	context.AfterFunc(ctx, stop)
	return cli.Run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr, os.Environ())
}
