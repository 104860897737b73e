package cloudtrail

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/smithy-go"

	"github.com/strongroom-dev/strongroom/sandbox/internal/audit"
	"github.com/strongroom-dev/strongroom/sandbox/internal/op"
	"github.com/strongroom-dev/strongroom/sandbox/internal/services/s3"
)

const (
	// batch is how often log files are delivered. On AWS it is "on average within about 5
	// minutes of an API call".
	// Source: CloudTrail User Guide "How CloudTrail works".
	batch = 5 * time.Minute
	// given is how long a refused delivery is tried again.
	// Source: the same guide, CreateTrail: "CloudTrail will attempt to redeliver the log
	// files to your S3 bucket for 30 days".
	given = 30 * 24 * time.Hour
)

// pendingEvent waits for its log file.
type pendingEvent struct {
	Record json.RawMessage
	At     time.Time
}

// chain is a trail's deliveries of one region. Records are replaced, never changed.
type chain struct {
	Trail, Region string // the trail's key
	// Due is when the next log file is; zero: there is nothing to write.
	Due time.Time
	// Begin and DigestDue are of the digest that is being collected; zero: none is.
	Begin, DigestDue time.Time
	Files            []logFile `json:",omitempty"`
	Last             *lastDigest
}

func (c *chain) key() string { return c.Trail + c.Region }

// Deliverer writes log and digest files. It is a part of the clockwork.
type Deliverer struct {
	trails *Service
	as     func(*op.Caller) http.RoundTripper
	count  uint64
	// sessions are those of trails' roles, by the trail's key.
	sessions map[string]*session
}

// NewDeliverer returns the part that delivers for the trails of s. as makes the transport
// of a service that calls another.
func NewDeliverer(s *Service, as func(*op.Caller) http.RoundTripper) *Deliverer {
	return &Deliverer{trails: s, as: as}
}

// Name is for the log.
func (d *Deliverer) Name() string { return "cloudtrail deliveries" }

// Run collects what trails record and writes what is due. What the deliveries lead to is
// recorded as well, and waits for its own time.
func (d *Deliverer) Run(ctx context.Context, now time.Time, news []any) (next time.Time, err error) {
	idle := true
	_ = d.trails.db.View(func() error { // it only reads
		idle = d.trails.trails.Len() == 0
		return nil
	})
	if idle {
		return next, nil
	}
	if err := d.collect(now, news); err != nil {
		return next, err
	}
	for {
		if err := ctx.Err(); err != nil {
			return next, err
		}
		if t, at := d.firstLog(); t != nil {
			if !at.After(now) {
				if err := d.send(ctx, now, t); err != nil {
					return now.Add(batch), err
				}
				continue
			}
			next = at
		} else {
			next = time.Time{}
		}
		c, t, digest, at := d.first()
		if c == nil || at.After(now) {
			if c != nil && (next.IsZero() || at.Before(next)) {
				next = at
			}
			return next, nil
		}
		if digest {
			err = d.digest(ctx, now, c, t)
		} else {
			err = d.log(ctx, now, c, t)
		}
		if err != nil {
			return now.Add(batch), err
		}
	}
}

