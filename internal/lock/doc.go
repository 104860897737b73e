// Package lock holds what is claimed of a room and how each claim is attacked.
//
// All returns the locks in the order they are shown. Lock.Try makes a lock's
// controls and attacks against a World, a room that was built in the sandbox,
// and answers whether the lock holds. Attacks are real SDK calls and real
// engine runs by real principals.
//
// A refusal counts only when it is the refusal that the claim is about: an
// attack that fails for another reason is an error, never a lock that holds.
// Every lock also says how to take it off, so that a test can see it fail.
//
// It builds nothing: package rehearse makes the World.
package lock
