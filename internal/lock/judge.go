package lock

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/middleware"
)

// judge turns the result of an SDK call into an outcome. Only the codes given
// are refusals; any other error leaves the attempt unjudged, because a request
// that failed for a missing bucket or a broken connection proves nothing.
func (w *World) judge(err error, meta *middleware.Metadata, codes ...string) (Outcome, error) {
	if err == nil {
		o := Outcome{Answer: "allowed", DecidedBy: "no policy was asked"}
		if id, ok := awsmiddleware.GetRequestIDMetadata(*meta); ok {
			o.DecidedBy = w.Decided(id)
		}
		return o, nil
	}
	var api smithy.APIError
	if !errors.As(err, &api) {
		return Outcome{}, err
	}
	code := api.ErrorCode()
	var response *awshttp.ResponseError
	if !errors.As(err, &response) {
		return Outcome{}, err
	}
	if code == "Forbidden" && response.HTTPStatusCode() == 403 {
		code = "AccessDenied" // the answer to a HEAD has no body to say it
	}
	if !slices.Contains(codes, code) {
		return Outcome{}, fmt.Errorf("answered %s where %s was expected: %w", code, strings.Join(codes, " or "), err)
	}
	decided := w.Decided(response.ServiceRequestID())
	if decided == "" {
		decided = api.ErrorMessage()
	}
	return Outcome{Answer: code, Refused: true, DecidedBy: decided}, nil
}

// accessDenied are the codes of a refusal by policy in S3, STS and IAM, and in
// KMS's protocol.
var accessDenied = []string{"AccessDenied", "AccessDeniedException"}
