// Package store keeps the sandbox's state: ordered tables in memory, written
// through to one bbolt file when the sandbox was started with a data directory.
//
// Open or Memory gives the DB; NewTable a table of it. View and Update bracket
// every request: Update's changes reach the disk in one bbolt transaction
// before it returns, so a response that was sent is never forgotten, and a
// sandbox killed at any instruction restarts with whole requests only.
//
// It knows nothing of AWS.
package store
