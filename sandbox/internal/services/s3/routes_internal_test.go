package s3

import (
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/strongroom-dev/strongroom/sandbox/internal/op"
	"github.com/strongroom-dev/strongroom/sandbox/internal/store"
)

func TestAddress(t *testing.T) {
	for _, tc := range []struct{ host, path, bucket, key string }{
		{"s3.eu-west-2.amazonaws.com", "/b/k/l", "b", "k/l"},
		{"s3.amazonaws.com", "/b", "b", ""},
		{"s3.amazonaws.com", "/", "", ""},
		{"b.s3.eu-west-2.amazonaws.com", "/k/l", "b", "k/l"},
		{"b.c.s3.amazonaws.com:443", "//k", "b.c", "/k"},
		{"b.s3.dualstack.eu-west-2.amazonaws.com", "/", "b", ""},
		{"b.s3-eu-west-2.amazonaws.com", "/k", "b", "k"},
		{"my.s3.bucket.s3.eu-west-2.amazonaws.com", "/k", "my.s3.bucket", "k"},
		{"127.0.0.1:4566", "/b/k", "b", "k"},
		{"b.localhost:4566", "/k", "b", "k"},
		{"b.s3.localhost:4566", "/k", "b", "k"},
		{"s3.localhost:4566", "/b/k", "b", "k"},
		{"[::1]:4566", "/b/k", "b", "k"},
	} {
		a := addressOf(tc.host, &url.URL{Path: tc.path})
		if a.bucket != tc.bucket || a.key != tc.key || a.control {
			t.Errorf("%s%s: got %q %q, want %q %q", tc.host, tc.path, a.bucket, a.key, tc.bucket, tc.key)
		}
	}
	if a := addressOf("111122223333.s3-control.eu-west-2.amazonaws.com", &url.URL{Path: "/v20180820/x"}); !a.control || a.account != "111122223333" {
		t.Errorf("got %+v", a)
	}
}

// Every route has a row and every row a route, so that nothing is reachable
// without its authorisation and nothing is dead.
func TestRoutesAreRows(t *testing.T) {
	rows := map[string]bool{}
	for _, r := range New(store.Memory(), nil, nil).Rows() {
		if rows[r.Name] {
			t.Errorf("the row %s is there twice", r.Name)
		}
		rows[r.Name] = true
		if !r.HasChecks() || r.Source == "" {
			t.Errorf("the row %s lacks checks or source", r.Name)
		}
	}
	for name := range events {
		if !rows[name] {
			t.Errorf("the event's name of %s has no row", name)
		}
	}
	for _, name := range routes {
		if !rows[name] {
			t.Errorf("the route to %s has no row", name)
		}
		delete(rows, name)
	}
	for name := range rows {
		t.Errorf("the row %s has no route", name)
	}
}

// Batch rows and rows that hide missing keys are the only ones that ask.
func TestAskingRows(t *testing.T) {
	want := "CopyObject DeleteObjectTagging DeleteObjects GetObject GetObjectAcl GetObjectAttributes GetObjectTagging HeadObject PutObjectAcl PutObjectTagging UpdateObjectEncryption UploadPartCopy"
	asks := map[string]bool{}
	for _, r := range New(store.Memory(), nil, nil).Rows() {
		if r.Asks != "" {
			asks[r.Name] = true
		}
	}
	for _, name := range strings.Fields(want) {
		if !asks[name] {
			t.Errorf("%s does not ask", name)
		}
		delete(asks, name)
	}
	for name := range asks {
		t.Errorf("%s asks, and is not listed here", name)
	}
}

// FuzzOperation: a request is a known operation or an error; with a
// subresource it never becomes the plain call.
func FuzzOperation(f *testing.F) {
	f.Add("PUT", "b.s3.eu-west-2.amazonaws.com", "/k", "x-id=PutObject")
	f.Add("PUT", "s3.amazonaws.com", "/b/k", "retention&versionId=1")
	f.Add("GET", "s3.amazonaws.com", "/b", "list-type=2&policy")
	f.Add("DELETE", "1.s3-control.eu-west-2.amazonaws.com", "/v20180820/configuration/publicAccessBlock", "")
	f.Fuzz(func(t *testing.T, method, host, path, query string) {
		r := &http.Request{Method: method, Host: host, URL: &url.URL{Path: path, RawQuery: query}, Header: http.Header{}}
		c := &op.Call{HTTP: r, Caller: &op.Caller{}}
		name, err := protocol{}.Operation(c)
		if err != nil {
			var e *op.Error
			if !errors.As(err, &e) || e.Status < 400 || e.Status > 499 {
				t.Fatalf("got the error %v", err)
			}
			return
		}
		switch name {
		case "PutObject", "GetObject", "DeleteObject", "HeadObject", "ListObjects", "CreateBucket", "DeleteBucket", "HeadBucket":
			q, _ := url.ParseQuery(query)
			for p := range q {
				if subresources[p] {
					t.Fatalf("%s with the subresource %q became %s", method, p, name)
				}
			}
		}
	})
}

// FuzzDecode: whatever the document, Decode answers with a value or a 4xx.
func FuzzDecode(f *testing.F) {
	f.Add("PutBucketLifecycleConfiguration", []byte(`<LifecycleConfiguration><Rule><Filter><Prefix></Prefix></Filter><Status>Enabled</Status></Rule></LifecycleConfiguration>`))
	f.Add("DeleteObjects", []byte(`<Delete><Object><Key>a</Key></Object><Quiet>true</Quiet></Delete>`))
	f.Add("UpdateObjectEncryption", []byte(`<ObjectEncryption><SSE-KMS><BucketKeyEnabled>true</BucketKeyEnabled><KMSKeyArn>arn:aws:kms:eu-west-2:111122223333:key/k</KMSKeyArn></SSE-KMS></ObjectEncryption>`))
	f.Add("PutBucketTagging", []byte(`<Tagging><TagSet><Tag><Key>a</Key><Value>b</Value></Tag></TagSet></Tagging>`))
	f.Add("PutBucketEncryption", []byte(`<!DOCTYPE x [<!ENTITY a "b">]><ServerSideEncryptionConfiguration/>`))
	rows := map[string]op.Row{}
	for _, r := range New(store.Memory(), nil, nil).Rows() {
		rows[r.Name] = r
	}
	f.Fuzz(func(t *testing.T, name string, body []byte) {
		row, ok := rows[name]
		if !ok {
			return
		}
		r := &http.Request{Method: "PUT", Host: "b.s3.eu-west-2.amazonaws.com", URL: &url.URL{Path: "/"}, Header: http.Header{}}
		err := protocol{}.Decode(&op.Call{HTTP: r, Caller: &op.Caller{}, Body: body}, name, row.NewInput())
		var e *op.Error
		if err != nil && (!errors.As(err, &e) || e.Status < 400 || e.Status > 499) {
			t.Fatalf("got the error %v", err)
		}
	})
}
