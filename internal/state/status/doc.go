// Package status says of each state what it is and who has to do with it: whether it
// is there, its serial, who wrote it last, how it is encrypted, who holds its lock,
// which versions are kept, whether its principal can read it, and where it is not as
// the spec says.
//
// Start with a Reader, whose Row asks about one state. Guard answers another
// question: whether the first write of a stack would be encrypted as the spec says,
// before there is a state. Both only read. What one may not see is said to be
// unknown, with the reason, and is no error.
package status
