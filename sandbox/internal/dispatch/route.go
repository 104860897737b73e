package dispatch

import (
	"net"
	"net/http"
	"regexp"
	"strings"
)

// route is where a request was addressed to.
type route struct {
	// service is the host name's service, "s3"; empty for a plain endpoint.
	service string
	// region the host stands for; empty for a plain endpoint.
	region string
	// label is what stands before the service: S3's bucket, or S3 Control's
	// account.
	label string
	// roaming: the name leads to the region of its bucket, which the signer
	// knows: BUCKET.s3.amazonaws.com.
	roaming bool
	// fault says why the host is refused; empty: it is not.
	fault string
}

var (
	regionName = regexp.MustCompile(`^[a-z]{2}(-[a-z]+)+-[0-9]+$`)
	// globalServices answer on one host and sign for us-east-1.
	globalServices = map[string]bool{"iam": true, "organizations": true, "route53": true, "cloudfront": true}
)

const (
	awsDomain     = ".amazonaws.com"
	defaultRegion = "us-east-1"
)

// IsAWS reports whether the host name (without port) is one that the sandbox
// answers for as AWS.
//
// Hosts of other partitions and of the newer dual-stack domain count too, so
// that no request for them leaves the machine; routeOf refuses them by name.
func IsAWS(host string) bool {
	host = strings.ToLower(host)
	for _, domain := range []string{awsDomain, ".amazonaws.com.cn", ".amazonaws.eu", ".api.aws"} {
		if strings.HasSuffix(host, domain) {
			return true
		}
	}
	return false
}

// routeOf reads the host of a request. Anything that is not AWS's is the plain
// endpoint, with a bucket before "localhost" or an address as its label.
func routeOf(r *http.Request) route {
	host := hostOnly(r.Host)
	name, ok := strings.CutSuffix(host, awsDomain)
	if !ok && IsAWS(host) {
		service, _, _ := strings.Cut(host, ".")
		return route{service: service, region: defaultRegion, fault: "the sandbox does not know the host " + host}
	}
	if !ok {
		for _, own := range []string{".localhost", ".127.0.0.1"} {
			if label, ok := strings.CutSuffix(host, own); ok {
				return route{label: label}
			}
		}
		return route{}
	}
	if rt, ok := routeS3(name); ok {
		return rt
	}
	parts := strings.Split(name, ".")
	service := strings.TrimSuffix(parts[0], "-fips")
	switch {
	case len(parts) == 1:
		return route{service: service, region: defaultRegion}
	case len(parts) == 2 && regionName.MatchString(parts[1]) && !globalServices[service]:
		return route{service: service, region: parts[1]}
	case len(parts) == 2 && regionName.MatchString(parts[1]):
		return route{service: service, region: defaultRegion}
	case len(parts) == 3 && regionName.MatchString(parts[2]): // ACCOUNT.service.REGION
		return route{service: strings.TrimSuffix(parts[1], "-fips"), region: parts[2], label: parts[0]}
	}
	return route{service: service, region: defaultRegion, fault: "the sandbox does not know the host " + host}
}

// routeS3 reads S3's hosts: BUCKET.s3.REGION, with dual-stack and FIPS forms,
// the legacy dash before the region, and no region for us-east-1. A bucket's
// name may hold dots and may itself look like a host.
// Source: S3 User Guide "Virtual hosting of buckets"; AWS General Reference
// "Amazon S3 endpoints and quotas".
func routeS3(name string) (route, bool) {
	parts := strings.Split(name, ".")
	for i := len(parts) - 1; i >= 0; i-- {
		word := parts[i]
		if word != "s3" && !strings.HasPrefix(word, "s3-") {
			continue
		}
		rest := parts[i+1:]
		rt := route{service: "s3", region: defaultRegion, label: strings.Join(parts[:i], ".")}
		if len(rest) > 0 && rest[0] == "dualstack" {
			rest = rest[1:]
		}
		switch word = strings.TrimSuffix(word, "-fips"); {
		case word == "s3" || word == "s3-control":
		case word == "s3-external-1":
		case regionName.MatchString(strings.TrimPrefix(word, "s3-")) && len(rest) == 0:
			rest = []string{strings.TrimPrefix(word, "s3-")}
		default:
			rt.fault = "the sandbox does not implement the S3 endpoint " + word
		}
		if word == "s3-control" {
			rt.service = "s3-control"
		}
		switch {
		case len(rest) == 1 && regionName.MatchString(rest[0]):
			rt.region = rest[0]
		case len(rest) != 0:
			return route{}, false // an S3-looking word inside another host
		default:
			rt.roaming = word == "s3" && rt.label != ""
		}
		return rt, true
	}
	return route{}, false
}

// hostOnly is the host without its port, lower-case.
func hostOnly(hostport string) string {
	if h, _, err := net.SplitHostPort(hostport); err == nil {
		hostport = h
	}
	return strings.ToLower(hostport)
}
