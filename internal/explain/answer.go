package explain

import "github.com/strongroom-dev/strongroom/policy"

// Decision is what an Answer says.
type Decision string

// The decisions.
const (
	Allowed    Decision = "allowed"
	Denied     Decision = "denied"
	CannotTell Decision = "cannot tell"
)

// Answer is a question answered, with everything that led to it. Its lists are
// never nil.
type Answer struct {
	FormatVersion int      `json:"format_version"`
	Decision      Decision `json:"decision"`
	// Sentence is the decision in plain words.
	Sentence string `json:"sentence"`
	// Basis is "policies" when the policies decide, "record" when it is AWS's own
	// answer to the request.
	Basis string `json:"basis"`
	// Verdict and Reason are the policy engine's; null: they turn on what is not
	// known, or no policies were given.
	Verdict *policy.Verdict `json:"verdict"`
	Reason  *policy.Reason  `json:"reason"`
	// AtBest and AtWorst are the verdicts for what is not known at its best and
	// worst; null: no policies were given.
	AtBest  *Extreme `json:"at_best"`
	AtWorst *Extreme `json:"at_worst"`

	Request Request `json:"request"`
	// Outcome is AWS's own answer, where the question holds it.
	Outcome       *Outcome `json:"outcome"`
	OutcomeReason string   `json:"outcome_reason"`
	// Principal, Action, Resource, SameAccount and Steps are those of a
	// policy.Explanation, with more in each step.
	Principal   string `json:"principal"`
	Action      string `json:"action"`
	Resource    string `json:"resource"`
	SameAccount bool   `json:"same_account"`
	Steps       []Step `json:"steps"`
	// Deciding are the statements that decided; those that may have, if what
	// decided is not known.
	Deciding []Statement `json:"deciding"`
	// Nearest are, for a denial, the statements that lack least to allow it.
	Nearest []Statement `json:"nearest"`
	// Unknown are the condition keys that the decision turns on.
	Unknown []UnknownKey `json:"unknown"`
	// Together are values of several unknown keys that would have it allowed; empty:
	// there is one key, or no such values were found.
	Together []string `json:"together"`
	// Unread are the types of policy that it turns on and that were not read.
	Unread []Unread `json:"unread"`
	// Read are the policies that were read.
	Read []Source `json:"read"`
	// Fixes are what would change a denial, smallest first.
	Fixes []Fix `json:"fixes"`
	// Hints are facts of AWS's reference that explain the answer.
	Hints []string `json:"hints"`
	// Notes say how the question and the policies were read.
	Notes []string `json:"notes"`
	// Gaps are what the source of the question does not tell.
	Gaps []Gap `json:"gaps"`
	// Also are the other questions that the same request asks.
	Also []Part `json:"also"`

	// lacks says that AWS's answer names a type of policy without an allow, and that
	// those given of it have none indeed.
	lacks bool
}

// Extreme is the engine's answer at one end of what is not known.
type Extreme struct {
	Verdict policy.Verdict `json:"verdict"`
	Reason  policy.Reason  `json:"reason"`
}

// Request is the question as it was understood.
type Request struct {
	From            string `json:"from"`
	Principal       string `json:"principal"`
	PrincipalType   string `json:"principal_type"`
	Action          string `json:"action"`
	Resource        string `json:"resource"`
	ResourceAccount string `json:"resource_account"`
	// Context are the keys whose value is known.
	Context []Key `json:"context"`
	// Complete: there are no others.
	Complete bool `json:"context_is_complete"`
}

// Key is a condition key of the request.
type Key struct {
	Name   string   `json:"key"`
	Values []string `json:"values"`
}

// State is what one step of the evaluation says.
type State string

// The states.
const (
	StateAllows   State = "allows"
	StateDenies   State = "denies"
	StateSilent   State = "silent"
	StateMayAllow State = "may allow"
	StateMayDeny  State = "may deny"
	StateUnread   State = "not read"
	StateNone     State = "none"
	StateNoSay    State = "has no say"
)

// Step is one type of policy, or one level of it.
type Step struct {
	Type  policy.Reason `json:"type"`
	Level int           `json:"level"`
	// Outcome is State in the three words of policy.Step, for what is not known
	// at its worst.
	Outcome policy.Outcome `json:"outcome"`
	State   State          `json:"state"`
	Decides bool           `json:"decides"`
	Note    string         `json:"note"`
	// Statements applied, or may have.
	Statements []Statement `json:"statements"`
	// Nearest are the Allow statements that lack least, if the step does not allow.
	Nearest []Statement `json:"nearest"`
}

// Statement is one statement held against the request.
type Statement struct {
	policy.StatementResult
	// Applies is "yes", "no" or "unknown".
	Applies string `json:"applies"`
	// Conditions shadow those of the result, with what is not known.
	Conditions []Condition `json:"conditions"`
	// Lacks are the elements that do not match: principal, action, resource.
	Lacks []string `json:"lacks"`
	// Text is the statement as written.
	Text string `json:"text"`

	layer  policy.Reason
	at     int // level
	turnOn []string
}

// Condition is one condition held against the request.
type Condition struct {
	policy.ConditionResult
	// Unknown are the keys that it turns on and whose value is not known; then Met
	// says nothing.
	Unknown []string `json:"unknown"`
	// Note explains what is carried; empty: nothing to explain.
	Note string `json:"note"`
}

// UnknownKey is a key that the decision turns on.
type UnknownKey struct {
	Key string `json:"key"`
	// Why the value is not known; empty: the question does not tell it.
	Why string `json:"why"`
	// Hint of AWS's reference; empty: none.
	Hint string `json:"hint"`
	// Means tells what some values would mean, everything else as unknown as it is.
	Means []Meaning `json:"means"`
}

// Meaning is the decision for some values of a key.
type Meaning struct {
	Values   []string `json:"values"`
	Decision Decision `json:"decision"`
}

// Fix is one way to change a denial.
type Fix struct {
	// What to do, in one sentence.
	What string `json:"what"`
	// Where is FILE:LINE; empty: nowhere in particular.
	Where string `json:"where"`
	// Text to add; empty: none.
	Text string `json:"text"`
}

// Part is another question that the same request asks.
type Part struct {
	Action   string   `json:"action"`
	Resource string   `json:"resource"`
	Decision Decision `json:"decision"`
	Sentence string   `json:"sentence"`
}
