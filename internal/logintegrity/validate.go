package logintegrity

import (
	"context"
	"crypto/rsa"
	"crypto/x509"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/smithy-go"
	"golang.org/x/sync/errgroup"
)

// Trail says where a trail delivers to.
type Trail struct {
	// Name of the trail, and the region that it was made in.
	Name, HomeRegion string
	// Account is the 12-digit ID of the account whose events are recorded.
	Account string
	// Bucket and Prefix are where the files are; Prefix is empty or has no slash
	// at its end.
	Bucket, Prefix string
}

// Window is the time that is validated. Digest files are about an hour each: one
// belongs to the window if it ends in it.
type Window struct{ From, To time.Time }

// Problem is what is wrong with a file.
type Problem string

const (
	// Missing files were delivered and are no longer there.
	Missing Problem = "missing"
	// Changed files are not what was delivered.
	Changed Problem = "changed"
	// Restarted chains begin anew: logging or validation was off in between.
	Restarted Problem = "restarted"
	// Ended chains have no digest for the last hours of the window.
	Ended Problem = "ended"
)

// Finding is one file that does not validate.
type Finding struct {
	Region  string  `json:"region"`
	Object  string  `json:"object"`
	Problem Problem `json:"problem"`
	// Why is half a sentence for a person.
	Why string `json:"why"`
}

// Report is what was validated. Findings is never nil.
type Report struct {
	Digests  int       `json:"digests"`
	Logs     int       `json:"log_files"`
	Findings []Finding `json:"findings"`
}

// late is how long after its hour a digest may be delivered before its absence
// is a finding. AWS names no time; log files take 5 minutes on average and up to
// 15, and the digest comes after its hour's last.
const late = time.Hour

// atOnce is how many log files are read at the same time.
const atOnce = 8

// Validate validates what the trail delivered in the window, in every region
// that has digest files. cfg needs s3:ListBucket and s3:GetObject on the bucket,
// kms:Decrypt on its key and cloudtrail:ListPublicKeys. An error means that
// nothing can be said; what is wrong with the files is in the report. A window
// without any digest file is an error too: nothing was validated.
func Validate(ctx context.Context, cfg aws.Config, t Trail, w Window) (*Report, error) {
	v := &validation{cfg: cfg, trail: t, window: w, client: s3.NewFromConfig(cfg), report: &Report{Findings: []Finding{}}}
	regions, err := v.regions(ctx)
	if err != nil {
		return nil, fmt.Errorf("list the digest files of trail %s: %w", t.Name, err)
	}
	for _, region := range regions {
		if err := v.region(ctx, region); err != nil {
			return nil, fmt.Errorf("validate the logs of %s: %w", region, err)
		}
	}
	if v.report.Digests == 0 && len(v.report.Findings) == 0 {
		return nil, fmt.Errorf("trail %s has no digest file from %s to %s in %s: turn log file validation on, or wait for the first hour to end",
			t.Name, w.From.UTC().Format(time.RFC3339), w.To.UTC().Format(time.RFC3339), t.Bucket)
	}
	slices.SortStableFunc(v.report.Findings, func(a, b Finding) int {
		if n := strings.Compare(a.Region, b.Region); n != 0 {
			return n
		}
		return strings.Compare(a.Object, b.Object)
	})
	return v.report, nil
}

type validation struct {
	cfg    aws.Config
	trail  Trail
	window Window
	client *s3.Client
	report *Report
}

func (v *validation) find(region, object string, p Problem, why string) {
	v.report.Findings = append(v.report.Findings, Finding{Region: region, Object: object, Problem: p, Why: why})
}

// root is what the names of all digest files begin with.
func (v *validation) root() string {
	return path.Join(v.trail.Prefix, "AWSLogs", v.trail.Account, "CloudTrail-Digest") + "/"
}

// regions are those that the bucket has digest files of.
func (v *validation) regions(ctx context.Context) (found []string, err error) {
	pages := s3.NewListObjectsV2Paginator(v.client, &s3.ListObjectsV2Input{Bucket: &v.trail.Bucket, Prefix: aws.String(v.root()), Delimiter: aws.String("/")})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		for _, p := range page.CommonPrefixes {
			found = append(found, path.Base(*p.Prefix))
		}
	}
	return found, nil
}

// before is how long before the window digest files are looked for: a chain that
// ended just before it has ended.
const before = 48 * time.Hour

// list returns the trail's digest files of the window, oldest first, and the last
// one before it, nil if there is none.
func (v *validation) list(ctx context.Context, region string) (found []*digest, earlier *digest, err error) {
	base := v.root() + region + "/"
	mine := fmt.Sprintf("%s_CloudTrail-Digest_%s_%s_%s_", v.trail.Account, region, v.trail.Name, v.trail.HomeRegion)
	in := &s3.ListObjectsV2Input{Bucket: &v.trail.Bucket, Prefix: &base, StartAfter: aws.String(base + v.window.From.Add(-before).UTC().Format("2006/01/02"))}
	pages := s3.NewListObjectsV2Paginator(v.client, in)
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, nil, err
		}
		for _, o := range page.Contents {
			end, ok := stamp(*o.Key)
			switch d := (&digest{Key: *o.Key, end: end}); {
			case !ok || !strings.HasPrefix(path.Base(*o.Key), mine) || end.After(v.window.To):
			case !end.Before(v.window.From):
				found = append(found, d)
			case earlier == nil || earlier.end.Before(end):
				earlier = d
			}
		}
	}
	slices.SortFunc(found, func(a, b *digest) int { return a.end.Compare(b.end) })
	return found, earlier, nil
}

