package explain

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/strongroom-dev/strongroom/internal/diag"
)

// record is what is read of an event, in CloudTrail's shape. Source: CloudTrail
// User Guide, "CloudTrail record contents for management, data, and network
// activity events" and "CloudTrail userIdentity element".
type record struct {
	UserIdentity        identity       `json:"userIdentity"`
	EventTime           string         `json:"eventTime"`
	EventSource         string         `json:"eventSource"`
	EventName           string         `json:"eventName"`
	AWSRegion           string         `json:"awsRegion"`
	SourceIPAddress     string         `json:"sourceIPAddress"`
	UserAgent           string         `json:"userAgent"`
	ErrorCode           string         `json:"errorCode"`
	ErrorMessage        string         `json:"errorMessage"`
	RequestParameters   map[string]any `json:"requestParameters"`
	ResponseElements    map[string]any `json:"responseElements"`
	AdditionalEventData map[string]any `json:"additionalEventData"`
	EventID             string         `json:"eventID"`
	EventType           string         `json:"eventType"`
	RecipientAccountID  string         `json:"recipientAccountId"`
	VPCEndpointID       string         `json:"vpcEndpointId"`
	Resources           []struct {
		ARN       string `json:"ARN"`
		AccountID string `json:"accountId"`
		Type      string `json:"type"`
	} `json:"resources"`
	TLSDetails *struct {
		TLSVersion string `json:"tlsVersion"`
	} `json:"tlsDetails"`
}

type identity struct {
	Type             string `json:"type"`
	PrincipalID      string `json:"principalId"`
	ARN              string `json:"arn"`
	AccountID        string `json:"accountId"`
	AccessKeyID      string `json:"accessKeyId"`
	UserName         string `json:"userName"`
	IdentityProvider string `json:"identityProvider"`
	InvokedBy        string `json:"invokedBy"`
	SessionContext   *struct {
		SessionIssuer struct {
			Type        string `json:"type"`
			ARN         string `json:"arn"`
			PrincipalID string `json:"principalId"`
		} `json:"sessionIssuer"`
		WebIDFederationData struct {
			FederatedProvider string         `json:"federatedProvider"`
			Attributes        map[string]any `json:"attributes"`
		} `json:"webIdFederationData"`
		Attributes struct {
			CreationDate     string `json:"creationDate"`
			MFAAuthenticated string `json:"mfaAuthenticated"`
		} `json:"attributes"`
		SourceIdentity string `json:"sourceIdentity"`
	} `json:"sessionContext"`
}

// refused reports an event whose request was refused for want of permission.
// Source: CloudTrail User Guide, record contents, errorCode; the codes are those
// of the services' API references.
func (r *record) refused() bool {
	code := strings.ToLower(r.ErrorCode)
	for _, part := range []string{"accessdenied", "unauthorizedoperation", "authorizationerror", "notauthorized", "forbidden", "unauthorizedaccess"} {
		if strings.Contains(code, part) {
			return true
		}
	}
	return false
}

// ReadEvent reads one event of an audit file (JSON lines), of a CloudTrail log
// file ({"Records": [...]}), or a single record; each may be compressed with
// gzip. id selects the event by its eventID; empty: the last one that was
// refused, or the only one. name is for messages. An event may ask for several
// actions: the questions are in the order AWS asks them.
func ReadEvent(name string, in io.Reader, id string) ([]*Question, error) {
	fail := func(format string, args ...any) error {
		return &diag.Diagnostic{
			Rule: "explain-event", Summary: "no event can be read: " + fmt.Sprintf(format, args...), At: diag.Location{File: name},
			Fix: "give a file of strongroom sandbox --audit, a CloudTrail log file, or one record of it, and FILE#EVENTID where it holds several",
		}
	}
	data, err := unpack(in)
	if err != nil {
		return nil, fail("%v", err)
	}
	list, err := records(data, id)
	if err != nil {
		return nil, fail("%v", err)
	}
	at, err := choose(list, id)
	if err != nil {
		return nil, fail("%v", err)
	}
	r := list[at]
	from := "the event"
	if r.EventID != "" {
		from += " " + r.EventID
	}
	from += " of " + name
	questions, err := r.questions(from)
	if err != nil {
		return nil, fail("%v", err)
	}
	if refused := count(list); id == "" && refused > 1 {
		questions[0].note("the last of %d refused events; %s#EVENTID names another", refused, name)
	}
	return questions, nil
}

