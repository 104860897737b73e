// Package sdkclient keeps a fault of the AWS SDK from breaking answers.
//
// The SDK closes a request's body as soon as it has the answer's headers. Its body
// then answers WriteTo with io.EOF, which io.Copy takes for a failure (a WriterTo
// says nil at its end). If Go's transport is just then making sure that the body was
// no longer than announced, it closes the connection, and the rest of the answer is
// lost: "use of closed network connection". Seen under load, with smithy-go 1.28.8
// (transport/http/internal/io, safeWriteToReadCloser).
//
// Transport and Client hand bodies on without their WriteTo. They do nothing else.
package sdkclient

import (
	"io"
	"net/http"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
)

// Transport is a RoundTripper for the SDK's requests.
type Transport struct{ *http.Transport }

// RoundTrip sends the request.
func (t Transport) RoundTrip(r *http.Request) (*http.Response, error) {
	return t.Transport.RoundTrip(plain(r))
}

// Client returns a client of the SDK that sends requests through another one. A nil
// client is the SDK's own choice and stays nil.
func Client(c aws.HTTPClient) aws.HTTPClient {
	if c == nil {
		return nil
	}
	return client{c}
}

// Plain is a client of the SDK that takes its proxy and its CAs from the environment.
func Plain() aws.HTTPClient { return Client(awshttp.NewBuildableClient()) }

type client struct{ aws.HTTPClient }

func (c client) Do(r *http.Request) (*http.Response, error) { return c.HTTPClient.Do(plain(r)) }

// plain returns the request with a body that can only be read and closed.
func plain(r *http.Request) *http.Request {
	if _, writes := r.Body.(io.WriterTo); !writes || r.Body == http.NoBody {
		return r
	}
	out := *r
	out.Body = struct{ io.ReadCloser }{r.Body}
	return &out
}
