package lock

import (
	"context"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/strongroom-dev/strongroom/internal/oidc"
	"github.com/strongroom-dev/strongroom/internal/room"
	"github.com/strongroom-dev/strongroom/internal/tfstate"
	"github.com/strongroom-dev/strongroom/sandbox"
)

// World is a finished room in the sandbox, and the people who attack it.
// Locks leave it as they found it. One lock is tried at a time.
type World struct {
	// Account is the room's 12-digit account ID, Region where it lives.
	Account, Region string
	// Bucket is the state bucket, KeyARN the CMK of the room's own states and
	// StateKey the object key of the bootstrap stack's state.
	Bucket, KeyARN, StateKey string
	// PlanRole and ApplyRole are ARNs.
	PlanRole, ApplyRole string
	// Forge is "gitlab" or "github", Project its "group/project" or
	// "owner/repository", Branch the branch whose pipelines may apply, and
	// Audience the only one accepted.
	Forge, Project, Branch, Audience string
	// Environments keep their states in the bucket from other accounts. With
	// fewer than two, the lock between environments does not apply.
	Environments []Environment

	// Operator is an administrator's session in the room's account: the person
	// who bootstrapped. Attacks by the strongest are the ones worth having.
	Operator aws.Credentials
	// Reader is a session of ReaderRole, which may read every object of the
	// account and use no key.
	Reader     aws.Credentials
	ReaderRole string
	// Person is a user of the room's account, Stranger one of another; both have MFA.
	Person, Stranger *Person
	// Mailboxes are the addresses that the room's alerts are sent to, each
	// confirmed. Empty: the room has no alerts.
	Mailboxes []string
	// Config returns the SDK's configuration for credentials; nil: anonymous.
	Config func(creds *aws.Credentials) aws.Config
	// Decided names the statement that decided the request with this ID, or
	// says that none allowed it.
	Decided func(requestID string) string
	// Token asks the forge for a token.
	Token func(Token) (string, error)
	// Room is the spec, and Mint asks any forge for any token, for the lock that
	// tries them all.
	Room *room.Room
	Mint func(oidc.TokenRequest) (string, error)

	// Stack runs the bootstrap stack, Src the src stack; a nil Src: the room has no
	// baseline.
	Stack Stack
	Src   SrcStack
	// Trust plans a stack of nothing but the automation roles, whose apply role
	// trusts the subject given, and returns the engine's refusal: "" when it
	// planned. unchecked is the mutation: without the module's own check of
	// subjects.
	Trust func(ctx context.Context, subject string, unchecked bool) (refusal string, err error)

	// Now is the sandbox's time. Advance moves it on, waits until AWS has done what
	// it does by itself, and signs the World's people in anew: sessions that an
	// attack holds run out as they should.
	Now     func() time.Time
	Advance func(ctx context.Context, d time.Duration) error
	// Settle waits until AWS has done what is due.
	Settle func(ctx context.Context) error
	// Emit sends an event in EventBridge's envelope, as an AWS service does, and
	// Record records a CloudTrail record, as if AWS had. An empty account or region
	// is the event's own.
	Emit, Record func(account, region string, text []byte) error
	// Mail is what subscribers got so far, oldest first. Undelivered is what could
	// not be passed on.
	Mail        func() []sandbox.Mail
	Undelivered func() []sandbox.Undelivered

	// Commands runs the program's own commands and the environments' stacks, for the
	// scenarios of states. Nil: the world is a room.
	Commands Commands

	// Journeys are the states that travel, one for each engine, and GitLab who is whom
	// there, for the scenario of portability.
	Journeys []Journey
	GitLab   GitLab

	uncheckedTrust bool
	givenKnob      bool
	meddled        Place
	unheld         bool
	rightToken     bool
	unwritten      bool
	letIn          bool
}

// Environment is one environment of another account.
type Environment struct {
	Name     string
	KeyARN   string
	StateKey string
	// Principal is who may use it, Credentials its own.
	Principal   string
	Credentials aws.Credentials
	// Policy is the name of the principal's inline policy, which people of its own
	// account keep by hand; Admin is an administrator there. Only scenarios have them.
	Policy string
	Admin  aws.Credentials
	// Stacks are those of a scenario, each with a state of its own.
	Stacks []StackState
}

// StackState is one state of an environment in a scenario.
type StackState struct {
	// Name is the stack's in the spec, Key its object key.
	Name, Key string
	// Before is what the state was before anything was done to it.
	Before *tfstate.Snapshot
	// BeforeSum is the SHA-256 of its bytes then.
	BeforeSum [32]byte
}

// Commands are the program's own commands in the world of a scenario, and the
// engines in its stacks.
type Commands interface {
	// Strongroom runs "strongroom ARGS" on the scenario's spec with credentials, and
	// returns what it answered, and how. STATE_KMS_KEY_ID is as Knob left it for the
	// environment that --env names; set, KEY=VALUE each, goes on top of that.
	Strongroom(ctx context.Context, as *aws.Credentials, set []string, args ...string) (Ran, error)
	// Knob sets an environment's STATE_KMS_KEY_ID to its key, or clears it, and has the
	// backend blocks of its stacks written anew, as a pipeline does.
	Knob(ctx context.Context, environment string, on bool) error
	// Plan plans a stack as its environment's principal, on a fresh checkout, and
	// returns what would change; empty: nothing.
	Plan(ctx context.Context, environment, stack string) (changes []string, err error)
	// Write applies a stack with something to change in it, as a pipeline does, and
	// returns the engine's refusal; "" when it wrote.
	Write(ctx context.Context, environment, stack string) (refusal string, err error)
}

