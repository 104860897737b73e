package s3

import (
	"net/http"
	"net/url"
	"sort"
	"strings"

	"github.com/strongroom-dev/strongroom/sandbox/internal/op"
)

// route names an operation by what distinguishes it: the target ("service",
// "bucket", "object", "control"), the method and the subresource.
type route struct{ target, method, sub string }

// routes is every operation that is served.
var routes = map[route]string{
	{"service", "GET", ""}: "ListBuckets",

	{"bucket", "PUT", ""}:                     "CreateBucket",
	{"bucket", "HEAD", ""}:                    "HeadBucket",
	{"bucket", "DELETE", ""}:                  "DeleteBucket",
	{"bucket", "GET", ""}:                     "ListObjects",
	{"bucket", "GET", "list-type"}:            "ListObjectsV2",
	{"bucket", "GET", "versions"}:             "ListObjectVersions",
	{"bucket", "GET", "uploads"}:              "ListMultipartUploads",
	{"bucket", "POST", "delete"}:              "DeleteObjects",
	{"bucket", "GET", "location"}:             "GetBucketLocation",
	{"bucket", "GET", "versioning"}:           "GetBucketVersioning",
	{"bucket", "PUT", "versioning"}:           "PutBucketVersioning",
	{"bucket", "GET", "policy"}:               "GetBucketPolicy",
	{"bucket", "PUT", "policy"}:               "PutBucketPolicy",
	{"bucket", "DELETE", "policy"}:            "DeleteBucketPolicy",
	{"bucket", "GET", "policyStatus"}:         "GetBucketPolicyStatus",
	{"bucket", "GET", "publicAccessBlock"}:    "GetBucketPublicAccessBlock",
	{"bucket", "PUT", "publicAccessBlock"}:    "PutBucketPublicAccessBlock",
	{"bucket", "DELETE", "publicAccessBlock"}: "DeleteBucketPublicAccessBlock",
	{"bucket", "GET", "ownershipControls"}:    "GetBucketOwnershipControls",
	{"bucket", "PUT", "ownershipControls"}:    "PutBucketOwnershipControls",
	{"bucket", "DELETE", "ownershipControls"}: "DeleteBucketOwnershipControls",
	{"bucket", "GET", "encryption"}:           "GetBucketEncryption",
	{"bucket", "PUT", "encryption"}:           "PutBucketEncryption",
	{"bucket", "DELETE", "encryption"}:        "DeleteBucketEncryption",
	{"bucket", "GET", "lifecycle"}:            "GetBucketLifecycleConfiguration",
	{"bucket", "PUT", "lifecycle"}:            "PutBucketLifecycleConfiguration",
	{"bucket", "DELETE", "lifecycle"}:         "DeleteBucketLifecycle",
	{"bucket", "GET", "tagging"}:              "GetBucketTagging",
	{"bucket", "PUT", "tagging"}:              "PutBucketTagging",
	{"bucket", "DELETE", "tagging"}:           "DeleteBucketTagging",
	{"bucket", "GET", "acl"}:                  "GetBucketAcl",
	{"bucket", "PUT", "acl"}:                  "PutBucketAcl",
	{"bucket", "GET", "cors"}:                 "GetBucketCors",
	{"bucket", "GET", "website"}:              "GetBucketWebsite",
	{"bucket", "GET", "logging"}:              "GetBucketLogging",
	{"bucket", "PUT", "logging"}:              "PutBucketLogging",
	{"bucket", "GET", "accelerate"}:           "GetBucketAccelerateConfiguration",
	{"bucket", "GET", "requestPayment"}:       "GetBucketRequestPayment",
	{"bucket", "GET", "replication"}:          "GetBucketReplication",
	{"bucket", "GET", "object-lock"}:          "GetObjectLockConfiguration",
	{"bucket", "GET", "notification"}:         "GetBucketNotificationConfiguration",

	{"object", "GET", ""}:              "GetObject",
	{"object", "HEAD", ""}:             "HeadObject",
	{"object", "PUT", ""}:              "PutObject",
	{"object", "PUT", "copy"}:          "CopyObject",
	{"object", "DELETE", ""}:           "DeleteObject",
	{"object", "GET", "attributes"}:    "GetObjectAttributes",
	{"object", "GET", "acl"}:           "GetObjectAcl",
	{"object", "PUT", "acl"}:           "PutObjectAcl",
	{"object", "PUT", "encryption"}:    "UpdateObjectEncryption",
	{"object", "GET", "tagging"}:       "GetObjectTagging",
	{"object", "PUT", "tagging"}:       "PutObjectTagging",
	{"object", "DELETE", "tagging"}:    "DeleteObjectTagging",
	{"object", "POST", "uploads"}:      "CreateMultipartUpload",
	{"object", "PUT", "uploadId"}:      "UploadPart",
	{"object", "PUT", "uploadId copy"}: "UploadPartCopy",
	{"object", "POST", "uploadId"}:     "CompleteMultipartUpload",
	{"object", "DELETE", "uploadId"}:   "AbortMultipartUpload",
	{"object", "GET", "uploadId"}:      "ListParts",

	{"control", "GET", "/v20180820/configuration/publicAccessBlock"}:    "GetPublicAccessBlock",
	{"control", "PUT", "/v20180820/configuration/publicAccessBlock"}:    "PutPublicAccessBlock",
	{"control", "DELETE", "/v20180820/configuration/publicAccessBlock"}: "DeletePublicAccessBlock",
}