// unpack reads everything, and uncompresses it where it is compressed.
func unpack(in io.Reader) ([]byte, error) {
	data, err := limited(in, maxFile)
	if err != nil {
		return nil, err
	}
	if !bytes.HasPrefix(data, []byte{0x1f, 0x8b}) {
		return data, nil
	}
	z, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		return nil, fmt.Errorf("it is not gzip: %w", err)
	}
	data, err = limited(z, maxFile)
	if err != nil {
		return nil, fmt.Errorf("uncompressed, %w", err)
	}
	return data, nil
}

// records reads the events of a file. With an id, only those lines of a JSON
// lines file are read that mention it.
func records(data []byte, id string) ([]*record, error) {
	data = bytes.TrimSpace(data)
	switch {
	case len(data) == 0:
		return nil, errors.New("it is empty")
	case data[0] != '{':
		return nil, errors.New("it does not begin with a JSON object")
	}
	var outer struct{ Records []json.RawMessage }
	// A log file is one object; JSON lines are several, and end this reading early.
	d := json.NewDecoder(bytes.NewReader(data))
	var first json.RawMessage
	if err := d.Decode(&first); err != nil {
		if errors.Is(err, io.ErrUnexpectedEOF) {
			return nil, errors.New("it ends in the middle of a record")
		}
		return nil, fmt.Errorf("it is not JSON: %w", err)
	}
	if err := json.Unmarshal(first, &outer); err == nil && outer.Records != nil {
		if rest := bytes.TrimSpace(data[d.InputOffset():]); len(rest) > 0 {
			return nil, errors.New("there is text after the records")
		}
		return decodeRecords(outer.Records, id)
	}
	var raw []json.RawMessage
	if bytes.IndexByte(first, '\n') >= 0 {
		// One record over several lines.
		if rest := bytes.TrimSpace(data[d.InputOffset():]); len(rest) > 0 {
			return nil, errors.New("there is text after the record")
		}
		return decodeRecords([]json.RawMessage{first}, id)
	}
	for line := range bytes.Lines(data) {
		if line = bytes.TrimSpace(line); len(line) > 0 {
			raw = append(raw, line)
		}
	}
	return decodeRecords(raw, id)
}

func decodeRecords(raw []json.RawMessage, id string) ([]*record, error) {
	if len(raw) == 0 {
		return nil, errors.New("it holds no records")
	}
	var list []*record
	for i, text := range raw {
		if id != "" && len(raw) > 1 && !bytes.Contains(text, []byte(id)) {
			continue
		}
		r, err := decodeRecord(text)
		if err != nil {
			return nil, fmt.Errorf("record %d: %w", i+1, err)
		}
		list = append(list, r)
	}
	return list, nil
}

func decodeRecord(text []byte) (*record, error) {
	if err := checkJSON(text); err != nil {
		return nil, err
	}
	r := &record{}
	if err := json.Unmarshal(text, r); err != nil {
		return nil, errors.New(strings.TrimPrefix(err.Error(), "json: "))
	}
	if r.EventName == "" || r.EventSource == "" {
		return nil, errors.New("it has no eventName or no eventSource")
	}
	return r, nil
}

func count(list []*record) (refused int) {
	for _, r := range list {
		if r.refused() {
			refused++
		}
	}
	return refused
}

// choose picks the event: the one with the ID, the last that was refused, or the
// only one.
func choose(list []*record, id string) (int, error) {
	if id != "" {
		for i, r := range list {
			if r.EventID == id {
				return i, nil
			}
		}
		return 0, fmt.Errorf("there is no event %.60q in it", id)
	}
	for i := len(list) - 1; i >= 0; i-- {
		if list[i].refused() {
			return i, nil
		}
	}
	if len(list) == 1 {
		return 0, nil
	}
	return 0, fmt.Errorf("none of its %d events was refused; name one with FILE#EVENTID", len(list))
}

// clipBytes is for values of records in messages.
func clipBytes(s string) string {
	if len(s) > 200 {
		s = s[:200]
		for !utf8.ValidString(s) {
			s = s[:len(s)-1]
		}
	}
	return s
}
