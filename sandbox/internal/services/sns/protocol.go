package sns

import (
	"net/http"
	"strings"

	"github.com/strongroom-dev/strongroom/sandbox/internal/op"
	"github.com/strongroom-dev/strongroom/sandbox/internal/sigv4"
	"github.com/strongroom-dev/strongroom/sandbox/internal/wire"
)

// protocol is the AWS query protocol with SNS's own errors, and with the links that
// its mails hold, which name no version.
type protocol struct{ op.Protocol }

func newProtocol() op.Protocol {
	return &protocol{wire.NewQuery("2010-03-31", "http://sns.amazonaws.com/doc/2010-03-31/")}
}

// Operation takes the links that confirm and end a subscription.
// Source: SNS Developer Guide "HTTP/HTTPS subscription confirmation JSON format",
// SubscribeURL; "HTTP/HTTPS notification JSON format", UnsubscribeURL.
func (p *protocol) Operation(c *op.Call) (string, error) {
	if c.HTTP.Method == http.MethodGet {
		q := c.HTTP.URL.Query()
		if action := q.Get("Action"); !q.Has("Version") && (action == "ConfirmSubscription" || action == "Unsubscribe") {
			return action, nil
		}
	}
	return p.Protocol.Operation(c)
}

// Dialect is the error codes of services that speak the query protocol.
func (p *protocol) Dialect() sigv4.Dialect { return sigv4.Query }

// Word turns the code that all query services share into SNS's.
// Source: SNS API Reference, Publish, Errors: AuthorizationError.
func (p *protocol) Word(e *op.Error) *op.Error {
	if e.Code != "AccessDenied" {
		return e
	}
	own := *e
	own.Status, own.Code = http.StatusForbidden, "AuthorizationError"
	own.Message = strings.ReplaceAll(e.Message, " sns:", " SNS:")
	return &own
}
