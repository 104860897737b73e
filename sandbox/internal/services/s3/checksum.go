package s3

import (
	"bytes"
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"hash"
	"hash/crc32"
	"hash/crc64"
	"net/http"
	"strings"

	"github.com/strongroom-dev/strongroom/sandbox/internal/op"
)

// Checksum types.
const (
	fullObject = "FULL_OBJECT"
	composite  = "COMPOSITE"
)

// defaultChecksum is what S3 computes when a request brings none.
//
// Source: S3 User Guide checking-object-integrity.
const defaultChecksum = "CRC64NVME"

var (
	castagnoli = crc32.MakeTable(crc32.Castagnoli)
	// nvme is the reversed polynomial of CRC-64/NVME.
	nvme = crc64.MakeTable(0x9a6c9329ac4bc9b5)
)

// newHash returns the hash of an algorithm, nil for one that is not known.
func newHash(algorithm string) hash.Hash {
	switch algorithm {
	case "CRC32":
		return crc32.NewIEEE()
	case "CRC32C":
		return crc32.New(castagnoli)
	case "CRC64NVME":
		return crc64.New(nvme)
	case "SHA1":
		return sha1.New()
	case "SHA256":
		return sha256.New()
	}
	return nil
}

func checksum(algorithm string, body []byte) string {
	h := newHash(algorithm)
	h.Write(body)
	return base64.StdEncoding.EncodeToString(h.Sum(nil))
}

func md5Hex(body []byte) string {
	sum := md5.Sum(body)
	return hex.EncodeToString(sum[:])
}

// checksumHeaders is what a request brings: one value at most.
type checksumHeaders struct {
	ChecksumCRC32     string `rest:"header:x-amz-checksum-crc32" xml:"ChecksumCRC32,omitempty"`
	ChecksumCRC32C    string `rest:"header:x-amz-checksum-crc32c" xml:"ChecksumCRC32C,omitempty"`
	ChecksumCRC64NVME string `rest:"header:x-amz-checksum-crc64nvme" xml:"ChecksumCRC64NVME,omitempty"`
	ChecksumSHA1      string `rest:"header:x-amz-checksum-sha1" xml:"ChecksumSHA1,omitempty"`
	ChecksumSHA256    string `rest:"header:x-amz-checksum-sha256" xml:"ChecksumSHA256,omitempty"`
	ChecksumType      string `rest:"header:x-amz-checksum-type" xml:"ChecksumType,omitempty"`
}

// shown is the checksum as responses carry it.
func shown(sum Checksum) checksumHeaders {
	h := checksumHeaders{ChecksumType: sum.Type}
	*h.field(sum.Algorithm) = sum.Value
	return h
}

func (h *checksumHeaders) field(algorithm string) *string {
	switch algorithm {
	case "CRC32":
		return &h.ChecksumCRC32
	case "CRC32C":
		return &h.ChecksumCRC32C
	case "CRC64NVME":
		return &h.ChecksumCRC64NVME
	case "SHA1":
		return &h.ChecksumSHA1
	case "SHA256":
		return &h.ChecksumSHA256
	}
	return new(string)
}

// get returns the algorithm and value that are set; empty if none is.
func (h *checksumHeaders) get() (algorithm, value string) {
	for _, a := range checksumAlgorithms {
		if v := *h.field(a); v != "" {
			return a, v
		}
	}
	return "", ""
}

var checksumAlgorithms = []string{"CRC32", "CRC32C", "CRC64NVME", "SHA1", "SHA256"}