// collect keeps the events that trails record, and begins the digests.
func (d *Deliverer) collect(now time.Time, news []any) error {
	s := d.trails
	var events []*audit.Event
	for _, n := range news {
		if e, ok := n.(audit.Event); ok {
			events = append(events, &e)
		}
	}
	type kept struct {
		trail *trail
		event *audit.Event
	}
	var keep []kept
	var begin []*trail
	_ = s.db.View(func() error { // it only reads
		for _, t := range s.trails.From("") {
			for _, e := range events {
				if t.records(e) {
					keep = append(keep, kept{t, e})
				}
			}
			if c := s.chains.Get(t.key() + t.Region); t.Logging && t.Validate && (c == nil || c.Begin.IsZero()) {
				begin = append(begin, t)
			}
		}
		return nil
	})
	if len(keep) == 0 && len(begin) == 0 {
		return nil
	}
	return s.db.Update(func() error {
		for _, t := range begin {
			c := s.chain(t, t.Region)
			c.begin(t, now)
			s.chains.Put(c.key(), c)
		}
		for _, k := range keep {
			if s.trails.Get(k.trail.key()) == nil {
				continue // it was deleted meanwhile
			}
			raw, err := encode(k.event)
			if err != nil {
				return err
			}
			at := k.event.When()
			c := s.chain(k.trail, k.event.AWSRegion)
			if c.Due.IsZero() {
				c.Due = at.Add(batch)
			}
			if c.Begin.IsZero() && k.trail.Validate && k.trail.Logging {
				c.begin(k.trail, now)
			}
			s.chains.Put(c.key(), c)
			d.count++
			s.pending.Put(fmt.Sprintf("%s/%020d/%020d", c.key(), now.UnixNano(), d.count), &pendingEvent{raw, at})
			if k.trail.LogGroup != "" {
				s.outbox.Put(outboxKey(k.trail, now, d.count), &pendingEvent{raw, at})
			}
		}
		return nil
	})
}

// encode writes JSON with the text that its values have: json.Marshal would write & as a
// number.
func encode(v any) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	err := enc.Encode(v)
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), err
}

// chain is a copy of a trail's chain of one region, a new one if there is none.
func (s *Service) chain(t *trail, region string) *chain {
	c := &chain{Trail: t.key(), Region: region}
	if old := s.chains.Get(c.key()); old != nil {
		*c = *old
	}
	return c
}

// first is what is due first, and when; no chain: nothing is.
func (d *Deliverer) first() (found *chain, owner *trail, digest bool, at time.Time) {
	s := d.trails
	_ = s.db.View(func() error { // it only reads
		for _, c := range s.chains.From("") {
			t := s.trails.Get(c.Trail)
			if t == nil {
				continue
			}
			// A log file comes before the digest of the same moment.
			if !c.Due.IsZero() && (found == nil || c.Due.Before(at) || digest && c.Due.Equal(at)) {
				found, owner, digest, at = c, t, false, c.Due
			}
			if !c.DigestDue.IsZero() && (found == nil || c.DigestDue.Before(at)) {
				found, owner, digest, at = c, t, true, c.DigestDue
			}
		}
		return nil
	})
	return found, owner, digest, at
}

// log writes the log file of a region.
// Source: CloudTrail User Guide "Finding your CloudTrail log files" and "CloudTrail log
// file examples", File name format.
func (d *Deliverer) log(ctx context.Context, now time.Time, c *chain, t *trail) error {
	s := d.trails
	var keys []string
	records := []json.RawMessage{}
	var oldest, newest time.Time
	_ = s.db.View(func() error { // it only reads
		for k, e := range s.pending.Prefix(c.key() + "/") {
			if e.At.After(c.Due) {
				break // they come with a later file
			}
			keys, records = append(keys, k), append(records, e.Record)
			if oldest.IsZero() || e.At.Before(oldest) {
				oldest = e.At
			}
			if e.At.After(newest) {
				newest = e.At
			}
		}
		return nil
	})
	if len(keys) == 0 {
		return s.amend(c, func(c *chain) { c.Due = s.dueAfter(c) })
	}
	content, err := encode(map[string]any{"Records": records})
	if err != nil {
		return err
	}
	at := c.Due.UTC()
	name := fmt.Sprintf("%sCloudTrail/%s/%s/%s_CloudTrail_%s_%s_%s.json.gz", t.path(), c.Region, at.Format("2006/01/02"), t.Account, c.Region, at.Format("20060102T1504Z"), random())
	problem := d.put(ctx, t, name, content, nil)
	var untold error
	if problem == nil && t.Topic != "" {
		untold = d.tell(ctx, t, name)
	}
	over := problem != nil && now.Sub(oldest) > given
	return s.db.Update(func() error {
		if s.trails.Get(t.key()) == nil {
			return nil // it was deleted meanwhile
		}
		st := s.status(t)
		st.Attempt = now
		own := s.chain(t, c.Region)
		if problem == nil {
			st.Delivered, st.Error = now, ""
			st.notified(t, now, untold)
			if !own.Begin.IsZero() {
				sum := sha256.Sum256(content)
				file := logFile{Bucket: t.Bucket, Object: name, Hash: hex.EncodeToString(sum[:]), Algorithm: "SHA-256", Newest: stamp(newest), Oldest: stamp(oldest), Delivered: at}
				own.Files = append(append([]logFile{}, own.Files...), file)
			}
		} else {
			st.Error = codeOf(problem)
		}
		s.statuses.Put(t.key(), st)
		if problem == nil || over {
			for _, k := range keys {
				s.pending.Delete(k)
			}
		}
		if own.Due = s.dueAfter(own); problem != nil && !own.Due.IsZero() {
			own.Due = now.Add(batch)
		}
		s.chains.Put(own.key(), own)
		return nil
	})
}

