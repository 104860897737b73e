// Package audit checks what is claimed of a room on a real account, read-only.
//
// Run takes the room's spec and credentials of its account, asks AWS for the
// configuration that stands behind each claim, and answers for each whether it
// holds, with what falls short and the module input that mends it. The claims
// are those of the locks: Check.Lock is the ID of a lock of package lock.
//
// It changes nothing and attacks nothing. What only an attack can show is shown
// by a rehearsal; the claims that leave no trace in an account are listed in
// Unaudited with the reason. It reads no data: no object, no log event, no
// message, with one exception, the log files that it validates by their digests.
//
// A question that AWS refuses to answer is "cannot tell", with the action that
// the credentials lack. It is never taken for a good answer.
package audit
