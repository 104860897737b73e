// Package configservice is AWS Config of one account: its recorder, its delivery
// channel, its retention, the rules that AWS manages, and aggregators, with what AWS
// checks before it takes them.
//
// Nothing is recorded, evaluated, aggregated or delivered, and there are no rules of
// one's own, conformance packs or aggregators of an organization.
//
// Source: AWS Config API Reference; AWS Config Developer Guide.
package configservice
