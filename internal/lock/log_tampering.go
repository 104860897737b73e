package lock

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/strongroom-dev/strongroom/internal/logintegrity"
	"github.com/strongroom-dev/strongroom/internal/room"
)

// deliveries is how long the trail delivers before it is tampered with: an hour
// for a digest, and what it takes to deliver it.
const deliveries = 75 * time.Minute

func logTampering() *Lock {
	tamper := func(request string, pick func(logs, digests []string) string, do func(w *World, ctx context.Context, key string) (undo func() error, err error)) Attack {
		return Attack{By: "the operator, who takes the bucket's policy off first", Request: request, Do: func(ctx context.Context, w *World) (Outcome, error) {
			return w.tamper(ctx, pick, do)
		}}
	}
	newest := func(logs, _ []string) string { return logs[len(logs)-1] }
	return &Lock{
		ID:       "log-tampering",
		Claim:    "Whoever changes what the trail delivered is found out: by validation of the log files.",
		Enforced: "modules/baseline/audit-logging/main.trail.tf: enable_log_file_validation",
		Without:  without(room.AuditLogging),
		Controls: []Attack{{
			By: "anybody", Request: "validation of log files that nobody touched",
			Do: func(ctx context.Context, w *World) (Outcome, error) {
				from := w.Now()
				if err := w.Advance(ctx, deliveries); err != nil {
					return Outcome{}, err
				}
				logs, digests, err := w.delivered(ctx, from)
				if err != nil {
					return Outcome{}, err
				}
				if len(logs) == 0 || len(digests) == 0 {
					// Without digests nothing validates, whoever did what: the attacks tell.
					return Outcome{Answer: "nothing to validate", DecidedBy: "the trail writes no digest files"}, nil
				}
				report, err := w.validate(ctx, from)
				if err != nil {
					return Outcome{}, err
				}
				if len(report.Findings) > 0 {
					f := report.Findings[0]
					return Outcome{Answer: "found", Refused: true, DecidedBy: f.Object + ": " + f.Why}, nil
				}
				return Outcome{Answer: fmt.Sprintf("valid: %d digest files, %d log files", report.Digests, report.Logs), DecidedBy: "CloudTrail's signatures"}, nil
			},
		}},
		Attacks: []Attack{
			tamper("a log file emptied", newest, (*World).overwriteLog),
			tamper("a log file deleted", newest, (*World).deleteLog),
			tamper("a digest file deleted, so that its log files are nobody's", func(_, digests []string) string { return digests[0] }, (*World).deleteLog),
		},
		TakeOff: func(ctx context.Context, w *World) (func() error, error) {
			set := func(on bool) error {
				_, err := cloudtrail.NewFromConfig(w.Config(&w.Operator)).UpdateTrail(ctx, &cloudtrail.UpdateTrailInput{Name: aws.String(w.Room.TrailARN()), EnableLogFileValidation: &on})
				return err
			}
			return func() error { return set(true) }, set(false)
		},
	}
}

// validate validates what was delivered since a time.
func (w *World) validate(ctx context.Context, from time.Time) (*logintegrity.Report, error) {
	return logintegrity.Validate(ctx, w.Config(&w.Operator), logintegrity.Trail{
		Name: w.Room.TrailName(), HomeRegion: w.Region, Account: w.Account, Bucket: w.Room.Baseline.Audit.Bucket,
	}, logintegrity.Window{From: from, To: w.Now()})
}

// delivered lists the log files and the digest files of the room's region that came
// since a time, oldest first.
func (w *World) delivered(ctx context.Context, since time.Time) (logs, digests []string, err error) {
	pages := s3.NewListObjectsV2Paginator(w.operator(), &s3.ListObjectsV2Input{Bucket: &w.Room.Baseline.Audit.Bucket, Prefix: aws.String("AWSLogs/" + w.Account + "/")})
	var found []types.Object
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, nil, err
		}
		found = append(found, page.Contents...)
	}
	slices.SortStableFunc(found, func(a, b types.Object) int { return a.LastModified.Compare(*b.LastModified) })
	for _, o := range found {
		switch {
		case o.LastModified.Before(since):
		case strings.Contains(*o.Key, "/CloudTrail/"+w.Region+"/"):
			logs = append(logs, *o.Key)
		case strings.Contains(*o.Key, "/CloudTrail-Digest/"+w.Region+"/"):
			digests = append(digests, *o.Key)
		}
	}
	return logs, digests, nil
}

