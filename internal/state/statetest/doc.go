// Package statetest is a world for tests of what is done to states: a state account
// with a bucket, two environments of other accounts with a key and a user each, and
// somebody who may read objects and nothing else.
//
// Start with New, then Put states. Everything is as the module state-key and a
// hand-made bucket policy have it; a test changes what it is about.
//
// It asserts nothing.
package statetest
