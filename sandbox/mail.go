package sandbox

import (
	"net/http"
	"strings"

	"github.com/strongroom-dev/strongroom/sandbox/internal/control"
	"github.com/strongroom-dev/strongroom/sandbox/internal/services/sns"
	"github.com/strongroom-dev/strongroom/sandbox/internal/undelivered"
)

type (
	// Mail is a message that SNS sent by mail. Its Confirm link, if it has one,
	// confirms the subscription.
	Mail = sns.Mail
	// Undelivered is a delivery that was given up, with the reason.
	Undelivered = undelivered.Failure
)

// Mail returns the mails that subscribers got, oldest first: the last 10,000 of them.
// Settle first, for they are delivered in the background.
func (s *Sandbox) Mail() []Mail { return s.parts.notifications.Mails() }

// Undelivered returns what the sandbox's services could not pass on: messages to
// endpoints that are not there, events that a target's policy refused.
func (s *Sandbox) Undelivered() []Undelivered { return s.parts.undelivered.List() }

// Deliveries is Mail and Undelivered, for the control API.
func (s *Sandbox) Deliveries() (control.Deliveries, error) {
	out := control.Deliveries{Mails: []control.Mail{}, Undelivered: []control.Undelivered{}}
	if err := s.settled(); err != nil {
		return out, err
	}
	for _, m := range s.Mail() {
		out.Mails = append(out.Mails, control.Mail{Time: m.Time, To: m.To, Subject: m.Subject, Body: m.Body, Topic: m.Topic, Confirm: m.Confirm})
	}
	for _, f := range s.Undelivered() {
		out.Undelivered = append(out.Undelivered, control.Undelivered(f))
	}
	return out, nil
}

// withCertificates answers for the certificates that SNS's messages point to, which no
// operation does.
func (s *Sandbox) withCertificates(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if pem, ok := s.parts.notifications.Certificate(r.URL.Path); ok && r.Method == http.MethodGet && strings.HasPrefix(hostname(r.Host), "sns.") {
			w.Header().Set("Content-Type", "application/x-x509-ca-cert")
			_, _ = w.Write([]byte(pem)) // a client that went away is not our error
			return
		}
		next.ServeHTTP(w, r)
	})
}
