package lock

import (
	"context"
	"errors"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/middleware"

	"github.com/strongroom-dev/strongroom/internal/room"
)

// asApply is an attempt by a session of the apply role: a pipeline of the branch
// that may apply, in the hands of somebody who should not have it. do returns how
// to undo what it did when it was let through; nil: nothing is to be undone.
func asApply(request string, do func(ctx context.Context, w *World, cfg aws.Config) (meta *middleware.Metadata, undo func() error, err error)) Attack {
	return Attack{By: "the apply role", Request: request, Do: func(ctx context.Context, w *World) (Outcome, error) {
		creds, o, err := w.assume(ctx, w.ApplyRole, Token{})
		if err != nil || creds == nil {
			return o, orRefused(err, o)
		}
		meta, undo, err := do(ctx, w, w.Config(creds))
		if err == nil && undo != nil {
			if err := undo(); err != nil {
				return Outcome{}, err
			}
		}
		if o, ok := gotPast(err); ok {
			return o, nil
		}
		return w.judge(err, meta, append([]string{"UnauthorizedOperation", "AuthorizationError"}, accessDenied...)...)
	}}
}

// past are the codes of those errors. Security Hub's says that it is off, S3's last
// two that the bucket's owner owns every object, and that a bucket's policy is for its
// own account alone.
var past = map[string]bool{
	"BucketNotEmpty": true, "DeleteConflict": true, "InvalidAccessException": true, "AccessControlListNotSupported": true, "MethodNotAllowed": true,
}

// gotPast tells an error that only a request gets which was allowed.
func gotPast(err error) (Outcome, bool) {
	var api smithy.APIError
	if !errors.As(err, &api) || !past[api.ErrorCode()] {
		return Outcome{}, false
	}
	return Outcome{Answer: "allowed, and then " + api.ErrorCode(), DecidedBy: "no policy refused it"}, true
}

// nothing is the undoing of what left nothing behind.
func nothing() error { return nil }

// detachGuard takes the guard off the apply role: the mutation of every lock that
// it is.
func detachGuard(ctx context.Context, w *World) (func() error, error) {
	role, guard := aws.String(nameOf(w.ApplyRole)), aws.String(w.Room.GuardPolicyARN())
	_, err := w.operatorIAM().DetachRolePolicy(ctx, &iam.DetachRolePolicyInput{RoleName: role, PolicyArn: guard})
	return func() error {
		_, err := w.operatorIAM().AttachRolePolicy(ctx, &iam.AttachRolePolicyInput{RoleName: role, PolicyArn: guard})
		return err
	}, err
}

// withoutGuard is why the locks that are the guard do not apply to a room.
func withoutGuard(concern string) func(w *World) string {
	return func(w *World) string {
		if why := without(concern)(w); why != "" {
			return why
		}
		if !w.Room.Baseline.Has(room.Guard) {
			return "the spec leaves out the guard: whatever runs as the apply role can take down what it made"
		}
		return ""
	}
}
