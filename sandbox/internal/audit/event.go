package audit

import (
	"bytes"
	"encoding/json"
	"time"

	"github.com/strongroom-dev/strongroom/policy"
)

// Event is one request in CloudTrail's record shape. It must not be changed.
type Event struct {
	EventVersion        string         `json:"eventVersion"`
	UserIdentity        Identity       `json:"userIdentity"`
	EventTime           string         `json:"eventTime"`
	EventSource         string         `json:"eventSource"`
	EventName           string         `json:"eventName"`
	AWSRegion           string         `json:"awsRegion"`
	SourceIPAddress     string         `json:"sourceIPAddress"`
	UserAgent           string         `json:"userAgent,omitempty"`
	ErrorCode           string         `json:"errorCode,omitempty"`
	ErrorMessage        string         `json:"errorMessage,omitempty"`
	RequestParameters   map[string]any `json:"requestParameters"`
	ResponseElements    map[string]any `json:"responseElements"`
	AdditionalEventData map[string]any `json:"additionalEventData,omitempty"`
	RequestID           string         `json:"requestID"`
	EventID             string         `json:"eventID"`
	ReadOnly            bool           `json:"readOnly"`
	Resources           []Resource     `json:"resources,omitempty"`
	EventType           string         `json:"eventType"`
	ManagementEvent     bool           `json:"managementEvent"`
	RecipientAccountID  string         `json:"recipientAccountId"`
	SharedEventID       string         `json:"sharedEventID,omitempty"`
	EventCategory       string         `json:"eventCategory"`
	TLSDetails          *TLSDetails    `json:"tlsDetails,omitempty"`

	// Decisions are the authorisation answers behind the event, in the order
	// they were asked. They are not part of the JSON line. Nil: none was asked.
	Decisions []Decision `json:"-"`

	// Also are the records that the same request leaves besides: of the calls that a
	// service made for it, and for the other accounts that own what it was about. They are
	// told to who watches and are no lines of the log. Nil: there are none.
	Also []Event `json:"-"`

	// Given is the record as it was handed over (Log.Put), which the event is written as
	// in place of the members above. Nil: the sandbox made the event.
	Given json.RawMessage `json:"-"`
	// Arrived is when that was; zero: at EventTime.
	Arrived time.Time `json:"-"`
}

// When is the moment at which the event counts as recorded: EventTime, but for a record that
// was handed over, whose own time may be long gone. Zero: EventTime is not a time.
func (e *Event) When() time.Time {
	if !e.Arrived.IsZero() {
		return e.Arrived
	}
	at, _ := time.Parse(timeFormat, e.EventTime)
	return at
}

// made is an Event without its method.
type made Event

// MarshalJSON writes CloudTrail's record. Whether & and the like are written as they are is
// its caller's to say.
func (e Event) MarshalJSON() ([]byte, error) {
	if e.Given != nil {
		return e.Given, nil
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	err := enc.Encode((*made)(&e))
	return b.Bytes(), err
}

// line is what the log encodes, without the second pass that a method costs.
func (e *Event) line() any {
	if e.Given != nil {
		return e.Given
	}
	return (*made)(e)
}

// Decision is the answer to one authorisation question.
type Decision struct {
	Action   string         `json:"action"`
	Resource string         `json:"resource"`
	Verdict  policy.Verdict `json:"verdict"`
	Reason   policy.Reason  `json:"reason"`
	// Allowed is the sandbox's answer: an Allow that rests on a condition key
	// which the sandbox does not know is refused all the same.
	Allowed bool `json:"allowed"`
	// Policy and Statement name the statement that decided; Policy is empty
	// when none did.
	Policy    string `json:"policy"`
	Statement int    `json:"statement"`
	// Explanation is the full account of a refusal; nil when allowed.
	Explanation *policy.Explanation `json:"explanation,omitempty"`
}

// Resource is what an event was about.
type Resource struct {
	ARN       string `json:"ARN"`
	AccountID string `json:"accountId,omitempty"`
	Type      string `json:"type,omitempty"`
}

// TLSDetails tell how the request was protected.
type TLSDetails struct {
	TLSVersion               string `json:"tlsVersion"`
	CipherSuite              string `json:"cipherSuite"`
	ClientProvidedHostHeader string `json:"clientProvidedHostHeader"`
}

// Identity is CloudTrail's userIdentity.
type Identity struct {
	Type             string `json:"type"`
	PrincipalID      string `json:"principalId,omitempty"`
	ARN              string `json:"arn,omitempty"`
	AccountID        string `json:"accountId,omitempty"`
	AccessKeyID      string `json:"accessKeyId,omitempty"`
	UserName         string `json:"userName,omitempty"`
	IdentityProvider string `json:"identityProvider,omitempty"`
	// InvokedBy is the AWS service that made the request, of type AWSService or with a
	// role's credentials.
	InvokedBy      string          `json:"invokedBy,omitempty"`
	SessionContext *SessionContext `json:"sessionContext,omitempty"`
}

// SessionContext tells about temporary credentials.
type SessionContext struct {
	SessionIssuer       *SessionIssuer       `json:"sessionIssuer,omitempty"`
	WebIDFederationData *WebIDFederationData `json:"webIdFederationData,omitempty"`
	Attributes          SessionAttributes    `json:"attributes"`
	SourceIdentity      string               `json:"sourceIdentity,omitempty"`
}

// SessionIssuer is the role behind a session.
type SessionIssuer struct {
	Type        string `json:"type"`
	PrincipalID string `json:"principalId"`
	ARN         string `json:"arn"`
	AccountID   string `json:"accountId"`
	UserName    string `json:"userName"`
}

// WebIDFederationData tells who vouched for a web identity session.
type WebIDFederationData struct {
	FederatedProvider string            `json:"federatedProvider"`
	Attributes        map[string]string `json:"attributes"`
}

// SessionAttributes are strings in CloudTrail, the boolean too.
type SessionAttributes struct {
	CreationDate     string `json:"creationDate"`
	MFAAuthenticated string `json:"mfaAuthenticated"`
}
