// Package clockwork runs what AWS does by itself, in the background of the
// sandbox: a trail delivers its log files, a rule passes an event on, an alarm
// looks at its metric.
//
// New starts a Clockwork with its parts. Tell hands it what happened, Wake says
// that the time has moved, and Settle waits until every part has done what
// it has to do by now. Parts run one at a time, in the order given, on one
// goroutine that holds no lock: they call the sandbox's services as AWS services
// do.
//
// What is told and not yet passed on is kept in memory alone: a sandbox that is
// killed forgets it, as it forgets no state.
package clockwork
