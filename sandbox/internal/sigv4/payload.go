package sigv4

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"net/textproto"
	"slices"
	"strconv"
	"strings"
)

const (
	unsignedPayload   = "UNSIGNED-PAYLOAD"
	streamSigned      = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"
	streamTrailer     = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER"
	streamUnsigned    = "STREAMING-UNSIGNED-PAYLOAD-TRAILER"
	emptyHash         = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
	trailerSignature  = "x-amz-trailer-signature"
	maxChunkLine      = 1024
	chunkedEncoding   = "aws-chunked"
	decodedLengthName = "X-Amz-Decoded-Content-Length"
)

// payloadHash returns the last line of the canonical request.
func payloadHash(r *http.Request, c *Claim, s3 bool, body []byte) (string, *Error) {
	if !s3 {
		return hash(body), nil
	}
	sent := r.Header.Get("X-Amz-Content-Sha256")
	if c.Presigned {
		if q := r.URL.Query().Get("X-Amz-Content-Sha256"); q != "" {
			return q, nil
		}
		if sent == "" {
			return unsignedPayload, nil
		}
	}
	if sent == "" {
		return "", &Error{Reason: NoPayloadHash}
	}
	return sent, nil
}

func hash(b []byte) string {
	if len(b) == 0 {
		return emptyHash
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// payload checks the body against the hash that was signed, and takes off
// aws-chunked framing. signer is nil for unsigned requests.
func payload(r *http.Request, body []byte, signer *chain, sent string, s3 bool) ([]byte, error) {
	if !s3 {
		return body, nil
	}
	switch sent {
	case unsignedPayload, "":
		if hasChunked(r) {
			return nil, &Error{Reason: BadChunk}
		}
		return body, nil
	case streamUnsigned:
		return unchunk(r, body, nil, true)
	case streamSigned, streamTrailer:
		if signer == nil {
			return nil, &Error{Reason: BadSignature}
		}
		return unchunk(r, body, signer, sent == streamTrailer)
	}
	if sent != hash(body) {
		if raw, err := hex.DecodeString(sent); err != nil || len(raw) != sha256.Size {
			return nil, &Error{Reason: BadPayloadHash, Detail: "x-amz-content-sha256 must be UNSIGNED-PAYLOAD, a STREAMING- value that S3 documents, or a valid sha256 value."}
		}
		return nil, &Error{Reason: BadPayloadHash, Fields: [][2]string{
			{"ClientComputedContentSHA256", sent}, {"S3ComputedContentSHA256", hash(body)}}}
	}
	return body, nil
}

func hasChunked(r *http.Request) bool {
	for _, v := range r.Header["Content-Encoding"] {
		for part := range strings.SplitSeq(v, ",") {
			if strings.EqualFold(strings.TrimSpace(part), chunkedEncoding) {
				return true
			}
		}
	}
	return false
}

// chain is the running signature of a chunked upload: each chunk signs the one
// before it, the first the request's own signature.
// Source: S3 API Reference "Signature Calculations for the Authorization
// Header: Transferring Payload in Multiple Chunks", "... Trailing headers".
type chain struct {
	key   []byte
	claim *Claim
	prev  string
}

func (s *chain) verify(kind, content, signature string) bool {
	if s.prev == "" {
		s.prev = hex.EncodeToString(s.claim.signature)
	}
	text := kind + "\n" + s.claim.stamp + "\n" + s.claim.scope() + "\n" + s.prev + "\n" + content
	want := hex.EncodeToString(sign(s.key, []byte(text)))
	s.prev = want
	return hmac.Equal([]byte(want), []byte(signature))
}

func unchunk(r *http.Request, body []byte, signer *chain, trailers bool) ([]byte, error) {
	cut := &Error{Reason: BadChunk}
	length, err := strconv.ParseInt(r.Header.Get(decodedLengthName), 10, 64)
	if err != nil || length < 0 || length > int64(len(body)) {
		return nil, &Error{Reason: BadChunk, Detail: "You must provide the x-amz-decoded-content-length HTTP header, no larger than the body."}
	}
	out := make([]byte, 0, length)
	for {
		line, rest, ok := cutLine(body)
		if !ok {
			return nil, cut
		}
		size, ext, signed := strings.Cut(line, ";")
		n, err := strconv.ParseInt(size, 16, 64)
		if err != nil || n < 0 || n > int64(len(rest)) || strings.HasPrefix(size, "+") {
			return nil, cut
		}
		data := rest[:n]
		if signer != nil {
			sig, ok := strings.CutPrefix(ext, "chunk-signature=")
			if !signed || !ok || !signer.verify("AWS4-HMAC-SHA256-PAYLOAD", emptyHash+"\n"+hash(data), sig) {
				return nil, &Error{Reason: BadSignature}
			}
		}
		body = rest[n:]
		if n == 0 {
			break
		}
		out = append(out, data...)
		if !bytes.HasPrefix(body, []byte("\r\n")) {
			return nil, cut
		}
		body = body[2:]
	}
	if int64(len(out)) != length {
		return nil, cut
	}
	if !trailers {
		if len(body) > 0 && string(body) != "\r\n" {
			return nil, cut
		}
	} else if err := readTrailers(r, body, signer); err != nil {
		return nil, err
	}
	stripChunked(r)
	return out, nil
}

// readTrailers reads "name:value" lines up to an empty one, checks their
// signature and that x-amz-trailer announced them, and adds them to r.Header.
func readTrailers(r *http.Request, body []byte, signer *chain) error {
	var names []string
	for _, v := range r.Header["X-Amz-Trailer"] {
		for name := range strings.SplitSeq(v, ",") {
			name = strings.ToLower(strings.TrimSpace(name))
			// Nothing else may arrive behind the signed headers' back.
			if !strings.HasPrefix(name, "x-amz-checksum-") {
				return &Error{Reason: BadChunk, Detail: "The value specified in the x-amz-trailer header is not supported"}
			}
			names = append(names, name)
		}
	}
	bad := &Error{Reason: BadChunk, Detail: "The request contained trailing data that was not well-formed or did not conform to our published schema."}
	var signed strings.Builder
	found := map[string]string{}
	for len(body) > 0 {
		line, rest, ok := cutLine(body)
		if !ok {
			return bad
		}
		if body = rest; line == "" {
			break
		}
		name, value, ok := strings.Cut(line, ":")
		name, value = strings.ToLower(strings.TrimSpace(name)), strings.TrimSpace(value)
		if _, twice := found[name]; !ok || twice {
			return bad
		}
		found[name] = value
		if name == trailerSignature {
			continue
		}
		if !slices.Contains(names, name) {
			return bad
		}
		signed.WriteString(name + ":" + value + "\n")
	}
	if len(bytes.Trim(body, "\r\n")) > 0 {
		return bad
	}
	if signer != nil && !signer.verify("AWS4-HMAC-SHA256-TRAILER", hash([]byte(signed.String())), found[trailerSignature]) {
		return &Error{Reason: BadSignature}
	}
	for _, name := range names {
		value, ok := found[name]
		if !ok {
			return bad
		}
		key := textproto.CanonicalMIMEHeaderKey(name)
		if _, both := r.Header[key]; both {
			return bad
		}
		r.Header.Set(key, value)
	}
	return nil
}

// cutLine cuts at CRLF, or at a bare LF, which some signers write before the
// trailer.
func cutLine(b []byte) (line string, rest []byte, ok bool) {
	i := bytes.IndexByte(b, '\n')
	if i < 0 || i > maxChunkLine {
		return "", nil, false
	}
	return strings.TrimSuffix(string(b[:i]), "\r"), b[i+1:], true
}

// stripChunked takes aws-chunked out of Content-Encoding, which S3 does not keep.
func stripChunked(r *http.Request) {
	var keep []string
	for _, v := range r.Header["Content-Encoding"] {
		for part := range strings.SplitSeq(v, ",") {
			if part = strings.TrimSpace(part); part != "" && !strings.EqualFold(part, chunkedEncoding) {
				keep = append(keep, part)
			}
		}
	}
	r.Header.Del("Content-Encoding")
	if len(keep) > 0 {
		r.Header.Set("Content-Encoding", strings.Join(keep, ","))
	}
}
