package trail

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
)

// ErrNone says that there is no such log group.
var ErrNone = errors.New("there is no log group of an audit trail")

// Log is the log group of a trail.
type Log struct {
	// Client has the region of the group.
	Client *cloudwatchlogs.Client
	// Group is its name, and Bucket the state bucket's.
	Group, Bucket string
}

// Write is a request that wrote, copied, deleted or re-encrypted an object.
type Write struct {
	// Key is the object's, Version the version that was made or changed; "" without
	// versioning.
	Key, Version string
	// Event is S3's name of the request: "PutObject".
	Event string
	// Who is the ARN of who asked, or for another account its ID and the principal's, for
	// the bucket's owner is told no more.
	Who string
	// When is when it was asked, to the second.
	When time.Time
	// From is the address that it came from; Agent is how the program called itself.
	From, Agent string
}

// writes are the requests that are Writes. Others change an object without writing it:
// its tags, its ACL.
// Source: S3 User Guide "Amazon S3 CloudTrail events".
var writes = map[string]bool{
	"PutObject": true, "PostObject": true, "CopyObject": true, "CompleteMultipartUpload": true,
	"DeleteObject": true, "DeleteObjects": true, "UpdateObjectEncryption": true,
}

// record is what is read of CloudTrail's record.
// Source: CloudTrail User Guide, "CloudTrail record contents", "userIdentity element".
type record struct {
	EventName         string    `json:"eventName"`
	EventTime         time.Time `json:"eventTime"`
	ErrorCode         string    `json:"errorCode"`
	SourceIPAddress   string    `json:"sourceIPAddress"`
	UserAgent         string    `json:"userAgent"`
	RequestParameters struct {
		Bucket  string `json:"bucketName"`
		Key     string `json:"key"`
		Version string `json:"versionId"`
	} `json:"requestParameters"`
	ResponseElements struct {
		Version string `json:"x-amz-version-id"`
	} `json:"responseElements"`
	UserIdentity struct {
		Type      string `json:"type"`
		ARN       string `json:"arn"`
		Account   string `json:"accountId"`
		Principal string `json:"principalId"`
		InvokedBy string `json:"invokedBy"`
	} `json:"userIdentity"`
}

// Writes returns the writes of an object since a time, the oldest first; of all
// objects, if key is empty. Those that were refused are left out. The error is
// ErrNone, or AWS's own.
func (l *Log) Writes(ctx context.Context, since time.Time, key string) ([]Write, error) {
	pattern := fmt.Sprintf(`{ $.eventSource = "s3.amazonaws.com" && $.requestParameters.bucketName = %s && $.readOnly IS FALSE`, quote(l.Bucket))
	if key != "" {
		pattern += " && $.requestParameters.key = " + quote(key)
	}
	pattern += " }"
	list := []Write{}
	pages := cloudwatchlogs.NewFilterLogEventsPaginator(l.Client, &cloudwatchlogs.FilterLogEventsInput{
		LogGroupName: &l.Group, FilterPattern: &pattern, StartTime: aws.Int64(since.UnixMilli()),
	})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		var none *types.ResourceNotFoundException
		if errors.As(err, &none) {
			return nil, fmt.Errorf("%w: %s", ErrNone, l.Group)
		}
		if err != nil {
			return nil, err
		}
		for _, e := range page.Events {
			var r record
			if json.Unmarshal([]byte(aws.ToString(e.Message)), &r) != nil {
				continue // something else was written there
			}
			// In a pattern * stands for any text; in a key it is a star.
			if r.ErrorCode != "" || r.RequestParameters.Bucket != l.Bucket || r.RequestParameters.Key == "" || key != "" && r.RequestParameters.Key != key || !writes[r.EventName] {
				continue
			}
			list = append(list, r.write())
		}
	}
	slices.SortStableFunc(list, func(a, b Write) int { return a.When.Compare(b.When) })
	return list, nil
}

func (r *record) write() Write {
	w := Write{Key: r.RequestParameters.Key, Version: r.ResponseElements.Version, Event: r.EventName, When: r.EventTime, From: r.SourceIPAddress, Agent: r.UserAgent}
	if w.Version == "" {
		w.Version = r.RequestParameters.Version
	}
	switch who := r.UserIdentity; {
	case who.ARN != "":
		w.Who = who.ARN
	case who.InvokedBy != "":
		w.Who = who.InvokedBy
	case who.Account != "":
		w.Who = "account " + who.Account
		if who.Principal != "" {
			w.Who += ", principal " + who.Principal
		}
	default:
		w.Who = "somebody of type " + who.Type
	}
	return w
}

// quote makes a text one of a filter pattern.
func quote(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(s) + `"`
}
