package awscall

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// most is how much of an answer is read, in bytes.
const most = 1 << 20

// EC2 asks EC2 for an operation in the configuration's region and decodes its XML
// answer into out; nil: the answer is not wanted.
// Source: Amazon EC2 API Reference, "Query requests".
func EC2(ctx context.Context, cfg aws.Config, operation string, parameters url.Values, out any) error {
	form := url.Values{"Action": {operation}, "Version": {"2016-11-15"}}
	for k, v := range parameters {
		form[k] = v
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, "https://ec2."+host(cfg.Region)+"/", nil)
	if err != nil {
		return err
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded; charset=utf-8")
	return send(cfg, r, "ec2", form.Encode(), out)
}

// PublicAccess is the public access block of an account.
// Source: S3 Control, GetPublicAccessBlock.
type PublicAccess struct {
	BlockPublicAcls       bool
	BlockPublicPolicy     bool
	IgnorePublicAcls      bool
	RestrictPublicBuckets bool
}

const publicAccessPath = "/v20180820/configuration/publicAccessBlock"

// PublicAccessBlock reads the public access block of an account. An account that
// has none is an error with the code NoSuchPublicAccessBlockConfiguration.
func PublicAccessBlock(ctx context.Context, cfg aws.Config, account string) (*PublicAccess, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, "https://"+account+".s3-control."+host(cfg.Region)+publicAccessPath, nil)
	if err != nil {
		return nil, err
	}
	r.Header.Set("x-amz-account-id", account)
	out := &PublicAccess{}
	return out, send(cfg, r, "s3", "", out)
}

// SetPublicAccessBlock changes it; nil removes it.
func SetPublicAccessBlock(ctx context.Context, cfg aws.Config, account string, to *PublicAccess) error {
	method, body := http.MethodDelete, ""
	if to != nil {
		method = http.MethodPut
		text, err := xml.Marshal(struct {
			XMLName xml.Name `xml:"http://awss3control.amazonaws.com/doc/2018-08-20/ PublicAccessBlockConfiguration"`
			*PublicAccess
		}{PublicAccess: to})
		if err != nil {
			return err
		}
		body = string(text)
	}
	r, err := http.NewRequestWithContext(ctx, method, "https://"+account+".s3-control."+host(cfg.Region)+publicAccessPath, nil)
	if err != nil {
		return err
	}
	r.Header.Set("x-amz-account-id", account)
	return send(cfg, r, "s3", body, nil)
}

// host is the end of the names of a region's endpoints.
// Source: "AWS service endpoints", AWS General Reference.
func host(region string) string {
	if strings.HasPrefix(region, "cn-") {
		return region + ".amazonaws.com.cn"
	}
	return region + ".amazonaws.com"
}

func send(cfg aws.Config, r *http.Request, service, body string, out any) error {
	ctx := r.Context()
	creds, err := cfg.Credentials.Retrieve(ctx)
	if err != nil {
		return err
	}
	r.Body, r.ContentLength = io.NopCloser(strings.NewReader(body)), int64(len(body))
	sum := sha256.Sum256([]byte(body))
	hash := hex.EncodeToString(sum[:])
	r.Header.Set("X-Amz-Content-Sha256", hash)
	if err := v4.NewSigner().SignHTTP(ctx, creds, r, hash, service, cfg.Region, time.Now()); err != nil {
		return err
	}
	client := cfg.HTTPClient
	if client == nil {
		client = awshttp.NewBuildableClient().WithTimeout(time.Minute)
	}
	answer, err := client.Do(r)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(io.LimitReader(answer.Body, most))
	if err != nil {
		return err
	}
	if answer.StatusCode/100 != 2 {
		return failure(answer, text)
	}
	if out == nil {
		return nil
	}
	if err := xml.Unmarshal(text, out); err != nil {
		return fmt.Errorf("%s answered what is not its XML: %w", r.URL.Host, err)
	}
	return nil
}

// failure is AWS's error: EC2 wraps it in Errors, S3 Control in ErrorResponse, S3
// in nothing.
func failure(answer *http.Response, text []byte) error {
	var said struct {
		Code    string `xml:"Code"`
		Message string `xml:"Message"`
		ID      string `xml:"RequestId"`
		EC2ID   string `xml:"RequestID"`
		EC2     struct {
			Code    string `xml:"Code"`
			Message string `xml:"Message"`
		} `xml:"Errors>Error"`
		Control struct {
			Code    string `xml:"Code"`
			Message string `xml:"Message"`
		} `xml:"Error"`
	}
	_ = xml.Unmarshal(text, &said) // the status says enough
	first := func(values ...string) string {
		for _, v := range values {
			if v != "" {
				return v
			}
		}
		return ""
	}
	api := &smithy.GenericAPIError{
		Code:    first(said.Code, said.EC2.Code, said.Control.Code, fmt.Sprint("HTTP", answer.StatusCode)),
		Message: first(said.Message, said.EC2.Message, said.Control.Message, http.StatusText(answer.StatusCode)),
	}
	return &awshttp.ResponseError{
		ResponseError: &smithyhttp.ResponseError{Response: &smithyhttp.Response{Response: answer}, Err: api},
		RequestID:     first(answer.Header.Get("X-Amzn-Requestid"), answer.Header.Get("X-Amz-Request-Id"), said.ID, said.EC2ID),
	}
}