// GitLab is the forge of the scenario of portability, with the project's members.
type GitLab interface {
	// Member is somebody with a role in the project: "guest", "reporter", "developer",
	// "maintainer".
	Member(role string) (*Member, error)
	// Job is the token of a maintainer's job, in another project of the same people, or
	// in the project itself.
	Job(own bool) (*Member, error)
	// ReadOnly is a maintainer's token that was made to read with.
	ReadOnly() (*Member, error)
	// Promote makes the member with that role a maintainer.
	Promote(ctx context.Context, role string) (putBack func() error, err error)
}

// Ran is a command that has ended.
type Ran struct {
	// Stdout is its answer, Stderr the rest.
	Stdout, Stderr string
	// Exit is its exit status: 0 yes, 1 could not decide, 2 decided no.
	Exit int
}

// Token describes a token to be minted. The zero value of a field is what an
// honest pipeline of the room's project on Branch would get.
type Token struct {
	Project  string
	Branch   string
	Audience string
	// Fault makes the token dishonest.
	Fault Fault
}

// Fault is what is wrong with a token.
type Fault string

const (
	// Honest tokens are as the forge issues them.
	Honest Fault = ""
	// Forged tokens carry the right claims under a key that is not the forge's.
	Forged Fault = "forged"
	// Expired tokens were good an hour ago.
	Expired Fault = "expired"
	// Unsigned tokens say alg: none.
	Unsigned Fault = "none"
)

// Stack is the bootstrap stack as the engine sees it.
type Stack interface {
	// PlanDestroy plans the destruction of everything and returns the engine's
	// refusal; "" when it planned. It never destroys.
	PlanDestroy(ctx context.Context) (refusal string, err error)
	// PlanLocked plans while somebody else holds the lock, and returns what the
	// engine answers; "" when it planned all the same.
	PlanLocked(ctx context.Context) (refusal string, err error)
	// Edit replaces old by new in the stack's files, in the rendered stack or in
	// its modules, and returns how to put it back. An old that is nowhere is an
	// error.
	Edit(file, old, new string) (putBack func() error, err error)
}

// SrcStack is the src stack as the engine sees it.
type SrcStack interface {
	// PlanDestroy and Edit are those of Stack. PlanDestroy is the operator's.
	PlanDestroy(ctx context.Context) (refusal string, err error)
	Edit(file, old, new string) (putBack func() error, err error)
	// Plan plans as the plan role, with a pipeline's token, and returns what would
	// change; empty: nothing. The plan is thrown away.
	Plan(ctx context.Context) (changes []string, err error)
	// Apply plans and applies with these credentials; nil: as CI does, with a
	// pipeline's token and the apply role. It returns the engine's refusal, "" when
	// everything was done. What was done before a refusal stays done.
	Apply(ctx context.Context, creds *aws.Credentials) (refusal string, err error)
}

func (w *World) s3As(creds *aws.Credentials, options ...func(*s3.Options)) *s3.Client {
	return s3.NewFromConfig(w.Config(creds), options...)
}

func (w *World) operator() *s3.Client       { return w.s3As(&w.Operator) }
func (w *World) operatorIAM() *iam.Client   { return iam.NewFromConfig(w.Config(&w.Operator)) }
func (w *World) operatorKMS() *kms.Client   { return kms.NewFromConfig(w.Config(&w.Operator)) }
func (w *World) anonymousSTS() *sts.Client  { return sts.NewFromConfig(w.Config(nil)) }
func (w *World) object(path string) *string { return aws.String("rehearsal/" + path) }

// sessionName is what the pipelines call their sessions.
const sessionName = "rehearsal"

// assume exchanges a token for a session of a role, as a pipeline does.
func (w *World) assume(ctx context.Context, role string, t Token) (*aws.Credentials, Outcome, error) {
	token, err := w.Token(t)
	if err != nil {
		return nil, Outcome{}, err
	}
	return w.present(ctx, role, token)
}

// present shows a token to STS.
func (w *World) present(ctx context.Context, role, token string) (*aws.Credentials, Outcome, error) {
	out, err := w.anonymousSTS().AssumeRoleWithWebIdentity(ctx, &sts.AssumeRoleWithWebIdentityInput{
		RoleArn: &role, RoleSessionName: aws.String(sessionName), WebIdentityToken: &token,
		DurationSeconds: aws.Int32(int32(15 * time.Minute / time.Second)),
	})
	if err != nil {
		o, err := w.judge(err, nil, "AccessDenied", "InvalidIdentityToken", "ExpiredTokenException")
		return nil, o, err
	}
	o, err := w.judge(nil, &out.ResultMetadata)
	return &aws.Credentials{
		AccessKeyID: *out.Credentials.AccessKeyId, SecretAccessKey: *out.Credentials.SecretAccessKey,
		SessionToken: *out.Credentials.SessionToken, CanExpire: true, Expires: *out.Credentials.Expiration,
	}, o, err
}
