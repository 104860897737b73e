package logintegrity

import (
	"bytes"
	"compress/gzip"
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"
	"time"
)

// digest is a digest file as it was found, and what it says.
type digest struct {
	// Key is where it was found, and end the time in its name.
	Key string
	end time.Time

	hash      string // of its content, in hexadecimal
	signature string
	said      content
}

// content is the file itself.
type content struct {
	End               string    `json:"digestEndTime"`
	Bucket            string    `json:"digestS3Bucket"`
	Object            string    `json:"digestS3Object"`
	Fingerprint       string    `json:"digestPublicKeyFingerprint"`
	Algorithm         string    `json:"digestSignatureAlgorithm"`
	PreviousBucket    *string   `json:"previousDigestS3Bucket"`
	PreviousObject    *string   `json:"previousDigestS3Object"`
	PreviousHash      *string   `json:"previousDigestHashValue"`
	PreviousSignature *string   `json:"previousDigestSignature"`
	Files             []logFile `json:"logFiles"`
}

type logFile struct {
	Bucket    string `json:"s3Bucket"`
	Object    string `json:"s3Object"`
	Hash      string `json:"hashValue"`
	Algorithm string `json:"hashAlgorithm"`
}

// signatureAlgorithm and hashAlgorithm are the only ones that CloudTrail uses.
const (
	signatureAlgorithm = "SHA256withRSA"
	hashAlgorithm      = "SHA-256"
)

// most is how large a file may be when it is unpacked: CloudTrail delivers far
// smaller ones, and whoever may write into the bucket must not fill the memory.
const most = 1 << 30

// stampForm is the time in the name of a digest file, just before its ending.
var stampForm = regexp.MustCompile(`_([0-9]{8}T[0-9]{6}Z)\.json\.gz$`)

// stamp is the time in a digest file's name.
func stamp(key string) (time.Time, bool) {
	m := stampForm.FindStringSubmatch(key)
	if m == nil {
		return time.Time{}, false
	}
	t, err := time.Parse("20060102T150405Z", m[1])
	return t, err == nil
}

// remembering tells a connection that broke from content that does not unpack.
type remembering struct {
	r   io.Reader
	err error
}

func (r *remembering) Read(p []byte) (int, error) {
	n, err := r.r.Read(p)
	if err != nil && err != io.EOF {
		r.err = err
	}
	return n, err
}

// unpack returns the hash of what a file contains, and with keep its content.
func unpack(packed io.Reader, keep bool) (hash string, content []byte, err error) {
	z, err := gzip.NewReader(packed)
	if err != nil {
		return "", nil, err
	}
	var kept bytes.Buffer
	sum := sha256.New()
	to := io.Writer(sum)
	if keep {
		to = io.MultiWriter(sum, &kept)
	}
	n, err := io.Copy(to, io.LimitReader(z, most+1))
	if err != nil {
		return "", nil, err
	}
	if n > most {
		return "", nil, fmt.Errorf("it unpacks to more than %d bytes", most)
	}
	return hex.EncodeToString(sum.Sum(nil)), kept.Bytes(), nil
}

// read takes a digest file's content apart.
func (d *digest) read(packed io.Reader) error {
	hash, text, err := unpack(packed, true)
	if err != nil {
		return err
	}
	d.hash = hash
	if json.Unmarshal(text, &d.said) != nil {
		return errors.New("it is not the JSON of a digest file")
	}
	return nil
}

// authentic checks that the digest was written for the place where it was found,
// and that CloudTrail signed it.
func (d *digest) authentic(bucket string, keys map[string]*rsa.PublicKey) (why string) {
	if d.said.Bucket != bucket || d.said.Object != d.Key {
		return fmt.Sprintf("it was delivered as %q: it was moved", d.said.Bucket+"/"+d.said.Object)
	}
	if d.said.Algorithm != signatureAlgorithm {
		return fmt.Sprintf("its signature algorithm is %q, and CloudTrail's %s", d.said.Algorithm, signatureAlgorithm)
	}
	key := keys[d.said.Fingerprint]
	if key == nil {
		return "it names a key that CloudTrail never signed with"
	}
	signature, err := hex.DecodeString(d.signature)
	if err != nil || len(signature) == 0 {
		return "it has no signature"
	}
	before := "null"
	if d.said.PreviousSignature != nil {
		before = *d.said.PreviousSignature
	}
	sum := sha256.Sum256([]byte(strings.Join([]string{d.said.End, d.said.Bucket + "/" + d.said.Object, d.hash, before}, "\n")))
	if rsa.VerifyPKCS1v15(key, crypto.SHA256, sum[:], signature) != nil {
		return "its signature is not CloudTrail's: it was changed"
	}
	return ""
}