// verifyDigests compares Content-MD5 and x-amz-checksum-... with the body. A
// digest in an algorithm that is not known is refused, not skipped.
func verifyDigests(c *op.Call) error {
	h := c.HTTP.Header
	if v := h.Get("Content-Md5"); v != "" {
		want, err := base64.StdEncoding.DecodeString(v)
		if err != nil || len(want) != md5.Size {
			return op.Errorf(400, "InvalidDigest", "The Content-MD5 you specified was invalid.")
		}
		if got := md5.Sum(c.Body); !bytes.Equal(got[:], want) {
			return op.Errorf(400, "BadDigest", "The Content-MD5 you specified did not match what we received.")
		}
	}
	algorithm, value, err := requestChecksum(h)
	if err != nil || value == "" {
		return err
	}
	sum, err := base64.StdEncoding.DecodeString(value)
	if err != nil || len(sum) != newHash(algorithm).Size() {
		return op.Errorf(400, "InvalidRequest", "Value for x-amz-checksum-%s header is invalid.", strings.ToLower(algorithm))
	}
	if checksum(algorithm, c.Body) != value {
		return op.Errorf(400, "BadDigest", "The %s you specified did not match the calculated checksum.", algorithm)
	}
	return nil
}

// requestChecksum finds the algorithm that a request uses, and the value if it
// is in a header. A trailing checksum has no value here: it was verified when
// the framing was taken off.
func requestChecksum(h http.Header) (algorithm, value string, err error) {
	names := strings.Split(h.Get("X-Amz-Trailer"), ",")
	const prefix = "x-amz-checksum-"
	for name := range h {
		if len(name) >= len(prefix) && strings.EqualFold(name[:len(prefix)], prefix) {
			names = append(names, name)
		}
	}
	for _, name := range names {
		rest, ok := strings.CutPrefix(strings.ToLower(strings.TrimSpace(name)), prefix)
		if !ok || rest == "algorithm" || rest == "type" || rest == "mode" {
			continue
		}
		this := strings.ToUpper(rest)
		switch {
		case newHash(this) == nil:
			return "", "", notImplemented("the checksum algorithm %s", rest)
		case algorithm != "" && algorithm != this:
			return "", "", op.Errorf(400, "InvalidRequest", "Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed.")
		}
		algorithm, value = this, h.Get("X-Amz-Checksum-"+rest)
	}
	declared := strings.ToUpper(h.Get("X-Amz-Sdk-Checksum-Algorithm"))
	switch {
	case declared == "":
	case newHash(declared) == nil:
		return "", "", op.Errorf(400, "InvalidRequest", "Checksum algorithm provided is unsupported. Please try again with any of the valid types: [CRC32, CRC32C, CRC64NVME, SHA1, SHA256]")
	case algorithm == "" && (h.Get("X-Amz-Trailer") == "" && h.Get("Content-Md5") == ""):
		return "", "", op.Errorf(400, "InvalidRequest", "x-amz-sdk-checksum-algorithm specified, but no corresponding x-amz-checksum-* or x-amz-trailer headers were found.")
	case algorithm != "" && algorithm != declared:
		return "", "", op.Errorf(400, "InvalidRequest", "Value for x-amz-sdk-checksum-algorithm header is invalid.")
	}
	return algorithm, value, nil
}

// digests of a body, computed before the state is locked.
type digests struct {
	md5      string // hexadecimal
	checksum Checksum
}

func digestsOf(body []byte, algorithm string) digests {
	if algorithm == "" {
		algorithm = defaultChecksum
	}
	return digests{md5Hex(body), Checksum{algorithm, checksum(algorithm, body), fullObject}}
}

// prepareDigests is the preparation of operations that take an object's bytes.
func prepareDigests[In any](c *op.Call, _ In) error {
	algorithm, _, err := requestChecksum(c.HTTP.Header)
	if err != nil {
		return err
	}
	c.Prepared = digestsOf(c.Body, algorithm)
	return nil
}

// etag is the MD5 of what SSE-S3 encrypts, and an opaque value under SSE-KMS.
//
// Source: S3 API Object ("Etag").
func etag(c *op.Call, e SSE, md5 string) (string, error) {
	if e.Algorithm != sseKMS {
		return md5, nil
	}
	b, err := randomBytes(c, 16)
	return hex.EncodeToString(b), err
}

func quote(etag string) string { return `"` + etag + `"` }

func unquote(etag string) string { return strings.Trim(etag, `"`) }
