package grants

// Level says what a finding is worth.
type Level string

// The levels.
const (
	// Missing: something that an engine or the runbook needs is not granted.
	Missing Level = "missing"
	// Wide: more is granted than should be, and it counts.
	Wide Level = "wide"
	// Unknown: it could not be decided.
	Unknown Level = "unknown"
	// Note: worth knowing, and nothing to do.
	Note Level = "note"
)

// Side is where a policy is.
type Side string

// The sides.
const (
	// StateSide is the state account: key policies and the bucket policy.
	StateSide Side = "state"
	// PrincipalSide is the principal's account: its own policies.
	PrincipalSide Side = "principal"
)

// Environment is what was found about one environment. Its lists are never nil.
type Environment struct {
	Name   string `json:"name"`
	Bucket string `json:"bucket"`
	KeyARN string `json:"kms_key_arn"`
	// BucketKey is the bucket's default, and so whether the encryption context of what
	// is written is the bucket's ARN; false: it is the object's.
	BucketKey  bool        `json:"bucket_key"`
	Locking    bool        `json:"locking"`
	Principals []Principal `json:"principals"`
	// Objects are the states and locks that exist, as they are encrypted now.
	Objects []Object `json:"objects"`
	// KeyPolicy and BucketPolicy are the statements to paste there.
	KeyPolicy    []Statement `json:"key_policy"`
	BucketPolicy []Statement `json:"bucket_policy"`
	Findings     []Finding   `json:"findings"`
}

// Principal is one of an environment's.
type Principal struct {
	ARN string `json:"arn"`
	// SameAccount: it is of the state account, where one side is enough.
	SameAccount bool `json:"same_account"`
	// Read: its own policies were read. Unread is why they were not; empty: they were.
	Read   bool   `json:"read"`
	Unread string `json:"unread"`
	// Policy are the statements to paste into its own policy; empty in the state
	// account, where it needs none.
	Policy []Statement `json:"policy"`
	// Checks are the requests that were judged, in an engine's order.
	Checks []Check `json:"checks"`
}

// Check is one request of an engine's, judged on both sides.
type Check struct {
	// For says what the request is for.
	For      string `json:"for"`
	Action   string `json:"action"`
	Resource string `json:"resource"`
	// Context is the encryption context's aws:s3:arn; empty for others than KMS's
	// requests through S3.
	Context string `json:"context"`
	// State and Principal are "yes", "no", "unknown", or "not needed".
	State     string `json:"state"`
	Principal string `json:"principal"`
}

// Object is a state or a lock that exists.
type Object struct {
	Key       string `json:"key"`
	Algorithm string `json:"algorithm"`
	KeyARN    string `json:"kms_key_arn"`
	BucketKey bool   `json:"bucket_key"`
}

// Finding is something that is missing, too wide, unknown, or worth knowing.
type Finding struct {
	Rule  string `json:"rule"`
	Level Level  `json:"level"`
	Side  Side   `json:"side"`
	// Where names the policy.
	Where string `json:"where"`
	// Principal is whom it is about; empty: nobody in particular.
	Principal string `json:"principal"`
	Summary   string `json:"summary"`
	// Actions and Resources are those that it is about. Never nil.
	Actions   []string `json:"actions"`
	Resources []string `json:"resources"`
	Why       string   `json:"why"`
	// Fix is an edit or a command; empty: none.
	Fix string `json:"fix"`
	// Statement is the one that Fix speaks of; nil: of none.
	Statement *Statement `json:"statement,omitempty"`

	// objects are the encryption contexts that a condition does not let in.
	objects []string
}

// Verdict is 2 when something is missing or too wide, 1 when something could not be
// decided, else 0.
func (e *Environment) Verdict() int {
	worst := 0
	for _, f := range e.Findings {
		switch f.Level {
		case Missing, Wide:
			return 2
		case Unknown:
			worst = 1
		}
	}
	return worst
}
