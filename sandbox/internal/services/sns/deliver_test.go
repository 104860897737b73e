package sns_test

import (
	"crypto"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sns/types"
)

// receiver is an HTTP subscriber.
type receiver struct {
	*httptest.Server
	mu       sync.Mutex
	statuses []int // to answer with, in order; then 200
	got      []*http.Request
	bodies   []string
}

func newReceiver(t *testing.T, statuses ...int) *receiver {
	r := &receiver{statuses: statuses}
	r.Server = httptest.NewServer(http.HandlerFunc(func(out http.ResponseWriter, in *http.Request) {
		body, _ := io.ReadAll(in.Body)
		r.mu.Lock()
		defer r.mu.Unlock()
		r.got, r.bodies = append(r.got, in), append(r.bodies, string(body))
		if len(r.statuses) > 0 {
			out.WriteHeader(r.statuses[0])
			r.statuses = r.statuses[1:]
		}
	}))
	t.Cleanup(r.Close)
	return r
}

func (r *receiver) all() ([]*http.Request, []string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]*http.Request(nil), r.got...), append([]string(nil), r.bodies...)
}

func (w *world) confirmed(r *receiver, arn string, attributes map[string]string) string {
	w.t.Helper()
	sub := w.subscribe(arn, "http", r.URL+"/hook", attributes)
	w.must(w.sb.Settle(ctx))
	_, bodies := r.all()
	var e map[string]string
	w.must(json.Unmarshal([]byte(bodies[len(bodies)-1]), &e))
	if e["Type"] != "SubscriptionConfirmation" || w.follow(e["SubscribeURL"]) != 200 {
		w.t.Fatalf("confirmation %v", e)
	}
	return sub
}

// verify checks a message as a subscriber does: by the certificate it points to.
func (w *world) verify(body string) map[string]any {
	w.t.Helper()
	var e map[string]any
	w.must(json.Unmarshal([]byte(body), &e))
	link := e["SigningCertURL"].(string)
	if !strings.HasPrefix(link, "https://sns.eu-west-2.amazonaws.com/SimpleNotificationService-") || !strings.HasSuffix(link, ".pem") {
		w.t.Errorf("certificate at %s", link)
	}
	r, err := w.sb.HTTPClient().Get(link)
	w.must(err)
	raw, err := io.ReadAll(r.Body)
	w.must(err)
	_ = r.Body.Close()
	block, _ := pem.Decode(raw)
	if block == nil {
		w.t.Fatalf("certificate %q", raw)
	}
	cert, err := x509.ParseCertificate(block.Bytes)
	w.must(err)
	text := ""
	for _, name := range []string{"Message", "MessageId", "Subject", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"} {
		if v, ok := e[name].(string); ok {
			text += name + "\n" + v + "\n"
		}
	}
	signature, err := base64.StdEncoding.DecodeString(e["Signature"].(string))
	w.must(err)
	hash, sum := crypto.SHA1, sha1.Sum([]byte(text))
	digest := sum[:]
	if e["SignatureVersion"] == "2" {
		s := sha256.Sum256([]byte(text))
		hash, digest = crypto.SHA256, s[:]
	}
	if err := rsa.VerifyPKCS1v15(cert.PublicKey.(*rsa.PublicKey), hash, digest, signature); err != nil {
		w.t.Errorf("signature version %v: %v", e["SignatureVersion"], err)
	}
	return e
}

func TestHTTPMessagesAreSigned(t *testing.T) {
	w := start(t)
	arn := w.topic("alerts")
	r := newReceiver(t)
	sub := w.confirmed(r, arn, nil)
	_, err := w.sns.Publish(ctx, &sns.PublishInput{
		TopicArn: &arn, Message: aws.String(`{"default":"for all","http":"for <http> & me"}`), MessageStructure: aws.String("json"), Subject: aws.String("S"),
		MessageAttributes: map[string]types.MessageAttributeValue{"n": {DataType: aws.String("Number"), StringValue: aws.String("7")}},
	})
	w.must(err)
	w.must(w.set(arn, "SignatureVersion", "2"))
	w.publish(arn, "second")
	got, bodies := r.all()
	if len(got) != 3 {
		t.Fatalf("%d requests: %q", len(got), bodies)
	}
	if h := got[0].Header; h.Get("x-amz-sns-message-type") != "SubscriptionConfirmation" || h.Get("x-amz-sns-topic-arn") != arn || got[0].Method != "POST" || got[0].URL.Path != "/hook" {
		t.Errorf("%v", h)
	}
	if h := got[1].Header; h.Get("x-amz-sns-message-type") != "Notification" || h.Get("x-amz-sns-subscription-arn") != sub || h.Get("Content-Type") != "text/plain; charset=UTF-8" {
		t.Errorf("%v", h)
	}
	w.verify(bodies[0])
	e := w.verify(bodies[1])
	if e["Message"] != "for <http> & me" || e["Subject"] != "S" || e["SignatureVersion"] != "1" || got[1].Header.Get("x-amz-sns-message-id") != e["MessageId"] {
		t.Errorf("%v", e)
	}
	if a, _ := json.Marshal(e["MessageAttributes"]); string(a) != `{"n":{"Type":"Number","Value":"7"}}` {
		t.Errorf("attributes %s", a)
	}
	if e := w.verify(bodies[2]); e["SignatureVersion"] != "2" {
		t.Errorf("%v", e)
	}
	_, err = w.sns.SetSubscriptionAttributes(ctx, &sns.SetSubscriptionAttributesInput{SubscriptionArn: &sub, AttributeName: aws.String("RawMessageDelivery"), AttributeValue: aws.String("true")})
	w.must(err)
	w.publish(arn, "raw")
	got, bodies = r.all()
	if bodies[3] != "raw" || got[3].Header.Get("x-amz-sns-rawdelivery") != "true" {
		t.Errorf("raw: %q %v", bodies[3], got[3].Header)
	}
}

