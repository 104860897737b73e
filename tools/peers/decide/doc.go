// Package decide times the peer of the policy engine: Cedar's Go implementation
// on decisions with the meaning of those in ../../policy/bench_test.go, under the
// same benchmark names, so that benchstat puts them side by side.
package decide
