package s3

import (
	"time"

	"github.com/strongroom-dev/strongroom/sandbox/internal/op"
)

// Lifecycle is a lifecycle configuration. It is kept and given back in the
// order it came, and it never acts: the sandbox's clock moves no objects.
type Lifecycle struct {
	Rules []LifecycleRule `xml:"Rule"`
}

// LifecycleRule is one rule. Pointers keep "not sent" apart from "empty".
type LifecycleRule struct {
	ID                    *string                `xml:"ID"`
	Prefix                *string                `xml:"Prefix"`
	Filter                *LifecycleFilter       `xml:"Filter"`
	Status                string                 `xml:"Status"`
	Expiration            *LifecycleExpiration   `xml:"Expiration"`
	Transitions           []LifecycleTransition  `xml:"Transition"`
	NoncurrentTransitions []NoncurrentTransition `xml:"NoncurrentVersionTransition"`
	NoncurrentExpiration  *NoncurrentExpiration  `xml:"NoncurrentVersionExpiration"`
	Abort                 *AbortIncomplete       `xml:"AbortIncompleteMultipartUpload"`
}

// LifecycleFilter says which objects a rule covers; one member at most.
type LifecycleFilter struct {
	Prefix                *string       `xml:"Prefix"`
	Tag                   *Tag          `xml:"Tag"`
	ObjectSizeGreaterThan *int64        `xml:"ObjectSizeGreaterThan"`
	ObjectSizeLessThan    *int64        `xml:"ObjectSizeLessThan"`
	And                   *LifecycleAnd `xml:"And"`
}

// LifecycleAnd combines filters.
type LifecycleAnd struct {
	Prefix                *string `xml:"Prefix"`
	Tags                  []Tag   `xml:"Tag"`
	ObjectSizeGreaterThan *int64  `xml:"ObjectSizeGreaterThan"`
	ObjectSizeLessThan    *int64  `xml:"ObjectSizeLessThan"`
}

// LifecycleExpiration ends current versions.
type LifecycleExpiration struct {
	Date                      *string `xml:"Date"`
	Days                      *int    `xml:"Days"`
	ExpiredObjectDeleteMarker *bool   `xml:"ExpiredObjectDeleteMarker"`
}

// LifecycleTransition moves current versions.
type LifecycleTransition struct {
	Date         *string `xml:"Date"`
	Days         *int    `xml:"Days"`
	StorageClass string  `xml:"StorageClass"`
}

// NoncurrentTransition moves old versions.
type NoncurrentTransition struct {
	Days         *int   `xml:"NoncurrentDays"`
	Newer        *int   `xml:"NewerNoncurrentVersions"`
	StorageClass string `xml:"StorageClass"`
}

// NoncurrentExpiration ends old versions.
type NoncurrentExpiration struct {
	Days  *int `xml:"NoncurrentDays"`
	Newer *int `xml:"NewerNoncurrentVersions"`
}

// AbortIncomplete ends multipart uploads.
type AbortIncomplete struct {
	Days *int `xml:"DaysAfterInitiation"`
}

type lifecycleInput struct {
	Bucket  string    `rest:"label:bucket"`
	Minimum string    `rest:"header:x-amz-transition-default-minimum-object-size"`
	Config  Lifecycle `rest:"xml:LifecycleConfiguration"`
}

func (in *lifecycleInput) bucketName() string { return in.Bucket }

type lifecycleOutput struct {
	Minimum string    `rest:"header:x-amz-transition-default-minimum-object-size"`
	Config  Lifecycle `rest:"xml:LifecycleConfiguration"`
}

type lifecyclePutOutput struct {
	Minimum string `rest:"header:x-amz-transition-default-minimum-object-size"`
}

func (s *Service) lifecycleRows() []op.Row {
	return []op.Row{
		op.New("GetBucketLifecycleConfiguration", "S3 API_GetBucketLifecycleConfiguration", op.Read,
			bucketChecks(s, "s3:GetLifecycleConfiguration"), s.getLifecycle),
		op.New("PutBucketLifecycleConfiguration", "S3 API_PutBucketLifecycleConfiguration", op.Write,
			configChecks[*lifecycleInput](s, "s3:PutLifecycleConfiguration"), s.putLifecycle),
		op.New("DeleteBucketLifecycle", "S3 API_DeleteBucketLifecycle", op.Write,
			bucketChecks(s, "s3:PutLifecycleConfiguration"), s.deleteLifecycle),
	}
}

func (s *Service) getLifecycle(c *op.Call, in *bucketInput) (*lifecycleOutput, error) {
	b := s.buckets.Get(in.Bucket)
	if b.Lifecycle == nil {
		return nil, unset(b, "NoSuchLifecycleConfiguration", "The lifecycle configuration does not exist")
	}
	return &lifecycleOutput{b.LifecycleMinimum, *b.Lifecycle}, nil
}

func (s *Service) putLifecycle(c *op.Call, in *lifecycleInput) (*lifecyclePutOutput, error) {
	switch in.Minimum {
	case "":
		in.Minimum = "all_storage_classes_128K"
	case "all_storage_classes_128K", "varies_by_storage_class":
	default:
		return nil, invalidArgument("x-amz-transition-default-minimum-object-size", in.Minimum, "the value is not valid")
	}
	if n := len(in.Config.Rules); n == 0 || n > 1000 {
		return nil, malformedXML("LifecycleConfiguration must have 1 to 1000 Rules")
	}
	ids := map[string]bool{}
	for i := range in.Config.Rules {
		r := &in.Config.Rules[i]
		if r.ID == nil || *r.ID == "" {
			id, err := randomID(c, 24)
			if err != nil {
				return nil, err
			}
			r.ID = &id
		}
		if ids[*r.ID] {
			return nil, invalidArgument("ID", *r.ID, "Rule ID must be unique. Found same ID for more than one rule")
		}
		ids[*r.ID] = true
		if err := checkLifecycleRule(r); err != nil {
			return nil, err
		}
	}
	nb := *s.buckets.Get(in.Bucket)
	nb.Lifecycle, nb.LifecycleMinimum = &in.Config, in.Minimum
	s.buckets.Put(nb.Name, &nb)
	return &lifecyclePutOutput{in.Minimum}, nil
}