// subresources are the query parameters that turn a request into another
// operation. One that S3 has and this table's operations have not is refused
// by name; it must never fall through to the plain object call.
//
// Source: S3 API Reference, the request syntax of every operation.
var subresources = map[string]bool{
	"accelerate": true, "acl": true, "analytics": true, "annotation": true, "append": true, "attributes": true, "abac": true, "cors": true,
	"delete": true, "encryption": true, "intelligent-tiering": true, "inventory": true, "legal-hold": true,
	"lifecycle": true, "list-type": true, "location": true, "logging": true, "metadataConfiguration": true,
	"metadataInventoryTable": true, "metadataJournalTable": true, "metadataTable": true, "metrics": true,
	"notification": true, "object-lock": true, "ownershipControls": true, "policy": true, "policyStatus": true,
	"publicAccessBlock": true, "renameObject": true, "replication": true, "requestPayment": true, "restore": true,
	"retention": true, "select": true, "session": true, "tagging": true, "torrent": true, "uploadId": true,
	"uploads": true, "versioning": true, "versions": true, "website": true,
}

// operation finds the operation of a request.
func operation(r *http.Request, a address, query url.Values) (string, error) {
	rt := route{method: r.Method}
	switch {
	case a.control:
		rt.target, rt.sub = "control", a.path
	case a.bucket == "":
		rt.target = "service"
	case a.key == "":
		rt.target = "bucket"
	default:
		rt.target = "object"
	}
	if !a.control {
		var subs []string
		for name := range query {
			if subresources[name] {
				subs = append(subs, name)
			}
		}
		sort.Strings(subs)
		if len(subs) > 1 {
			return "", op.Errorf(http.StatusBadRequest, "InvalidArgument", "Conflicting query string parameters: %s", strings.Join(subs, ", "))
		}
		if len(subs) == 1 {
			rt.sub = subs[0]
		}
		if rt.target == "object" && rt.method == http.MethodPut && r.Header.Get("X-Amz-Copy-Source") != "" {
			rt.sub = strings.TrimSpace(rt.sub + " copy")
		}
	}
	if name, ok := routes[rt]; ok {
		return name, nil
	}
	return rt.missing(), nil
}

// missing names what is asked for and not served, so that the dispatcher
// refuses and counts it: by S3's name of the operation where there is one.
func (rt route) missing() string {
	verb := map[string]string{http.MethodGet: "Get", http.MethodPut: "Put", http.MethodDelete: "Delete"}[rt.method]
	if noun := nouns[rt.target+" "+rt.sub]; verb != "" && noun != "" {
		return verb + noun
	}
	return strings.TrimSpace(rt.method + " " + rt.target + " " + rt.sub)
}

// nouns are the configurations whose operations are served in part or not at all.
//
// Source: S3 API Reference, the names of the operations.
var nouns = map[string]string{
	"bucket accelerate": "BucketAccelerateConfiguration", "bucket analytics": "BucketAnalyticsConfiguration", "bucket cors": "BucketCors",
	"bucket intelligent-tiering": "BucketIntelligentTieringConfiguration", "bucket inventory": "BucketInventoryConfiguration",
	"bucket metrics": "BucketMetricsConfiguration", "bucket notification": "BucketNotificationConfiguration",
	"bucket object-lock": "ObjectLockConfiguration", "bucket replication": "BucketReplication", "bucket requestPayment": "BucketRequestPayment",
	"bucket website": "BucketWebsite", "object legal-hold": "ObjectLegalHold", "object retention": "ObjectRetention", "object torrent": "ObjectTorrent",
}
