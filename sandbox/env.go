package sandbox

import (
	"crypto/tls"
	"crypto/x509"
	"net/http"
	"net/url"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"github.com/strongroom-dev/strongroom/internal/sdkclient"
)

// ControlVariable names the environment variable that holds the control API's URL.
const ControlVariable = "STRONGROOM_SANDBOX"

// Env returns the environment, as KEY=VALUE, with which a tool works in the
// sandbox as root of its account. Unset the names of EnvUnset as well.
func (s *Sandbox) Env() []string { return s.env(s.Credentials()) }

func (s *Sandbox) env(c Credentials) []string {
	proxy := s.URL()
	return []string{
		"HTTPS_PROXY=" + proxy, "HTTP_PROXY=" + proxy, "https_proxy=" + proxy, "http_proxy=" + proxy,
		// A user's own exceptions could name amazonaws.com.
		"NO_PROXY=localhost,127.0.0.1,::1", "no_proxy=localhost,127.0.0.1,::1",
		"AWS_CA_BUNDLE=" + s.bundle, "SSL_CERT_FILE=" + s.bundle, "CURL_CA_BUNDLE=" + s.bundle,
		"REQUESTS_CA_BUNDLE=" + s.bundle, "NODE_EXTRA_CA_CERTS=" + s.bundle,
		"AWS_ACCESS_KEY_ID=" + c.AccessKeyID, "AWS_SECRET_ACCESS_KEY=" + c.SecretAccessKey,
		"AWS_REGION=" + s.opts.Region, "AWS_DEFAULT_REGION=" + s.opts.Region,
		"AWS_EC2_METADATA_DISABLED=true", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS=true",
		ControlVariable + "=" + s.ControlURL(),
	}
}

// EnvUnset returns the names of variables that would lead a tool past the
// sandbox or to other credentials.
func EnvUnset() []string {
	return []string{
		"AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_SESSION_TOKEN", "AWS_SECURITY_TOKEN",
		"AWS_ROLE_ARN", "AWS_ROLE_SESSION_NAME", "AWS_WEB_IDENTITY_TOKEN_FILE",
		"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "AWS_CONTAINER_CREDENTIALS_FULL_URI",
		"AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL_STS", "AWS_ENDPOINT_URL_KMS", "AWS_ENDPOINT_URL_IAM",
		"AWS_USE_FIPS_ENDPOINT", "AWS_USE_DUALSTACK_ENDPOINT", "ALL_PROXY", "all_proxy", "SSL_CERT_DIR",
	}
}

// EnvUnset is the package's EnvUnset.
func (s *Sandbox) EnvUnset() []string { return EnvUnset() }

// ControlURL is the address of the control API, which can mint tokens and make
// credentials: treat it as a secret.
func (s *Sandbox) ControlURL() string { return s.URL() + s.control }

// CAFile is a file of PEM certificates: the sandbox's CA and the system's roots.
func (s *Sandbox) CAFile() string { return s.bundle }

// CAPEM is the sandbox's CA certificate alone.
func (s *Sandbox) CAPEM() []byte { return s.ca.pem }

// Credentials are the root credentials of the sandbox's account.
func (s *Sandbox) Credentials() Credentials {
	return Credentials{AccessKeyID: s.opts.AccessKey, SecretAccessKey: s.opts.SecretKey}
}

// HTTPClient returns a new client that goes through the proxy and trusts the
// sandbox's CA and no other. Close its idle connections when done.
func (s *Sandbox) HTTPClient() *http.Client {
	proxy := &url.URL{Scheme: "http", Host: s.front.Addr().String()}
	roots := x509.NewCertPool()
	roots.AddCert(s.ca.cert)
	return &http.Client{
		Transport: sdkclient.Transport{Transport: &http.Transport{
			Proxy:           http.ProxyURL(proxy),
			TLSClientConfig: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12},
			// Response bodies must come as they were sent.
			DisableCompression: true, MaxIdleConnsPerHost: 16, IdleConnTimeout: time.Minute,
		}},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// Config returns an SDK configuration for the credentials, with one attempt for
// each call: what the sandbox refuses it refuses again. All configurations share
// their connections.
func (s *Sandbox) Config(c Credentials) aws.Config {
	return aws.Config{
		Region:           s.opts.Region,
		Credentials:      credentials.NewStaticCredentialsProvider(c.AccessKeyID, c.SecretAccessKey, c.SessionToken),
		HTTPClient:       s.clients(),
		RetryMaxAttempts: 1,
	}
}
