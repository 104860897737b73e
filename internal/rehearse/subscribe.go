package rehearse

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sns"

	"github.com/strongroom-dev/strongroom/internal/room"
)

// mailbox is who reads the alerts of a room that names nobody.
const mailbox = "rehearsal@example.com"

// subscribe does what the people whom the alerts are for do: they follow the link
// in the mail that AWS sends them. Where the spec names nobody, the rehearsal
// reads the alerts itself.
func (r *Rehearsal) subscribe(ctx context.Context) error {
	b := r.Room.Baseline
	if !b.Has(room.Alerts) {
		return nil
	}
	w := r.World
	w.Mailboxes = slices.Clone(b.Alerts.Emails)
	if len(w.Mailboxes) == 0 {
		w.Mailboxes = []string{mailbox}
		for _, region := range r.alertRegions() {
			cfg := w.Config(&w.Operator)
			cfg.Region = region
			if _, err := sns.NewFromConfig(cfg).Subscribe(ctx, &sns.SubscribeInput{
				TopicArn: aws.String(r.Room.AlertsTopicARN(region)), Protocol: aws.String("email"), Endpoint: aws.String(mailbox),
			}); err != nil {
				return fmt.Errorf("subscribe to the alerts of %s: %w", region, err)
			}
		}
	}
	if err := r.Sandbox.Settle(ctx); err != nil {
		return err
	}
	followed := map[string]int{}
	for _, m := range r.Sandbox.Mail() {
		if m.Confirm == "" || !slices.Contains(w.Mailboxes, m.To) {
			continue
		}
		if err := r.follow(ctx, m.Confirm); err != nil {
			return fmt.Errorf("confirm the subscription of %s: %w", m.To, err)
		}
		followed[m.To]++
	}
	for _, box := range w.Mailboxes {
		if n := len(r.alertRegions()); followed[box] != n {
			return fmt.Errorf("%s is subscribed to the alerts of %d regions and got %d mails that ask for a confirmation", box, n, followed[box])
		}
	}
	return r.Sandbox.Settle(ctx)
}

// alertRegions are the regions that have a topic for alerts.
func (r *Rehearsal) alertRegions() []string {
	regions := []string{r.Room.Region}
	if r.Room.Baseline.Has(room.ThreatDetection) {
		regions = append(regions, r.Room.Baseline.Regions...)
	}
	return regions
}

func (r *Rehearsal) follow(ctx context.Context, link string) error {
	client := r.Sandbox.HTTPClient()
	defer client.CloseIdleConnections()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, link, nil)
	if err != nil {
		return err
	}
	answer, err := client.Do(req)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	if _, err := io.Copy(io.Discard, io.LimitReader(answer.Body, 1<<20)); err != nil {
		return err
	}
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("answered %s", answer.Status)
	}
	return nil
}