// dueAfter is when the log file of the first event that waits is due.
func (s *Service) dueAfter(c *chain) time.Time {
	for _, e := range s.pending.Prefix(c.key() + "/") {
		return e.At.Add(batch)
	}
	return time.Time{}
}

// amend changes a chain that may have been changed or deleted meanwhile.
func (s *Service) amend(c *chain, change func(*chain)) error {
	return s.db.Update(func() error {
		if now := s.chains.Get(c.key()); now != nil {
			own := *now
			change(&own)
			s.chains.Put(own.key(), &own)
		}
		return nil
	})
}

// status is a copy of a trail's.
func (s *Service) status(t *trail) *status {
	if old := s.statuses.Get(t.key()); old != nil {
		own := *old
		return &own
	}
	return &status{}
}

// put writes a file into the trail's bucket, under the bucket's policy and the trail's
// key. Without a key the bucket's default encryption decides.
// Source: CloudTrail User Guide "Amazon S3 bucket policy for CloudTrail" and "Configure AWS
// KMS key policies for CloudTrail". That no encryption is asked for then is not
// documented.
func (d *Deliverer) put(ctx context.Context, t *trail, key string, content []byte, meta map[string]string) error {
	region := t.Region
	_ = d.trails.db.View(func() error { // it only reads
		if r, ok := d.trails.buckets.BucketRegion(t.Bucket); ok {
			region = r
		}
		return nil
	})
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	if _, err := z.Write(content); err != nil {
		return err
	}
	if err := z.Close(); err != nil {
		return err
	}
	in := &sdk.PutObjectInput{
		Bucket: &t.Bucket, Key: &key, Body: bytes.NewReader(packed.Bytes()), ACL: s3types.ObjectCannedACLBucketOwnerFullControl,
		ContentType: aws.String("application/json"), ContentEncoding: aws.String("gzip"), Metadata: meta,
	}
	if t.KMSKey != "" {
		context, err := s3.SSEContext(t.context())
		if err != nil {
			return err
		}
		in.ServerSideEncryption, in.SSEKMSKeyId, in.SSEKMSEncryptionContext = s3types.ServerSideEncryptionAwsKms, &t.KMSKey, &context
	}
	client := sdk.New(sdk.Options{
		Region: region, Credentials: aws.AnonymousCredentials{}, RetryMaxAttempts: 1,
		HTTPClient: &http.Client{Transport: d.as(t.service())},
	})
	_, err := client.PutObject(ctx, in)
	return err
}

// codeOf is the error as GetTrailStatus has it.
// Source: CloudTrail API_GetTrailStatus, LatestDeliveryError: "any Amazon S3 error".
func codeOf(err error) string {
	var api smithy.APIError
	if errors.As(err, &api) {
		return api.ErrorCode()
	}
	return "InternalError"
}

func stamp(t time.Time) string { return t.UTC().Format(stampForm) }

// random is the part of a file's name that keeps it apart from others.
func random() string {
	const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
	b := make([]byte, 16)
	_, _ = rand.Read(b) // it never fails
	for i := range b {
		b[i] = letters[int(b[i])%len(letters)]
	}
	return string(b)
}
