package op

import "context"

// Access says how an operation touches the sandbox's state.
type Access uint8

const (
	// Read operations run at the same time as other reads and must not change
	// anything, not even a cache.
	Read Access = iota
	// Write operations run alone. A handler that returns an error must have
	// changed nothing: validate first, then write.
	Write
)

// Row is one AWS operation. Build it with New, then set the optional fields.
type Row struct {
	// Name is AWS's name of the operation.
	Name string
	// Event is CloudTrail's eventName where it differs from Name; empty: it is
	// Name.
	Event string
	// Source names the AWS documentation page the behaviour was read from,
	// such as "KMS API_CreateKey".
	Source string
	// Access is Read or Write.
	Access Access
	// Public is the reason why the operation needs no permission, for example
	// "STS API_GetCallerIdentity: no permissions are required". Exactly one of
	// Public and checks must be set.
	Public string
	// Unsigned is the reason why a service without anonymous callers takes the
	// operation unsigned: the request itself proves who asks. Each of its checks
	// then names a Principal. Empty: it must be signed.
	Unsigned string
	// Asks is the reason why the handler may call Call.Ask itself, for example
	// a batch whose entries are decided one by one. Empty: Ask panics.
	Asks string
	// Secret lists the members of the input and output, by wire name, whose
	// value never reaches the audit record ("Plaintext", "WebIdentityToken").
	Secret []string
	// Data marks a data event (CloudTrail's term): object reads and the like.
	Data bool
	// ResourceTypes lists CloudTrail's resource types, in the order of the
	// checks' resources; nil when CloudTrail records none.
	ResourceTypes []string

	newIn   func() any
	prepare func(*Call, any) error
	labour  func(*Call, any) error
	checks  func(*Call, any) ([]Check, error)
	handle  func(*Call, any) (any, error)
}

// New makes a row from typed functions. checks may be nil only if the caller
// sets Public on the result. checks and handle run under the state's lock, so
// that what was authorised is what happens.
func New[In, Out any](name, source string, access Access,
	checks func(*Call, *In) ([]Check, error),
	handle func(*Call, *In) (*Out, error)) Row {
	r := Row{
		Name: name, Source: source, Access: access,
		newIn: func() any { return new(In) },
		handle: func(c *Call, in any) (any, error) {
			out, err := handle(c, in.(*In))
			if err != nil {
				return nil, err
			}
			return out, nil
		},
	}
	if checks != nil {
		r.checks = func(c *Call, in any) ([]Check, error) { return checks(c, in.(*In)) }
	}
	return r
}

// WithPrepare adds work to do before the state is locked and before the caller
// is authorised: what the input alone decides, such as whether it is valid. The caller's signature is
// verified by then; only S3 and operations that say Unsigned have callers
// without. It must not read or write state; it leaves its result in
// Call.Prepared.
func WithPrepare[In any](r Row, prepare func(*Call, *In) error) Row {
	r.prepare = func(c *Call, in any) error { return prepare(c, in.(*In)) }
	return r
}

// WithLabour adds work for which nobody must be able to ask who may not: it
// is done before the state is locked, and only after the checks have allowed the
// request once. They are asked again under the lock. Otherwise as WithPrepare,
// which comes first and must leave what the checks need.
func WithLabour[In any](r Row, labour func(*Call, *In) error) Row {
	r.labour = func(c *Call, in any) error { return labour(c, in.(*In)) }
	return r
}

// Labours reports whether the row has such work.
func (r *Row) Labours() bool { return r.labour != nil }

// Labour does it.
func (r *Row) Labour(c *Call, in any) error { return r.labour(c, in) }

// NewInput returns a new zero value of the operation's input type, a pointer.
func (r *Row) NewInput() any { return r.newIn() }

// Prepare runs the row's preparation, if it has one.
func (r *Row) Prepare(c *Call, in any) error {
	if r.prepare == nil {
		return nil
	}
	return r.prepare(c, in)
}

// Checks returns what the caller must be allowed, in the order AWS asks. Nil
// only if Public is set.
func (r *Row) Checks(c *Call, in any) ([]Check, error) {
	if r.checks == nil {
		return nil, nil
	}
	return r.checks(c, in)
}

// HasChecks reports whether the row declares its authorisation.
func (r *Row) HasChecks() bool { return r.checks != nil }

// Handle runs the operation. The result is a pointer to the output type.
func (r *Row) Handle(c *Call, in any) (any, error) { return r.handle(c, in) }

// contextOf is never nil, so that handlers can pass it on.
func contextOf(c *Call) context.Context {
	if c.Ctx == nil {
		return context.Background()
	}
	return c.Ctx
}
