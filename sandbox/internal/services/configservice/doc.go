// Package configservice is AWS Config of one account: its recorder, its delivery
// channel and its retention, with what AWS checks before it takes them.
//
// Nothing is recorded or delivered, and there are no rules, conformance packs or
// aggregators.
//
// Source: AWS Config API Reference; AWS Config Developer Guide.
package configservice
