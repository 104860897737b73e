package token

import (
	"time"

	"github.com/strongroom-dev/strongroom/internal/diag"
	"github.com/strongroom-dev/strongroom/internal/oidc"
)

// Answer is a Report as JSON has it. Fields are only ever added.
type Answer struct {
	FormatVersion int           `json:"format_version"`
	Verdict       Verdict       `json:"verdict"`
	Issuer        string        `json:"issuer"`
	Forge         AnswerForge   `json:"forge"`
	Header        []Header      `json:"header"`
	Signature     Signature     `json:"signature"`
	Times         AnswerTimes   `json:"times"`
	Claims        []Claim       `json:"claims"`
	ConditionKeys []AnswerKey   `json:"condition_keys"`
	MissingKeys   []string      `json:"missing_keys"`
	Findings      []AnswerFound `json:"findings"`
}

// AnswerForge tells what issued the token: the kind, of package oidc, and a name
// for people.
type AnswerForge struct {
	Kind oidc.Kind `json:"kind"`
	Name string    `json:"name"`
}

// AnswerTimes are the token's times, RFC 3339 in UTC; empty: the token has no such
// time. Now is when it was judged, SecondsLeft how long it is valid from then;
// negative: expired.
type AnswerTimes struct {
	Now         string `json:"now"`
	IssuedAt    string `json:"issued_at"`
	NotBefore   string `json:"not_before"`
	ExpiresAt   string `json:"expires_at"`
	SecondsLeft int64  `json:"seconds_left"`
}

// AnswerKey is a condition key that STS makes of a claim.
type AnswerKey struct {
	Name   string   `json:"name"`
	Claim  string   `json:"claim"`
	Values []string `json:"values"`
	Multi  bool     `json:"multivalued"`
}

// AnswerFound is a finding.
type AnswerFound struct {
	Level Level `json:"level"`
	diag.Record
}

// Answer returns the report for encoding/json.
func (r *Report) Answer() *Answer {
	a := &Answer{
		FormatVersion: 1, Verdict: r.Verdict, Issuer: r.Issuer, Forge: AnswerForge{r.Kind, r.Forge},
		Header: append([]Header{}, r.Header...), Signature: r.Signature, Claims: append([]Claim{}, r.Claims...),
		ConditionKeys: []AnswerKey{}, MissingKeys: []string{}, Findings: []AnswerFound{},
		Times: AnswerTimes{rfc3339(r.now), rfc3339(r.Times.Issued), rfc3339(r.Times.NotBefore), rfc3339(r.Times.Expires), 0},
	}
	if !r.Times.Expires.IsZero() {
		a.Times.SecondsLeft = r.Times.Expires.Unix() - r.now.Unix()
	}
	have := map[string]bool{}
	for _, k := range r.Keys {
		a.ConditionKeys = append(a.ConditionKeys, AnswerKey{k.Name, k.Claim, append([]string{}, k.Values...), k.Multi})
		have[k.Name] = true
	}
	for _, name := range oidc.ClaimKeys(r.Issuer) {
		if k := r.key(name); !have[k] {
			a.MissingKeys = append(a.MissingKeys, k)
		}
	}
	for _, f := range r.Findings {
		for _, rec := range diag.Records(f.Diagnostic) {
			a.Findings = append(a.Findings, AnswerFound{f.Level, rec})
		}
	}
	return a
}

func rfc3339(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}
