package s3

import (
	"errors"
	"net/http"
	"net/url"
	"strings"
	"unicode/utf8"

	"github.com/strongroom-dev/strongroom/sandbox/internal/op"
	"github.com/strongroom-dev/strongroom/sandbox/internal/wire"
)

// Namespace of S3's documents.
const namespace = "http://s3.amazonaws.com/doc/2006-03-01/"

// controlNamespace is S3 Control's.
const controlNamespace = "http://awss3control.amazonaws.com/doc/2018-08-20/"

// protocol is S3's dialect of REST-XML. The zero value is ready.
type protocol struct{}

// Protocol is S3's dialect of REST-XML.
func (s *Service) Protocol() op.Protocol { return protocol{} }

func (protocol) Operation(c *op.Call) (string, error) {
	q, err := queryOf(c)
	if err != nil {
		return "", err
	}
	return operation(c.HTTP, callAddress(c), q)
}

func callAddress(c *op.Call) address { return addressOf(c.HTTP.Host, c.HTTP.URL) }

func queryOf(c *op.Call) (url.Values, error) {
	q, err := url.ParseQuery(c.HTTP.URL.RawQuery)
	if err != nil {
		return nil, op.Errorf(http.StatusBadRequest, "InvalidArgument", "the query string is not URL encoded")
	}
	return q, nil
}

// ignoredHeaders are those that other layers have dealt with: the signature,
// aws-chunked framing, the digests that Decode verifies, and the payer, which
// means nothing where nobody pays.
var ignoredHeaders = map[string]bool{
	"x-amz-date": true, "x-amz-content-sha256": true, "x-amz-security-token": true, "x-amz-user-agent": true,
	"x-amz-decoded-content-length": true, "x-amz-trailer": true, "x-amz-sdk-checksum-algorithm": true,
	"x-amz-checksum-algorithm": true, "x-amz-request-payer": true, "x-amz-expected-bucket-owner": true, "x-amz-te": true,
	"x-amz-checksum-crc32": true, "x-amz-checksum-crc32c": true, "x-amz-checksum-crc64nvme": true,
	"x-amz-checksum-sha1": true, "x-amz-checksum-sha256": true,
}

// signatureParams belong to presigned URLs; x-id names the operation for
// readers of logs.
var signatureParams = map[string]bool{
	"x-amz-algorithm": true, "x-amz-credential": true, "x-amz-date": true, "x-amz-expires": true,
	"x-amz-signature": true, "x-amz-signedheaders": true, "x-amz-security-token": true, "x-id": true,
	"x-amz-content-sha256": true, "x-amz-user-agent": true, "x-amz-sdk-checksum-algorithm": true,
}

func ignored(where, name string) bool {
	if where == "header" {
		return ignoredHeaders[name]
	}
	return signatureParams[strings.ToLower(name)] || subresources[name]
}

func (protocol) Decode(c *op.Call, operation string, in any) error {
	q, err := queryOf(c)
	if err != nil {
		return err
	}
	a := callAddress(c)
	if len(a.key) > maxKeyBytes {
		return &op.Error{Status: 400, Code: "KeyTooLongError", Message: "Your key is too long",
			Fields: [][2]string{{"Size", itoa(len(a.key))}, {"MaxSizeAllowed", itoa(maxKeyBytes)}}}
	}
	if !utf8.ValidString(a.key) || strings.ContainsRune(a.key, 0) {
		return op.Errorf(http.StatusBadRequest, "InvalidURI", "Couldn't parse the specified URI.")
	}
	if operation != "CompleteMultipartUpload" { // its checksum is the object's, not the body's
		if err := verifyDigests(c); err != nil {
			return err
		}
	}
	header, q := hoisted(c.HTTP.Header, q)
	err = wire.DecodeREST(wire.RESTRequest{
		Header: header, Query: q, Body: c.Body,
		Labels: map[string]string{"bucket": a.bucket, "key": a.key, "account": a.account},
	}, in, ignored)
	return decodeError(err)
}

// hoisted moves the x-amz- headers that a presigned URL carries as parameters
// back to where the operation looks for them. A header that is sent both ways
// keeps both values and is refused as ambiguous.
func hoisted(h http.Header, q url.Values) (http.Header, url.Values) {
	if !q.Has("X-Amz-Signature") {
		return h, q
	}
	h = h.Clone()
	kept := url.Values{}
	for name, values := range q {
		lower := strings.ToLower(name)
		if strings.HasPrefix(lower, "x-amz-") && !signatureParams[lower] {
			canonical := http.CanonicalHeaderKey(name)
			h[canonical] = append(h[canonical], values...)
			continue
		}
		kept[name] = values
	}
	return h, kept
}

func decodeError(err error) error {
	var re *wire.RESTError
	switch {
	case err == nil:
		return nil
	case !errors.As(err, &re):
		return err
	case re.In == "body":
		return malformedXML(re.Reason)
	case re.Unknown && re.In == "header":
		return &op.Error{Status: 400, Code: "NotImplemented", Fields: [][2]string{{"Header", re.Name}},
			Message: "A header you provided implies functionality that is not implemented: " + re.Reason}
	case re.Unknown:
		return op.Errorf(400, "NotImplemented", "%s", re.Reason)
	default:
		return &op.Error{Status: 400, Code: "InvalidArgument", Message: re.Reason,
			Fields: [][2]string{{"ArgumentName", re.Name}}}
	}
}

func malformedXML(reason string) *op.Error {
	return op.Errorf(http.StatusBadRequest, "MalformedXML",
		"The XML you provided was not well-formed or did not validate against our published schema: %s", reason)
}

func (protocol) Encode(w http.ResponseWriter, c *op.Call, operation string, out any) error {
	setRequestID(w, c)
	ns := namespace
	if callAddress(c).control {
		ns = controlNamespace
	}
	return wire.EncodeREST(w, out, ns, c.HTTP.Method == http.MethodHead)
}

// EncodeError writes S3's error document. A response to HEAD has no body, so
// that the client learns the status and no code.
func (protocol) EncodeError(w http.ResponseWriter, c *op.Call, operation string, e *op.Error) {
	setRequestID(w, c)
	if region, ok := c.Prepared.(regionHint); ok {
		w.Header().Set("X-Amz-Bucket-Region", string(region))
	}
	for k, v := range e.Header {
		w.Header().Set(k, v)
	}
	if e.Status == http.StatusNotModified {
		w.WriteHeader(e.Status)
		return
	}
	w.Header().Set("Content-Type", "application/xml")
	if c.HTTP.Method == http.MethodHead {
		w.WriteHeader(e.Status)
		return
	}
	w.WriteHeader(e.Status)
	_, _ = w.Write(errorDocument(c, e)) // a client that went away is the server's business
}

func setRequestID(w http.ResponseWriter, c *op.Call) {
	w.Header().Set("X-Amz-Request-Id", c.ID)
	w.Header().Set("X-Amz-Id-2", hostID(c))
	w.Header().Set("Server", "AmazonS3")
}
