package sink_test

import (
	"bytes"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"io"
	"math/big"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// fakeSNS signs like SNS and answers for its addresses; everything else goes on to the
// network.
type fakeSNS struct {
	t    *testing.T
	key  *rsa.PrivateKey
	pem  []byte
	mu   sync.Mutex
	got  []string // addresses that were asked for
	down bool
}

// signingKey is one for all tests: making one takes long.
var signingKey = sync.OnceValues(func() (*rsa.PrivateKey, error) { return rsa.GenerateKey(rand.Reader, 2048) })

func newSNS(t *testing.T, name string, until time.Time) *fakeSNS {
	t.Helper()
	key, err := signingKey()
	if err != nil {
		t.Fatal(err)
	}
	form := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, NotBefore: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), NotAfter: until}
	der, err := x509.CreateCertificate(rand.Reader, form, form, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	return &fakeSNS{t: t, key: key, pem: pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})}
}

func (f *fakeSNS) RoundTrip(r *http.Request) (*http.Response, error) {
	if !strings.HasSuffix(r.URL.Host, ".amazonaws.com") {
		return http.DefaultTransport.RoundTrip(r)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.got = append(f.got, r.URL.String())
	status, body := 200, []byte("<ConfirmSubscriptionResponse/>")
	if strings.HasSuffix(r.URL.Path, ".pem") {
		body = f.pem
	}
	if f.down {
		status = 503
	}
	return &http.Response{StatusCode: status, Header: http.Header{}, Body: io.NopCloser(bytes.NewReader(body)), Request: r}, nil
}

func (f *fakeSNS) asked() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.got)
}

// sign fills in the signature, over the members that AWS names for the type.
func (f *fakeSNS) sign(m map[string]string) map[string]string {
	f.t.Helper()
	names := []string{"Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"}
	if m["Type"] != "Notification" {
		names = []string{"Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"}
	}
	var text strings.Builder
	for _, n := range names {
		if v, ok := m[n]; ok {
			text.WriteString(n + "\n" + v + "\n")
		}
	}
	hash, sum := crypto.SHA1, []byte(nil)
	if m["SignatureVersion"] == "2" {
		s := sha256.Sum256([]byte(text.String()))
		hash, sum = crypto.SHA256, s[:]
	} else {
		s := sha1.Sum([]byte(text.String()))
		sum = s[:]
	}
	signature, err := rsa.SignPKCS1v15(rand.Reader, f.key, hash, sum)
	if err != nil {
		f.t.Fatal(err)
	}
	m["Signature"] = base64.StdEncoding.EncodeToString(signature)
	return m
}

const certificate = "https://sns.eu-west-2.amazonaws.com/SimpleNotificationService-7ff5318490ec183fbaddaa2a969abfda.pem"

func notification(message string) map[string]string {
	return map[string]string{"Type": "Notification", "MessageId": "m-1", "TopicArn": alerts, "Message": message, "Timestamp": "2026-05-12T09:29:59.123Z", "SignatureVersion": "1", "SigningCertURL": certificate,
		"UnsubscribeURL": "https://sns.eu-west-2.amazonaws.com/?Action=Unsubscribe"}
}

func confirmation(kind string) map[string]string {
	return map[string]string{"Type": kind, "MessageId": "m-2", "TopicArn": alerts, "Message": "You have chosen.", "Timestamp": "2026-05-12T09:29:59.123Z", "SignatureVersion": "2", "SigningCertURL": certificate, "Token": "tok",
		"SubscribeURL": "https://sns.eu-west-2.amazonaws.com/?Action=ConfirmSubscription&TopicArn=" + alerts + "&Token=tok"}
}

func (w *world) fromSNS(m map[string]string, headers map[string]string) (int, string) {
	w.t.Helper()
	body, err := json.Marshal(m)
	if err != nil {
		w.t.Fatal(err)
	}
	h := map[string]string{"x-amz-sns-message-type": m["Type"], "Content-Type": "text/plain; charset=UTF-8"}
	for n, v := range headers {
		h[n] = v
	}
	status, r := w.send("POST", "/", string(body), h)
	return status, r.Error
}

func snsWorld(t *testing.T, name string) (*world, *fakeSNS) {
	t.Helper()
	w := newWorld(t)
	f := newSNS(t, name, time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC))
	w.start(&http.Client{Transport: f}, "SINK_TOPICS="+alerts)
	return w, f
}

