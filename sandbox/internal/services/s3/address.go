package s3

import (
	"net/netip"
	"net/url"
	"regexp"
	"strings"

	"github.com/strongroom-dev/strongroom/sandbox/internal/op"
)

// address is what host and path of a request name.
type address struct {
	// control is true for S3 Control, whose host is ACCOUNT.s3-control.REGION.
	control bool
	// global is true for s3.amazonaws.com, which names no region.
	global bool
	// account is S3 Control's, empty if the host has none.
	account string
	// hosted is true when the host names the bucket, not the path.
	hosted bool
	bucket string
	key    string
	// path is the whole path, for S3 Control.
	path string
}

// addressOf reads a virtual-hosted or path-style address. A host that is not
// AWS's is an endpoint override: path style, or BUCKET.localhost.
//
// Source: S3 User Guide VirtualHosting.
func addressOf(host string, u *url.URL) address {
	host = strings.ToLower(host)
	if i := strings.LastIndexByte(host, ':'); i >= 0 && !strings.HasSuffix(host, "]") {
		host = host[:i]
	}
	a := address{path: u.Path}
	if rest, ok := strings.CutSuffix(host, ".amazonaws.com"); ok {
		a.readHost(rest)
	} else if rest, ok := strings.CutSuffix(host, ".localhost"); ok && rest != "s3" {
		a.bucket = strings.TrimSuffix(rest, ".s3")
	}
	if a.control {
		return a
	}
	path := strings.TrimPrefix(u.Path, "/")
	if a.bucket != "" {
		a.hosted, a.key = true, path
		return a
	}
	a.bucket, a.key, _ = strings.Cut(path, "/")
	return a
}

// readHost reads the labels before ".amazonaws.com" from the right: region,
// "dualstack", then the service. A bucket's name may hold "s3" as a label too.
func (a *address) readHost(rest string) {
	labels := strings.Split(rest, ".")
	for i := len(labels) - 1; i >= 0 && i >= len(labels)-3; i-- {
		label := labels[i]
		before := strings.Join(labels[:i], ".")
		switch {
		case label == "s3-control" || label == "s3-control-fips":
			a.control, a.account = true, before
			return
		case label == "s3" || strings.HasPrefix(label, "s3-"):
			a.global = label == "s3" && i == len(labels)-1
			a.bucket = before
			return
		}
	}
}

var bucketName = regexp.MustCompile(`^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$`)

// checkBucketName applies the rules for new general purpose buckets.
//
// Source: S3 User Guide bucketnamingrules.
func checkBucketName(name string) error {
	bad := !bucketName.MatchString(name) || strings.Contains(name, "..")
	if _, err := netip.ParseAddr(name); err == nil {
		bad = true
	}
	for _, p := range []string{"xn--", "sthree-", "amzn-s3-demo-"} {
		bad = bad || strings.HasPrefix(name, p)
	}
	for _, p := range []string{"-s3alias", "--ol-s3", ".mrap", "--x-s3", "--table-s3"} {
		bad = bad || strings.HasSuffix(name, p)
	}
	if bad {
		return &op.Error{Status: 400, Code: "InvalidBucketName", Message: "The specified bucket is not valid.",
			Fields: [][2]string{{"BucketName", name}}}
	}
	return nil
}

// maxKeyBytes is the longest object key, in bytes of UTF-8.
const maxKeyBytes = 1024