func TestFailedDeliveriesAreRepeatedAndThenTold(t *testing.T) {
	w := start(t)
	arn := w.topic("alerts")
	r := newReceiver(t)
	w.confirmed(r, arn, nil)
	r.mu.Lock()
	r.statuses = []int{500, 503, 200, 404, 500, 500, 500, 500}
	r.mu.Unlock()
	w.publish(arn, "one")
	for range 5 {
		w.must(w.sb.Advance(20 * time.Second))
		w.must(w.sb.Settle(ctx))
	}
	if _, bodies := r.all(); len(bodies) != 4 { // the confirmation, two failures, a success
		t.Errorf("%d requests", len(bodies))
	}
	if list := w.sb.Undelivered(); len(list) != 0 {
		t.Errorf("%+v", list)
	}
	w.publish(arn, "refused for good")
	w.publish(arn, "three retries")
	for range 5 {
		w.must(w.sb.Advance(20 * time.Second))
		w.must(w.sb.Settle(ctx))
	}
	list := w.sb.Undelivered()
	if _, bodies := r.all(); len(bodies) != 9 || len(list) != 2 || !strings.Contains(list[0].Reason, "404") || !strings.Contains(list[1].Reason, "500") || list[0].From != arn {
		t.Errorf("%d requests, undelivered %+v", len(bodies), list)
	}
}

// The phases of a delivery policy: at once, then the least delay, growing delays, and
// the most.
func TestDeliveryPolicySetsTheRetries(t *testing.T) {
	w := start(t)
	arn := w.topic("alerts")
	r := newReceiver(t)
	w.confirmed(r, arn, map[string]string{"DeliveryPolicy": `{"healthyRetryPolicy":{"minDelayTarget":10,"maxDelayTarget":30,"numRetries":7,"numNoDelayRetries":2,"numMinDelayRetries":1,"numMaxDelayRetries":1,"backoffFunction":"linear"}}`})
	r.mu.Lock()
	r.statuses = []int{500, 500, 500, 500, 500, 500, 500, 500}
	r.mu.Unlock()
	count := func() int { _, bodies := r.all(); return len(bodies) - 1 }
	w.publish(arn, "x")
	if n := count(); n != 3 { // the first attempt and two retries without delay
		t.Errorf("%d attempts at once, want 3", n)
	}
	for i, seconds := range []int{10, 10, 20, 30, 30} {
		before := count()
		w.must(w.sb.Advance(time.Duration(seconds-5) * time.Second))
		w.must(w.sb.Settle(ctx))
		if count() != before {
			t.Errorf("retry %d came early", i+3)
		}
		w.must(w.sb.Advance(6 * time.Second))
		w.must(w.sb.Settle(ctx))
		if count() != before+1 {
			t.Errorf("retry %d did not come after %d s", i+3, seconds)
		}
	}
	if list := w.sb.Undelivered(); len(list) != 1 {
		t.Errorf("%+v", list)
	}
}

func TestNothingLeavesTheMachine(t *testing.T) {
	w := start(t)
	arn := w.topic("alerts")
	for _, endpoint := range []string{"https://hooks.example.com/x", "https://192.0.2.1/x", "https://169.254.169.254/x"} {
		w.subscribe(arn, "https", endpoint, nil)
	}
	w.must(w.sb.Settle(ctx))
	list := w.sb.Undelivered()
	if len(list) != 3 {
		t.Fatalf("undelivered %+v", list)
	}
	for _, f := range list {
		if !strings.Contains(f.Reason, "loopback addresses alone") || f.Service != "sns.amazonaws.com" {
			t.Errorf("%+v", f)
		}
	}
}
