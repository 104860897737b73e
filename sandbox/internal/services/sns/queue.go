package sns

import (
	"crypto/aes"
	"crypto/cipher"
	"encoding/base64"
	"io"
	"time"

	"github.com/strongroom-dev/strongroom/sandbox/internal/op"
)

// delivery is one message for one subscription, or the request to confirm it. It is in
// the queue until it was delivered or given up.
type delivery struct {
	Order, Topic, Account, Region, Subscription, Protocol, Endpoint string
	// Confirm: it asks to confirm the subscription, with Token.
	Confirm bool
	Token   string

	MessageID, Subject string
	Time               time.Time
	Attributes         map[string]attribute
	// Signature version, 1 or 2.
	Signature string
	Raw       bool
	// Body is the message; under a key it is ciphertext, Blob the data key.
	Body      []byte
	Blob, Key string
	// Attempt counts the failures, Due is when the next attempt is.
	Attempt int
	Due     time.Time
}

func base64Text(b []byte) string { return base64.StdEncoding.EncodeToString(b) }

func signatureOf(t *topic) string {
	if t.Attributes["SignatureVersion"] == "2" {
		return "2"
	}
	return "1"
}

// place puts a delivery into the queue, behind those of the same moment.
func (s *Service) place(c *op.Call, d *delivery) {
	for n := 0; ; n++ {
		if d.Order = order(c.Now, n); s.queue.Get(d.Order) == nil {
			break
		}
	}
	d.Time, d.Due = c.Now, c.Now
	s.queue.Put(d.Order, d)
}

// askToConfirm sends a subscription its token.
func (s *Service) askToConfirm(c *op.Call, t *topic, sub *subscription) {
	s.place(c, &delivery{
		Topic: t.ARN, Account: t.Account, Region: t.Region, Subscription: sub.ARN, Protocol: sub.Protocol, Endpoint: sub.Endpoint,
		Confirm: true, Token: sub.Token, MessageID: sub.ARN[len(t.ARN)+1:], Signature: signatureOf(t),
	})
}

// enqueue makes a delivery for each subscription that wants the message.
func (s *Service) enqueue(c *op.Call, t *topic, m *message) error {
	key, _, err := s.encryption(c, t)
	if err != nil {
		return err
	}
	var aead cipher.AEAD
	var blob string
	if key != "" {
		plain, wrapped, err := s.keys.GenerateDataKey(c, key, encryptionContext(t))
		if err != nil {
			return keyFault(err)
		}
		if aead, err = newAEAD(plain); err != nil {
			return err
		}
		blob = base64Text(wrapped)
	}
	for _, sub := range s.of(t.ARN) {
		if sub.Pending || !sub.wants(m) {
			continue
		}
		body := m.body
		if own, ok := m.texts[sub.Protocol]; ok {
			body = own
		}
		d := &delivery{
			Topic: t.ARN, Account: t.Account, Region: t.Region, Subscription: sub.ARN, Protocol: sub.Protocol, Endpoint: sub.Endpoint,
			MessageID: m.id, Subject: m.subject, Attributes: m.attributes, Signature: signatureOf(t),
			Raw: sub.Attributes["RawMessageDelivery"] == "true", Body: []byte(body), Key: key, Blob: blob,
		}
		if aead != nil {
			nonce := make([]byte, aead.NonceSize())
			if _, err := io.ReadFull(c.Rand, nonce); err != nil {
				return err
			}
			d.Body = aead.Seal(nonce, nonce, d.Body, []byte(t.ARN))
		}
		s.place(c, d)
	}
	return nil
}

func newAEAD(key []byte) (cipher.AEAD, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(block)
}

// open returns the text of a delivery. Call it under the state's lock.
func (s *Service) open(c *op.Call, d *delivery) (string, error) {
	if d.Key == "" {
		return string(d.Body), nil
	}
	blob, err := base64.StdEncoding.DecodeString(d.Blob)
	if err != nil {
		return "", err
	}
	plain, err := s.keys.Decrypt(c, d.Key, blob, map[string]string{"aws:sns:topicArn": d.Topic})
	if err != nil {
		return "", err
	}
	aead, err := newAEAD(plain)
	if err != nil {
		return "", err
	}
	n := aead.NonceSize()
	if len(d.Body) < n {
		return "", io.ErrUnexpectedEOF
	}
	body, err := aead.Open(nil, d.Body[:n], d.Body[n:], []byte(d.Topic))
	return string(body), err
}

// keyFault words KMS's refusal of a key as SNS does.
// Source: SNS API_Publish, Errors.
func keyFault(err error) error {
	fault, ok := err.(*op.Error)
	if !ok {
		return err
	}
	code := map[string]string{"DisabledException": "KMSDisabled", "KMSInvalidStateException": "KMSInvalidState", "NotFoundException": "KMSNotFound"}[fault.Code]
	if code == "" {
		code = "KMSAccessDenied"
	}
	return op.Errorf(400, code, "%s", fault.Message)
}