// tamper lets the trail deliver for three hours, does something to a file, and asks
// the validation about it.
func (w *World) tamper(ctx context.Context, pick func(logs, digests []string) string, do func(*World, context.Context, string) (func() error, error)) (o Outcome, err error) {
	from := w.Now()
	for range 3 {
		if err := w.Advance(ctx, deliveries); err != nil {
			return Outcome{}, err
		}
	}
	logs, digests, err := w.delivered(ctx, from)
	if err != nil {
		return Outcome{}, err
	}
	if len(digests) < 2 {
		return Outcome{Answer: "not found", DecidedBy: "the trail writes no digest files"}, nil
	}
	// A file that no digest names yet is not validated yet: the log files before the
	// last digest.
	last := slices.IndexFunc(logs, func(key string) bool { return stampOf(key) >= stampOf(digests[len(digests)-1]) })
	if last > 0 {
		logs = logs[:last]
	}
	if len(logs) == 0 {
		return Outcome{}, fmt.Errorf("the trail delivered no log file since %s", from.UTC().Format(time.RFC3339))
	}
	key := pick(logs, digests)
	policy, err := w.operator().GetBucketPolicy(ctx, &s3.GetBucketPolicyInput{Bucket: &w.Room.Baseline.Audit.Bucket})
	if err != nil {
		return Outcome{}, err
	}
	if _, err := w.operator().DeleteBucketPolicy(ctx, &s3.DeleteBucketPolicyInput{Bucket: &w.Room.Baseline.Audit.Bucket}); err != nil {
		return Outcome{}, err
	}
	defer func() {
		_, back := w.operator().PutBucketPolicy(context.WithoutCancel(ctx), &s3.PutBucketPolicyInput{Bucket: &w.Room.Baseline.Audit.Bucket, Policy: policy.Policy})
		err = errors.Join(err, back)
	}()
	undo, err := do(w, ctx, key)
	if err != nil {
		return Outcome{}, err
	}
	defer func() { err = errors.Join(err, undo()) }()
	report, err := w.validate(ctx, from)
	if err != nil {
		return Outcome{}, err
	}
	for _, f := range report.Findings {
		if f.Object == key {
			return Outcome{Answer: "found: " + string(f.Problem), Refused: true, DecidedBy: f.Why}, nil
		}
	}
	return Outcome{Answer: "not found", DecidedBy: fmt.Sprintf("%d digest files and %d log files were called valid", report.Digests, report.Logs)}, nil
}

// stampOf is the time in a file's name: both kinds have it between underscores, as
// 20060102T1504, and log files without the seconds.
func stampOf(key string) string {
	for _, part := range strings.Split(key[strings.LastIndexByte(key, '/')+1:], "_") {
		if len(part) >= 14 && part[8] == 'T' {
			return part[:13]
		}
	}
	return ""
}

func (w *World) overwriteLog(ctx context.Context, key string) (func() error, error) {
	bucket := &w.Room.Baseline.Audit.Bucket
	out, err := w.operator().PutObject(ctx, &s3.PutObjectInput{Bucket: bucket, Key: &key, Body: bytes.NewReader([]byte("nothing happened"))})
	if err != nil {
		return nil, err
	}
	return func() error {
		_, err := w.operator().DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: bucket, Key: &key, VersionId: out.VersionId})
		return err
	}, nil
}

func (w *World) deleteLog(ctx context.Context, key string) (func() error, error) {
	bucket := &w.Room.Baseline.Audit.Bucket
	out, err := w.operator().DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: bucket, Key: &key})
	if err != nil {
		return nil, err
	}
	return func() error {
		_, err := w.operator().DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: bucket, Key: &key, VersionId: out.VersionId})
		return err
	}, nil
}
