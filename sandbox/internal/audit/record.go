package audit

import (
	"cmp"
	"crypto/tls"
	"io"
	"net/netip"
	"time"

	"github.com/strongroom-dev/strongroom/policy"
	"github.com/strongroom-dev/strongroom/sandbox/internal/op"
)

const timeFormat = "2006-01-02T15:04:05Z"

// Record is what the dispatcher knows about one request that is over. Nothing
// it refers to may change afterwards.
type Record struct {
	ID     string
	Time   time.Time
	Source string // CloudTrail's event source
	Name   string // the operation; empty: not known
	Region string
	Caller *op.Caller
	// Principal is who the request itself proved to be; nil: the caller.
	Principal *policy.Principal
	// ClaimedKey is the access key of a request whose signature was refused.
	ClaimedKey string
	SourceIP   netip.Addr
	UserAgent  string
	Host       string
	TLS        *tls.ConnectionState // nil: plain HTTP
	// Row is nil when the operation is not known.
	Row     *op.Row
	In, Out any
	Err     *op.Error
	// Checks are the resources of Decisions, in the same order.
	Decisions []Decision
	Resources []Resource
	Note      map[string]any
	// Owner is op.Call's.
	Owner string
	// Calls are those that the service made for the caller.
	Calls []Call
	// Query, HostID, BytesIn and BytesOut are of S3's requests alone.
	Query, HostID     string
	BytesIn, BytesOut int64
	// Invoker is the AWS service that made the request with a role's credentials; empty:
	// none did.
	Invoker string
}

// event is the slow part, done off the request's way.
func (r *Record) event(rand io.Reader) Event {
	e := r.own(rand)
	e.Also = r.calls(rand, &e)
	if other := forOwner(rand, &e, r.Owner); other != nil {
		e.Also = append(e.Also, *other)
	}
	return e
}

// own is the caller's record of the request itself.
func (r *Record) own(rand io.Reader) Event {
	e := Event{
		EventVersion: "1.11", UserIdentity: identityOf(r), EventTime: r.Time.UTC().Format(timeFormat),
		EventSource: r.Source, EventName: r.Name, AWSRegion: r.Region,
		UserAgent: r.UserAgent, RequestID: r.ID, EventID: NewID(rand),
		EventType: "AwsApiCall", ManagementEvent: true, EventCategory: "Management",
		RecipientAccountID: r.Caller.Account, AdditionalEventData: r.Note, Decisions: r.Decisions,
	}
	if r.SourceIP.IsValid() {
		e.SourceIPAddress = r.SourceIP.String()
	}
	if p := &r.Caller.Principal; p.Type == policy.Service {
		// Source: CloudTrail User Guide "CloudTrail record contents": for a request
		// that a service makes, both are its DNS name.
		e.SourceIPAddress, e.UserAgent = p.ARN, p.ARN
	}
	if r.Invoker != "" {
		// Source: CloudTrail User Guide "CloudTrail userIdentity element", invokedBy; the
		// other two as above.
		e.SourceIPAddress, e.UserAgent, e.UserIdentity.InvokedBy = r.Invoker, r.Invoker, r.Invoker
	}
	if e.EventName == "" {
		e.EventName = "Unknown"
	}
	if r.Err != nil {
		e.ErrorCode, e.ErrorMessage = cmp.Or(r.Err.Event, r.Err.Code), r.Err.Message
	}
	if r.TLS != nil {
		e.TLSDetails = &TLSDetails{
			TLSVersion: tlsVersion(r.TLS.Version), CipherSuite: tls.CipherSuiteName(r.TLS.CipherSuite),
			ClientProvidedHostHeader: r.Host,
		}
	}
	e.Resources = r.Resources
	if e.RecipientAccountID == "" && r.Caller.Behalf != nil {
		e.RecipientAccountID = r.Caller.Behalf.Account
	}
	if e.RecipientAccountID == "" {
		e.RecipientAccountID = r.Owner
	}
	if e.RecipientAccountID == "" {
		for _, res := range r.Resources {
			e.RecipientAccountID = res.AccountID
		}
	}
	if row := r.Row; row != nil {
		e.ReadOnly = row.Access == op.Read
		if row.Data {
			e.ManagementEvent, e.EventCategory = false, "Data"
		}
		secret := hidden(row.Secret)
		e.RequestParameters = secret.members(r.In)
		if !e.ReadOnly && r.Err == nil {
			e.ResponseElements = secret.members(r.Out)
		}
		if r.Source == s3Source {
			r.s3(&e)
		}
	}
	return e
}

func tlsVersion(v uint16) string {
	if v == tls.VersionTLS13 {
		return "TLSv1.3"
	}
	return "TLSv1.2"
}