// checkLifecycleRule applies the documented limits of a rule.
//
// Source: S3 User Guide intro-lifecycle-rules.
func checkLifecycleRule(r *LifecycleRule) error {
	if len(*r.ID) > 255 {
		return invalidArgument("ID", *r.ID, "ID length should not exceed allowed limit of 255")
	}
	if r.Status != "Enabled" && r.Status != "Disabled" {
		return malformedXML("Status is neither Enabled nor Disabled")
	}
	if (r.Prefix == nil) == (r.Filter == nil) {
		return malformedXML("a Rule must have either Filter or Prefix")
	}
	if r.Filter != nil {
		if err := checkLifecycleFilter(r.Filter); err != nil {
			return err
		}
	}
	if r.Expiration == nil && len(r.Transitions) == 0 && len(r.NoncurrentTransitions) == 0 &&
		r.NoncurrentExpiration == nil && r.Abort == nil {
		return op.Errorf(400, "InvalidRequest", "At least one action needs to be specified in a rule")
	}
	if e := r.Expiration; e != nil {
		if count(e.Date != nil, e.Days != nil, e.ExpiredObjectDeleteMarker != nil) != 1 {
			return malformedXML("Expiration must have one of Date, Days and ExpiredObjectDeleteMarker")
		}
		if err := checkWhen(e.Date, e.Days, 1, "Expiration"); err != nil {
			return err
		}
	}
	for _, t := range r.Transitions {
		if count(t.Date != nil, t.Days != nil) != 1 {
			return malformedXML("Transition must have one of Date and Days")
		}
		if err := checkWhen(t.Date, t.Days, 0, "Transition"); err != nil {
			return err
		}
		if err := checkTransition(t.StorageClass, t.Days); err != nil {
			return err
		}
	}
	for _, t := range r.NoncurrentTransitions {
		if t.Days == nil {
			return malformedXML("NoncurrentVersionTransition must have NoncurrentDays")
		}
		if err := checkWhen(nil, t.Days, 0, "NoncurrentVersionTransition"); err != nil {
			return err
		}
		if err := checkTransition(t.StorageClass, t.Days); err != nil {
			return err
		}
	}
	if n := r.NoncurrentExpiration; n != nil {
		if n.Days == nil {
			return malformedXML("NoncurrentVersionExpiration must have NoncurrentDays")
		}
		if err := checkWhen(nil, n.Days, 1, "NoncurrentVersionExpiration"); err != nil {
			return err
		}
	}
	if a := r.Abort; a != nil {
		if a.Days == nil || (r.Filter != nil && (r.Filter.Tag != nil || r.Filter.And != nil && len(r.Filter.And.Tags) > 0)) {
			return op.Errorf(400, "InvalidRequest", "AbortIncompleteMultipartUpload needs DaysAfterInitiation and cannot be specified with Tags.")
		}
		return checkWhen(nil, a.Days, 1, "AbortIncompleteMultipartUpload")
	}
	return nil
}

func checkLifecycleFilter(f *LifecycleFilter) error {
	if count(f.Prefix != nil, f.Tag != nil, f.ObjectSizeGreaterThan != nil, f.ObjectSizeLessThan != nil, f.And != nil) > 1 {
		return malformedXML("Filter must have one member at most; combine them with And")
	}
	if f.And == nil {
		return nil
	}
	if count(f.And.Prefix != nil, f.And.ObjectSizeGreaterThan != nil, f.And.ObjectSizeLessThan != nil)+len(f.And.Tags) < 2 {
		return malformedXML("And must have two members or more")
	}
	return checkTags(f.And.Tags, maxObjectTags)
}

func count(facts ...bool) int {
	n := 0
	for _, f := range facts {
		if f {
			n++
		}
	}
	return n
}

func checkWhen(date *string, days *int, least int, action string) error {
	if days != nil && *days < least {
		return invalidArgument("Days", itoa(*days), "'Days' for "+action+" action must be a positive integer")
	}
	if date == nil {
		return nil
	}
	t, err := time.Parse(time.RFC3339, *date)
	if err != nil {
		return malformedXML("Date is not an ISO 8601 date")
	}
	if t.UTC().Truncate(24*time.Hour) != t.UTC() {
		return invalidArgument("Date", *date, "'Date' must be at midnight GMT")
	}
	return nil
}

func checkTransition(class string, days *int) error {
	switch class {
	case "GLACIER", "INTELLIGENT_TIERING", "DEEP_ARCHIVE", "GLACIER_IR":
		return nil
	case "STANDARD_IA", "ONEZONE_IA":
		if days != nil && *days < 30 {
			return invalidArgument("Days", itoa(*days), "'Days' in Transition action must be greater than or equal to 30 for storageClass '"+class+"'")
		}
		return nil
	}
	return malformedXML("StorageClass is " + class)
}

func (s *Service) deleteLifecycle(c *op.Call, in *bucketInput) (*noContent, error) {
	nb := *s.buckets.Get(in.Bucket)
	nb.Lifecycle, nb.LifecycleMinimum = nil, ""
	s.buckets.Put(nb.Name, &nb)
	return deleted(), nil
}