func TestNotificationsOfSNSNeedTheirSignature(t *testing.T) {
	good := guardDuty("8", "")
	cases := []struct {
		name   string
		before func(map[string]string) // the signature
		after  func(map[string]string)
		header map[string]string
		status int
		reason string
	}{
		{name: "version 1", status: 200},
		{name: "version 2", before: func(m map[string]string) { m["SignatureVersion"] = "2" }, status: 200},
		{name: "with a subject", before: func(m map[string]string) { m["Subject"] = "ALARM: x" }, status: 200},
		{name: "with an empty subject", before: func(m map[string]string) { m["Subject"] = "" }, status: 200},
		{name: "another message", after: func(m map[string]string) { m["Message"] = guardDuty("9", "") }, status: 403, reason: "does not verify"},
		{name: "a subject that was added", after: func(m map[string]string) { m["Subject"] = "x" }, status: 403, reason: "does not verify"},
		{name: "version 1 called 2", after: func(m map[string]string) { m["SignatureVersion"] = "2" }, status: 403, reason: "does not verify"},
		{name: "version 3", after: func(m map[string]string) { m["SignatureVersion"] = "3" }, status: 403, reason: `signature version "3"`},
		{name: "no signature", after: func(m map[string]string) { m["Signature"] = "" }, status: 403, reason: "no signature"},
		{name: "another topic", before: func(m map[string]string) { m["TopicArn"] += "-2" }, status: 403, reason: "not in SINK_TOPICS"},
		{name: "old", before: func(m map[string]string) { m["Timestamp"] = "2026-05-11T09:29:59.123Z" }, status: 403, reason: "too long ago"},
		{name: "from the future", before: func(m map[string]string) { m["Timestamp"] = "2026-05-12T09:45:01.000Z" }, status: 403, reason: "in the future"},
		{name: "no time", before: func(m map[string]string) { m["Timestamp"] = "" }, status: 403, reason: "no Timestamp"},
		{name: "certificate by http", before: func(m map[string]string) {
			m["SigningCertURL"] = strings.Replace(certificate, "https", "http", 1)
		}, status: 403, reason: "SigningCertURL is not"},
		{name: "certificate of another host", before: func(m map[string]string) {
			m["SigningCertURL"] = strings.Replace(certificate, "amazonaws.com/", "amazonaws.com.evil.example/", 1)
		}, status: 403, reason: "SigningCertURL is not"},
		{name: "certificate behind a user", before: func(m map[string]string) {
			m["SigningCertURL"] = strings.Replace(certificate, "https://", "https://sns.eu-west-2.amazonaws.com@evil.amazonaws.com/", 1)
		}, status: 403, reason: "SigningCertURL is not"},
		{name: "certificate from a bucket", before: func(m map[string]string) {
			m["SigningCertURL"] = strings.Replace(certificate, "sns.eu-west-2", "evil.s3.eu-west-2", 1)
		}, status: 403, reason: "SigningCertURL is not"},
		{name: "certificate of another region", before: func(m map[string]string) {
			m["SigningCertURL"] = strings.Replace(certificate, "eu-west-2", "us-east-1", 1)
		}, status: 403, reason: "SigningCertURL is not"},
		{name: "certificate from an operation", before: func(m map[string]string) { m["SigningCertURL"] = certificate + "?Action=x" }, status: 403, reason: "SigningCertURL is not"},
		{name: "certificate of another port", before: func(m map[string]string) {
			m["SigningCertURL"] = strings.Replace(certificate, ".com/", ".com:8443/", 1)
		}, status: 403, reason: "SigningCertURL is not"},
		{name: "raw delivery", header: map[string]string{"x-amz-sns-rawdelivery": "true"}, status: 400, reason: "raw message delivery"},
		{name: "another type", before: func(m map[string]string) { m["Type"] = "Greeting" }, status: 400, reason: `type "Greeting"`},
		{name: "a text inside", before: func(m map[string]string) { m["Message"] = "disk full" }, status: 400, reason: "inside the SNS message: the payload is not a JSON object"},
		{name: "a secret does not help", after: func(m map[string]string) { m["Signature"] = "AAAA" }, header: map[string]string{"X-Alert-Secret": shared}, status: 403, reason: "does not verify"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			w, f := snsWorld(t, "sns.amazonaws.com")
			m := notification(good)
			if c.before != nil {
				c.before(m)
			}
			f.sign(m)
			if c.after != nil {
				c.after(m)
			}
			status, reason := w.fromSNS(m, c.header)
			if status != c.status || !strings.Contains(reason, c.reason) || (reason == "") != (status == 200) {
				t.Errorf("%d %s", status, reason)
			}
			if status == 200 {
				w.told(1, 1)
			} else {
				w.told(0, 0)
			}
			for _, address := range f.asked() {
				if address != certificate {
					t.Errorf("asked for %s", address)
				}
			}
		})
	}
}

