package sink

import (
	"context"
	"crypto"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"
)

// verifier checks the signatures of SNS. Safe for concurrent use.
type verifier struct {
	http *http.Client
	now  func() time.Time

	mu    sync.Mutex
	certs map[string]*x509.Certificate // by SigningCertURL
}

func newVerifier(c *http.Client, now func() time.Time) *verifier {
	return &verifier{http: c, now: now, certs: map[string]*x509.Certificate{}}
}

// maxCertificates bounds what is remembered. SNS has one for a region, and changes it
// now and then.
const maxCertificates = 16

var certificatePath = regexp.MustCompile(`^/SimpleNotificationService-[A-Za-z0-9]+\.pem$`)

// verify checks that SNS of the topic's region signed the message, with version 1
// (SHA-1) or 2 (SHA-256).
//
// The certificate is trusted because TLS proves that it came from SNS's own address in
// that region, it is valid now, and it is for SNS. The file holds no intermediate
// certificates, so there is no chain in it to verify.
//
// Source: SNS Developer Guide "Verifying the signatures of Amazon SNS messages".
func (v *verifier) verify(ctx context.Context, m *snsMessage, t topic) error {
	hash, sum := crypto.SHA1, []byte(nil)
	switch text := m.toSign(); m.SignatureVersion {
	case "1":
		s := sha1.Sum(text)
		sum = s[:]
	case "2":
		s := sha256.Sum256(text)
		hash, sum = crypto.SHA256, s[:]
	default:
		return fmt.Errorf("the SNS message has the signature version %q; the sink knows 1 and 2", plain(m.SignatureVersion, 20))
	}
	signature, err := base64.StdEncoding.DecodeString(m.Signature)
	if err != nil || len(signature) == 0 {
		return errors.New("the SNS message has no signature that can be read")
	}
	cert, err := v.certificate(ctx, m.SigningCertURL, t)
	if err != nil {
		return err
	}
	key, ok := cert.PublicKey.(*rsa.PublicKey)
	if !ok {
		return errors.New("the certificate of SNS has no RSA key")
	}
	if rsa.VerifyPKCS1v15(key, hash, sum, signature) != nil {
		return errors.New("the signature of the SNS message does not verify")
	}
	return nil
}

// certificate returns the certificate that an address leads to, which has to be SNS's
// own in the region of the topic.
func (v *verifier) certificate(ctx context.Context, address string, t topic) (*x509.Certificate, error) {
	u, err := snsAddress(address, t)
	if err != nil || !certificatePath.MatchString(u.Path) || u.RawQuery != "" {
		return nil, fmt.Errorf("SigningCertURL is not https://%s/SimpleNotificationService-ID.pem", t.host())
	}
	address = u.String()
	v.mu.Lock()
	cert := v.certs[address]
	v.mu.Unlock()
	if cert == nil {
		data, err := v.get(ctx, address, "application/x-pem-file")
		if err != nil {
			return nil, &unavailable{fmt.Errorf("the certificate of SNS cannot be had: %w", err)}
		}
		block, _ := pem.Decode(data)
		if block == nil || block.Type != "CERTIFICATE" {
			return nil, errors.New("the certificate of SNS is no certificate")
		}
		if cert, err = x509.ParseCertificate(block.Bytes); err != nil {
			return nil, errors.New("the certificate of SNS is no certificate")
		}
	}
	if now := v.now(); now.Before(cert.NotBefore) || now.After(cert.NotAfter) {
		return nil, errors.New("the certificate of SNS is not valid now")
	}
	if !isForSNS(cert, t) {
		return nil, errors.New("the certificate is not SNS's")
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	if len(v.certs) >= maxCertificates {
		clear(v.certs) // the ones in use come back by themselves
	}
	v.certs[address] = cert
	return cert, nil
}

// isForSNS reports whether a certificate is for SNS itself or for SNS in the region.
// Source: AWS SDK for Java v2, sns-message-manager (names of signing certificates).
func isForSNS(cert *x509.Certificate, t topic) bool {
	wanted := []string{"sns.amazonaws.com", t.host(), "sns-signing." + t.region + ".amazonaws.com"}
	if strings.HasPrefix(t.region, "us-gov-") {
		wanted = append(wanted, "sns-us-gov-west-1.amazonaws.com")
	}
	return slices.ContainsFunc(append([]string{cert.Subject.CommonName}, cert.DNSNames...), func(name string) bool { return slices.Contains(wanted, name) })
}

// snsAddress accepts https addresses of SNS in the topic's region alone.
func snsAddress(address string, t topic) (*url.URL, error) {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "https" || u.Host != t.host() || u.User != nil || u.Fragment != "" || u.Opaque != "" {
		return nil, fmt.Errorf("the address is not one of https://%s", t.host())
	}
	return u, nil
}

// confirm follows SubscribeURL, which has to be SNS's own for this topic and token.
// Source: SNS API Reference, ConfirmSubscription.
func (v *verifier) confirm(ctx context.Context, m *snsMessage, t topic) error {
	u, err := snsAddress(m.SubscribeURL, t)
	if err != nil {
		return fmt.Errorf("SubscribeURL: %w", err)
	}
	q := u.Query()
	if (u.Path != "" && u.Path != "/") || q.Get("Action") != "ConfirmSubscription" || q.Get("TopicArn") != t.arn || m.Token == "" || q.Get("Token") != m.Token {
		return errors.New("SubscribeURL does not confirm the subscription to this topic")
	}
	if _, err := v.get(ctx, u.String(), ""); err != nil {
		return &unavailable{fmt.Errorf("the subscription could not be confirmed: %w", err)}
	}
	return nil
}

// unavailable is a failure that another try may not have.
type unavailable struct{ err error }

func (u *unavailable) Error() string { return u.err.Error() }
func (u *unavailable) Unwrap() error { return u.err }

// get fetches a small file. Its errors do not have the address, which may have a token.
func (v *verifier) get(ctx context.Context, address, accept string) ([]byte, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, errors.New("no request can be made of the address")
	}
	if accept != "" {
		r.Header.Set("Accept", accept+", */*")
	}
	w, err := v.http.Do(r)
	if err != nil {
		return nil, errors.New(networkReason(err))
	}
	defer func() { _ = w.Body.Close() }() // it was only read
	if w.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s answered %d", r.URL.Host, w.StatusCode)
	}
	const most = 64 << 10
	data, err := io.ReadAll(io.LimitReader(w.Body, most+1))
	if err != nil {
		return nil, errors.New(networkReason(err))
	}
	if len(data) > most {
		return nil, fmt.Errorf("%s answered with more than %d bytes", r.URL.Host, most)
	}
	return data, nil
}
