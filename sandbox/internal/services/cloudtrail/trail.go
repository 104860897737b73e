package cloudtrail

import (
	"net/netip"
	"regexp"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/cloudtrail/types"

	"github.com/strongroom-dev/strongroom/sandbox/internal/op"
)

// trail is a trail in its home region.
type trail struct {
	Name, Account, Region string
	Bucket, Prefix        string
	// KMSKey is the key's ARN; empty: none.
	KMSKey string `json:",omitempty"`
	// LogGroup and LogRole are ARNs; both empty: none.
	LogGroup string `json:",omitempty"`
	LogRole  string `json:",omitempty"`
	// Topic is told of log files, by its name or its ARN as it was given; empty: none is.
	Topic               string `json:",omitempty"`
	Global, MultiRegion bool
	// Validate: digest files are made, since Validated.
	Validate  bool
	Validated time.Time
	Tags      map[string]string `json:",omitempty"`
	// Classic or Advanced are the event selectors that were put; both nil: the default.
	Classic  []types.EventSelector         `json:",omitempty"`
	Advanced []types.AdvancedEventSelector `json:",omitempty"`
	// Insights are those that were asked for.
	Insights []types.InsightSelector `json:",omitempty"`
	Logging  bool
	// Started and Stopped are when logging was last; zero: never.
	Started, Stopped time.Time
	// Before is the time of logging before Started, of which news may still come.
	Before interval
}

type interval struct{ From, To time.Time }

// has is exact to the second, as the times of events are.
func (i interval) has(at time.Time) bool {
	return !i.From.IsZero() && !at.Before(i.From.Truncate(time.Second)) && (i.To.IsZero() || !at.After(i.To))
}

// status is how deliveries went. Zero times: never.
type status struct {
	Attempt, Delivered, Digest time.Time
	Error, DigestError         string
	// Tried, Told and TopicError are of the topic.
	Tried, Told time.Time
	TopicError  string
	// LogDelivered and LogError are of the log group; LogRetry is when a refused delivery
	// is tried again.
	LogDelivered, LogRetry time.Time
	LogError               string
}

func (t *trail) arn() string { return trailARN(t.Account, t.Region, t.Name) }
func (t *trail) key() string { return trailKey(t.Account, t.Region, t.Name) }

func (t *trail) resource() op.Resource {
	return op.Resource{ARN: t.arn(), Account: t.Account, Tags: t.Tags}
}

// service is who delivers for the trail.
func (t *trail) service() *op.Caller { return op.ServiceCaller(principal, t.arn(), t.Account) }

// path is what all keys of the trail's files begin with.
func (t *trail) path() string {
	if t.Prefix == "" {
		return "AWSLogs/" + t.Account + "/"
	}
	return t.Prefix + "/AWSLogs/" + t.Account + "/"
}

// context is the encryption context of the trail's files.
// Source: CloudTrail User Guide "Configure AWS KMS key policies for CloudTrail".
func (t *trail) context() map[string]string { return map[string]string{"aws:cloudtrail:arn": t.arn()} }

func trailARN(account, region, name string) string {
	return "arn:aws:cloudtrail:" + region + ":" + account + ":trail/" + name
}

func trailKey(account, region, name string) string { return account + "/" + region + "/" + name + "/" }

var nameForm = regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?$`)

// checkName is the rule for names.
// Source: CloudTrail API_CreateTrail, Name.
func checkName(name string) error {
	bad := func(why string) error { return fail("InvalidTrailNameException", "%s", why) }
	switch {
	case len(name) < 3:
		return bad("Trail name must have a minimum length of 3 characters.")
	case len(name) > 128:
		return bad("Trail name cannot be longer than 128 characters.")
	case !nameForm.MatchString(name):
		return bad("Trail name must start and end with a letter or number, and can only contain uppercase letters, lowercase letters, numbers, periods (.), hyphens (-), and underscores (_).")
	}
	for i := 1; i < len(name); i++ {
		if strings.IndexByte("._-", name[i]) >= 0 && strings.IndexByte("._-", name[i-1]) >= 0 {
			return bad("Trail name cannot have adjacent periods, hyphens or underscores.")
		}
	}
	if _, err := netip.ParseAddr(name); err == nil {
		return bad("Trail name cannot be in IP address format.")
	}
	return nil
}

// place is what a name or ARN stands for; trail is nil if there is none.
type place struct {
	trail *trail
	arn   string
	// account that would own it.
	account, region string
}

// place finds the trail that a request names. A name is looked up in the request's region,
// where trails of all regions that live elsewhere are found as well.
func (s *Service) place(c *op.Call, nameOrARN *string) (place, error) {
	id := text(nameOrARN)
	if strings.HasPrefix(id, "arn:") {
		return s.placeARN(id)
	}
	if err := checkName(id); err != nil {
		return place{}, err
	}
	account := c.Caller.Account
	p := place{trail: s.trails.Get(trailKey(account, c.Region, id)), arn: trailARN(account, c.Region, id), account: account, region: c.Region}
	if p.trail != nil {
		return p, nil
	}
	for _, t := range s.trails.Prefix(account + "/") {
		if t.Name == id && t.MultiRegion {
			return place{t, t.arn(), account, t.Region}, nil
		}
	}
	return p, nil
}

// placeARN is place for an ARN.
func (s *Service) placeARN(arn string) (place, error) {
	part := strings.SplitN(arn, ":", 6)
	if len(part) != 6 || part[1] != "aws" || part[2] != "cloudtrail" || part[3] == "" || len(part[4]) != 12 || !strings.HasPrefix(part[5], "trail/") {
		return place{}, fail("CloudTrailARNInvalidException", "The trail ARN %s is not valid. The format of a trail ARN is arn:aws:cloudtrail:REGION:ACCOUNT:trail/NAME", arn)
	}
	name := strings.TrimPrefix(part[5], "trail/")
	if err := checkName(name); err != nil {
		return place{}, err
	}
	return place{s.trails.Get(trailKey(part[4], part[3], name)), arn, part[4], part[3]}, nil
}

func (p place) resource() op.Resource {
	if p.trail != nil {
		return p.trail.resource()
	}
	return op.Resource{ARN: p.arn, Account: p.account}
}

// found is the trail as the request's region sees it.
func (p place) found(c *op.Call) (*trail, error) {
	if p.trail == nil || (p.region != c.Region && !p.trail.MultiRegion) {
		return nil, fail("TrailNotFoundException", "Unknown trail: %s for the user: %s", p.arn, c.Caller.Account)
	}
	return p.trail, nil
}

// home is the trail, for what only its home region may do.
func (p place) home(c *op.Call) (*trail, error) {
	t, err := p.found(c)
	if err == nil && t.Region != c.Region {
		return nil, fail("InvalidHomeRegionException", "Trail %s cannot be modified in region %s: its home region is %s.", p.arn, c.Region, t.Region)
	}
	return t, err
}

// onTrail is the check of an operation on the trail that id names.
func onTrail[In any](s *Service, action string, id func(*In) *string) func(*op.Call, *In) ([]op.Check, error) {
	return func(c *op.Call, in *In) ([]op.Check, error) {
		p, err := s.place(c, id(in))
		if err != nil {
			return nil, err
		}
		return []op.Check{{Action: "cloudtrail:" + action, Resource: p.resource()}}, nil
	}
}
