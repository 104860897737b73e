// Package unlock says who has the lock of a state, for what, for how long and whether
// they still live, and takes the lock away from those who do not.
//
// Start with a Finder and its Look; Lock.Release takes away what was seen, and nothing
// else: a lock that somebody took meanwhile stays. A lock whose holder is found
// running on this machine is never taken away. Whoever holds it on another machine
// cannot be seen from here, and is for a person to judge.
//
// It goes to the place itself and not through "force-unlock": that needs a stack that
// is prepared for just this state, and cannot unlock a local state at all.
package unlock
