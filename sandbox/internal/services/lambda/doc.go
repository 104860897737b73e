// Package lambda is AWS Lambda: functions from zip files, their versions, permissions,
// tags, concurrency, and their invocation, at once or by its queue.
//
// A Runner executes functions of the OS-only runtimes as processes of this machine, which
// speak the Lambda Runtime API and work with their role's own session in the sandbox.
// Without one every invocation is refused by name. A process is not a jail: it can do what
// the sandbox's user can, so nothing is run unless the caller of sandbox.Start asks for it.
//
// Images, layers, aliases, function URLs, event source mappings, code signing, networks and
// file systems are refused by name.
//
// Source: Lambda API Reference; Lambda Developer Guide.
package lambda
