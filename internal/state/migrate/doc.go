// Package migrate moves a stack's states from one backend to another, by the engine's
// own "init -migrate-state": S3, GitLab's HTTP backend and files, any to any, all
// workspaces of the stack at once.
//
// Start with Look, which says what a move would do and refuses what must not be done,
// and Run, which does it. Retire removes what a move left behind.
//
// A move takes these steps. It can be killed between and during any of them, and is
// then run again: it looks at the places themselves, and at a journal that is on disk
// before what it announces begins.
//
//	look     what each workspace has at both places; another state there is refused
//	lock     the engines' locks of both places, with an ID that the journal knows
//	copy     init -reconfigure for the source, init -migrate-state to the destination
//	renumber state push, where the engine gave the copy a new lineage or an old serial
//	verify   lineage, serial, resources, digest, encryption: read without the engine
//	settle   the backend block in the stack's files, and init for it
//	mark     the source keeps its lock (in a file: it is made read-only), and stays
//
// The engine works with an override file that names the place without its lock,
// because this program holds the lock from before the first look under it until
// after the last: nothing that locks can write to either place meanwhile, and an
// engine that still has the old block finds the source locked afterwards. The
// stack's own files change once, when the destination is verified.
//
// The source is never written to. Retire removes it when the destination still has
// the same lineage and no lower serial, and nobody has written to the source since.
//
// It does not choose credentials, and never shows what a state holds.
//
// Source: "Command: init", "Backend Configuration", "Override Files", "Backend Type:
// s3", "Backend Type: http", "Backend Type: local" of OpenTofu and Terraform. What
// engines do to lineage and serial is as observed with Terraform 1.11.4 and OpenTofu
// 1.12.6: a default workspace that is copied to an empty bucket or GitLab gets a new
// lineage and serial 1, and one that differs in nothing but the serial is not copied.
package migrate
