package sns

import (
	"slices"
	"time"
)

// Mail is a message that came by mail.
type Mail struct {
	Time    time.Time `json:"time"`
	To      string    `json:"to"`
	Subject string    `json:"subject"`
	Body    string    `json:"body"`
	// Topic is the ARN of the topic.
	Topic string `json:"topic"`
	// Confirm is the link that confirms the subscription; empty in other mail.
	Confirm string `json:"confirm,omitempty"`
	// Key of the record, in the order of arrival.
	Order string `json:"-"`
}

// maxMails is how many mails stay.
const maxMails = 10_000

// Mails returns the mails so far, oldest first.
func (s *Service) Mails() (list []Mail) {
	_ = s.db.View(func() error { // it only reads
		for _, m := range s.mails.From("") {
			list = append(list, *m)
		}
		return nil
	})
	return list
}

// keepMail puts a mail behind those of the same moment. Call it under the state's lock.
func (s *Service) keepMail(m Mail) {
	for n := 0; ; n++ {
		if m.Order = order(m.Time, n); s.mails.Get(m.Order) == nil {
			break
		}
	}
	s.mails.Put(m.Order, &m)
	if s.mails.Len() <= maxMails {
		return
	}
	var old []string
	for key := range s.mails.From("") {
		if old = append(old, key); len(old) == maxMails/10 {
			break
		}
	}
	for _, key := range slices.Clone(old) {
		s.mails.Delete(key)
	}
}
