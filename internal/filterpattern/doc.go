// Package filterpattern is CloudWatch Logs' filter pattern language: which log
// events a metric filter counts, and why not the others.
//
// Compile reads a pattern; Pattern.Match decides, Pattern.Explain says which part of
// the pattern kept an event out, and Pattern.Value and Values extract what a metric's
// value or dimension is taken from. It does no I/O and knows no log groups.
//
// The language is the documented one: terms ("ERROR -ARGUMENTS", "?A ?B", quoted
// phrases), regular expressions between percent signs, space-delimited fields
// ("[ip, ..., bytes > 1000]") and JSON conditions ("{ $.eventName = "Put*" }"). What
// the documentation excludes (EXISTS, IS NOT) and what it does not describe is refused
// by Compile, by name. Where it leaves an answer open, the answer here is:
//
//   - A comparison with a property that is absent, null, true, false, an array or an
//     object does not hold, whichever its operator: only strings and numbers are
//     value nodes. For absent ones this is how users measured it.
//   - A string operand is held against a number as the event writes it.
//   - An asterisk inside an operand is an ordinary character; at its begin or end it
//     stands for any text. The older edition of the page says so.
//   - A space-delimited event with more fields than the pattern has its rest in the
//     last field, as the page's examples need; one with fewer does not match.
//   - Numbers are compared as 64-bit floating point.
//
// Source: CloudWatch Logs User Guide "Filter pattern syntax for metric filters,
// subscription filters, filter log events, and Live Tail", in its editions of 2018,
// 2022 and 2025.
package filterpattern
