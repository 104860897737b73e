package trust

import (
	"github.com/strongroom-dev/strongroom/internal/oidc"
	"github.com/strongroom-dev/strongroom/policy"
)

// Outcome is what an explanation comes to.
type Outcome string

const (
	// Admitted: STS gives a session.
	Admitted Outcome = "admitted"
	// Refused: it does not.
	Refused Outcome = "refused"
	// Undecided: it hangs on what is not known here, or not documented.
	Undecided Outcome = "undecided"
)

// Answer says why a role admits a token or refuses it. Its lists are never nil.
// It holds claims, and never the token.
type Answer struct {
	// Role is the role's name, RoleARN its ARN if that is known.
	Role    string `json:"role"`
	RoleARN string `json:"role_arn"`
	// Issuer as in the token, and what is behind it.
	Issuer string    `json:"issuer"`
	Forge  oidc.Kind `json:"forge"`
	// Subject and Audience as in the token.
	Subject  string   `json:"subject"`
	Audience []string `json:"audience"`

	Outcome Outcome `json:"outcome"`
	// Reason is the outcome and why in one sentence.
	Reason string `json:"reason"`
	// AWS is what AWS itself answers to a refused token. Empty: the token is
	// admitted, or nobody can tell.
	AWS string `json:"aws"`
	// Obstacle, Action and Depends are those of the Verdict.
	Obstacle Obstacle `json:"obstacle"`
	Action   string   `json:"action"`
	Depends  []string `json:"depends"`

	Provider Provider `json:"provider"`
	// Claims are the token's, in the order of their names.
	Claims []Claim `json:"claims"`
	// Statements of the trust policy in its order.
	Statements []Statement `json:"statements"`
	// Never are the parts of the policy that no token can match, or none of this
	// project or job.
	Never []Finding `json:"never"`
	// Dangers are the parts of the policy that admit strangers, or would.
	Dangers []Finding `json:"dangers"`
	Edit    Edit      `json:"edit"`
	// Notes are further remarks, such as on the token's signature.
	Notes []string `json:"notes"`
}

// Provider is the identity provider that the token needs in the role's account.
type Provider struct {
	ARN string `json:"arn"`
	// Known tells whether the account's providers are known here.
	Known bool `json:"known"`
	// Registered tells whether it is among them.
	Registered bool `json:"registered"`
	// ClientIDs are the audiences it takes.
	ClientIDs []string `json:"client_ids"`
}

// Claim is a claim of the token and what STS makes of it.
type Claim struct {
	Name   string   `json:"name"`
	Values []string `json:"values"`
	// Key is the condition key that STS makes of it. Empty: a trust policy cannot
	// see the claim.
	Key string `json:"key"`
}

// Statement is a statement held against the token.
type Statement struct {
	// Index from 0, Line from 1.
	Index  int           `json:"index"`
	Line   int           `json:"line"`
	Sid    string        `json:"sid"`
	Effect policy.Effect `json:"effect"`
	// Applies: every clause is met.
	Applies bool `json:"applies"`
	// Never: a clause cannot be met by any token of the issuer it is for.
	Never   bool     `json:"never"`
	Clauses []Clause `json:"clauses"`
}

// Clause is a principal, action or condition of a statement.
type Clause struct {
	// Element is Principal, Action, NotAction or Condition.
	Element string `json:"element"`
	// Operator and Key of a condition.
	Operator string `json:"operator"`
	Key      string `json:"key"`
	// Wanted as the policy writes it.
	Wanted []string `json:"wanted"`
	// Carried is what STS sees. Empty with Missing.
	Carried []string `json:"carried"`
	// Missing: STS sees no such key.
	Missing bool `json:"missing"`
	Met     bool `json:"met"`
	// Unknown: whether it is met is not known here; Met is then false.
	Unknown bool `json:"unknown"`
	// Class is what kind of key it is. Empty: the clause is no condition.
	Class Class `json:"class"`
	// Note says what is not plain to see. Empty: nothing.
	Note   string `json:"note"`
	Line   int    `json:"line"`
	Column int    `json:"column"`
}

// Finding is something wrong with a part of the policy.
type Finding struct {
	Rule string `json:"rule"`
	// Statement is its index, from 0.
	Statement int `json:"statement"`
	// Value is the part of the policy, as written.
	Value string `json:"value"`
	// Scope of what can never match: ScopeAny, ScopeProject or ScopeJob. Empty for
	// a danger.
	Scope  Scope  `json:"scope"`
	Why    string `json:"why"`
	Fix    string `json:"fix"`
	Line   int    `json:"line"`
	Column int    `json:"column"`
}

// Scope is which tokens can never match.
type Scope string

const (
	// ScopeAny: no token of the issuer can.
	ScopeAny Scope = "any"
	// ScopeProject: no token of this project can, as it is set up.
	ScopeProject Scope = "project"
	// ScopeJob: no token of this job can, as it is written.
	ScopeJob Scope = "job"
)

// Edit is the change to the policy that admits the token and nobody else who was
// not admitted before.
type Edit struct {
	// Diff is a unified diff. Empty: there is none, and Why says why.
	Diff string `json:"diff"`
	// Document is the whole policy after it; empty without Diff.
	Document string `json:"document"`
	// Inputs is the same change as a diff of the inputs of the module
	// automation-iam, where the policy is that module's. Empty: it is not.
	Inputs string `json:"inputs"`
	Why    string `json:"why"`
	// Refused are the strangers who were held against the changed policy.
	Refused []string `json:"refused"`
}
