// Package page cuts pages off the lists that operations answer with. Cut takes a
// list in the order of its keys; the token is the last key of the page before, so
// that a list that changed meanwhile is resumed after it. It knows no service.
package page