func TestTheCertificateMustBeSNSs(t *testing.T) {
	for name, ok := range map[string]bool{"sns.amazonaws.com": true, "sns.eu-west-2.amazonaws.com": true, "sns-signing.eu-west-2.amazonaws.com": true,
		"sns.us-east-1.amazonaws.com": false, "sqs.amazonaws.com": false, "evil.example": false, "sns-us-gov-west-1.amazonaws.com": false} {
		w, f := snsWorld(t, name)
		if status, reason := w.fromSNS(f.sign(notification(guardDuty("8", ""))), nil); (status == 200) != ok || !ok && !strings.Contains(reason, "not SNS's") {
			t.Errorf("%s: %d %s", name, status, reason)
		}
	}
	w := newWorld(t)
	f := newSNS(t, "sns.amazonaws.com", time.Date(2026, 5, 12, 9, 0, 0, 0, time.UTC))
	w.start(&http.Client{Transport: f}, "SINK_TOPICS="+alerts)
	if status, reason := w.fromSNS(f.sign(notification(guardDuty("8", ""))), nil); status != 403 || !strings.Contains(reason, "not valid now") {
		t.Errorf("expired: %d %s", status, reason)
	}
	f.pem = []byte("no certificate")
	if status, reason := w.fromSNS(f.sign(notification(guardDuty("8", ""))), nil); status != 403 || !strings.Contains(reason, "is no certificate") {
		t.Errorf("%d %s", status, reason)
	}
}

func TestTheCertificateIsFetchedOnce(t *testing.T) {
	w, f := snsWorld(t, "sns.amazonaws.com")
	f.down = true
	if status, reason := w.fromSNS(f.sign(notification(guardDuty("8", ""))), nil); status != 502 || !strings.Contains(reason, "answered 503") {
		t.Errorf("SNS is to try again: %d %s", status, reason)
	}
	f.down = false
	for range 3 {
		if status, reason := w.fromSNS(f.sign(notification(guardDuty("8", ""))), nil); status != 200 {
			t.Errorf("%d %s", status, reason)
		}
	}
	if n := len(f.asked()); n != 2 {
		t.Errorf("asked %d times", n)
	}
	w.told(1, 1)
}

func TestSubscriptionsAreConfirmedAtSNSAlone(t *testing.T) {
	own := confirmation("SubscriptionConfirmation")["SubscribeURL"]
	cases := map[string]struct {
		address, topic string
		status         int
	}{
		"its own":              {own, alerts, 200},
		"by http":              {strings.Replace(own, "https", "http", 1), alerts, 403},
		"another host":         {strings.Replace(own, "amazonaws.com", "amazonaws.com.evil.example", 1), alerts, 403},
		"another service":      {strings.Replace(own, "sns.", "sqs.", 1), alerts, 403},
		"another region":       {strings.Replace(own, "eu-west-2.amazonaws", "us-east-1.amazonaws", 1), alerts, 403},
		"another operation":    {strings.Replace(own, "ConfirmSubscription", "Publish", 1), alerts, 403},
		"another topic in it":  {strings.Replace(own, "alerts", "other", 1), alerts, 403},
		"another token":        {own + "x", alerts, 403},
		"a topic not expected": {own, alerts + "-2", 403},
	}
	for name, c := range cases {
		w, f := snsWorld(t, "sns.amazonaws.com")
		m := confirmation("SubscriptionConfirmation")
		m["SubscribeURL"], m["TopicArn"] = c.address, c.topic
		status, reason := w.fromSNS(f.sign(m), nil)
		followed := slices.ContainsFunc(f.asked(), func(a string) bool { return a != certificate })
		if status != c.status || followed != (status == 200) || strings.Contains(reason+w.log.String(), "tok") && strings.Contains(reason, "Token=") {
			t.Errorf("%s: %d %s, asked %v", name, status, reason, f.asked())
		}
	}
	w, f := snsWorld(t, "sns.amazonaws.com")
	m := f.sign(confirmation("SubscriptionConfirmation"))
	m["Token"] = "other"
	if status, _ := w.fromSNS(m, nil); status != 403 || len(f.asked()) > 1 {
		t.Errorf("%d, asked %v", status, f.asked())
	}
}

// The end of a subscription is told: it is what somebody would do who hides.
func TestTheEndOfASubscriptionIsTold(t *testing.T) {
	w, f := snsWorld(t, "sns.amazonaws.com")
	for range 2 {
		if status, reason := w.fromSNS(f.sign(confirmation("UnsubscribeConfirmation")), nil); status != 200 {
			t.Errorf("%d %s", status, reason)
		}
	}
	w.told(1, 1)
	if m := w.ntfy.Messages()[0]; m.Priority != 5 || !strings.Contains(m.Message, alerts) {
		t.Errorf("%+v", m)
	}
	if a := f.asked(); !slices.Equal(a, []string{certificate}) {
		t.Errorf("asked %v: it must not subscribe again by itself", a)
	}
}