// keys are those that CloudTrail signed with in a region.
func (v *validation) keys(ctx context.Context, region string) (map[string]*rsa.PublicKey, error) {
	client := cloudtrail.NewFromConfig(v.cfg, func(o *cloudtrail.Options) { o.Region = region })
	found := map[string]*rsa.PublicKey{}
	pages := cloudtrail.NewListPublicKeysPaginator(client, &cloudtrail.ListPublicKeysInput{StartTime: &v.window.From, EndTime: &v.window.To})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		for _, k := range page.PublicKeyList {
			key, err := x509.ParsePKCS1PublicKey(k.Value)
			if err != nil {
				return nil, fmt.Errorf("CloudTrail's public key %s: %w", aws.ToString(k.Fingerprint), err)
			}
			found[aws.ToString(k.Fingerprint)] = key
		}
	}
	return found, nil
}

func (v *validation) region(ctx context.Context, region string) error {
	digests, last, err := v.list(ctx, region)
	if err != nil {
		return err
	}
	// A region where nothing happens may have no digests at all; the trail's own has.
	if len(digests) > 0 {
		last = digests[len(digests)-1]
	} else if region != v.trail.HomeRegion {
		return nil
	}
	if last != nil && v.window.To.Sub(last.end) > time.Hour+late {
		v.find(region, last.Key, Ended, fmt.Sprintf("it is the last, and a digest is delivered every hour until %s", v.window.To.UTC().Format(time.RFC3339)))
	}
	if len(digests) == 0 {
		return nil
	}
	keys, err := v.keys(ctx, region)
	if err != nil {
		return err
	}
	// previous is the last digest that can be trusted; a file that cannot be read
	// says nothing of the one before it.
	var previous *digest
	for _, d := range digests {
		v.report.Digests++
		if why, err := v.open(ctx, d, keys); err != nil {
			return err
		} else if why != "" {
			v.find(region, d.Key, Changed, why)
			previous = nil
			continue
		}
		v.link(region, previous, d)
		if err := v.logs(ctx, region, d); err != nil {
			return err
		}
		previous = d
	}
	return nil
}

// open reads a digest and says why it is not authentic.
func (v *validation) open(ctx context.Context, d *digest, keys map[string]*rsa.PublicKey) (why string, err error) {
	out, err := v.client.GetObject(ctx, &s3.GetObjectInput{Bucket: &v.trail.Bucket, Key: &d.Key})
	if err != nil {
		return "", err
	}
	defer out.Body.Close()
	d.signature = out.Metadata["signature"]
	body := &remembering{r: out.Body}
	if err := d.read(body); err != nil {
		return "it cannot be read: " + err.Error(), body.err
	}
	return d.authentic(v.trail.Bucket, keys), nil
}

// link checks that d follows the previous digest. What d says of the one before it is signed.
func (v *validation) link(region string, previous, d *digest) {
	switch named := d.said.PreviousObject; {
	case named == nil && previous != nil:
		v.find(region, d.Key, Restarted, "it begins a new chain: logging or log file validation was off before it")
	case named == nil || previous != nil && *named == previous.Key:
		if named != nil && aws.ToString(d.said.PreviousHash) != previous.hash {
			v.find(region, previous.Key, Changed, "it is not the file that the next digest names")
		}
	default:
		end, ok := stamp(*named)
		if !ok || !end.Before(v.window.From) && aws.ToString(d.said.PreviousBucket) == v.trail.Bucket && !v.seen(*named) {
			v.find(region, *named, Missing, "the next digest names it: it was deleted")
		}
	}
}

// seen tells whether there is a finding about an object already.
func (v *validation) seen(object string) bool {
	return slices.ContainsFunc(v.report.Findings, func(f Finding) bool { return f.Object == object })
}

// logs validates the log files that a digest names.
func (v *validation) logs(ctx context.Context, region string, d *digest) error {
	found := make([]*Finding, len(d.said.Files))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(atOnce)
	for i, f := range d.said.Files {
		group.Go(func() error {
			problem, why, err := v.log(ctx, f)
			if problem != "" {
				found[i] = &Finding{Region: region, Object: f.Object, Problem: problem, Why: why}
			}
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	v.report.Logs += len(found)
	for _, f := range found {
		if f != nil {
			v.report.Findings = append(v.report.Findings, *f)
		}
	}
	return nil
}

// log validates one log file.
func (v *validation) log(ctx context.Context, f logFile) (p Problem, why string, err error) {
	if f.Algorithm != hashAlgorithm {
		return "", "", fmt.Errorf("a digest names the hash algorithm %q, only %s is known", f.Algorithm, hashAlgorithm)
	}
	out, err := v.client.GetObject(ctx, &s3.GetObjectInput{Bucket: &f.Bucket, Key: &f.Object})
	var missing *types.NoSuchKey
	var api smithy.APIError
	switch {
	case errors.As(err, &missing), errors.As(err, &api) && api.ErrorCode() == "NoSuchKey":
		return Missing, "its digest names it: it was deleted", nil
	case err != nil:
		return "", "", err
	}
	defer out.Body.Close()
	body := &remembering{r: out.Body}
	hash, _, err := unpack(body, false)
	switch {
	case body.err != nil:
		return "", "", body.err
	case err != nil:
		return Changed, "it cannot be unpacked: it was changed", nil
	case hash != f.Hash:
		return Changed, "its content is not what was delivered", nil
	}
	return "", "", nil
}
