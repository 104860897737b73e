package control

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"syscall"

	"github.com/strongroom-dev/strongroom/internal/oidc"
)

// ErrGone says that no sandbox listens at the control URL any more.
var ErrGone = errors.New("no sandbox is running there any more")

// Client asks a running sandbox. It is safe for concurrent use.
type Client struct {
	url  string
	http *http.Client
}

// Dial returns a client for a control URL, the value of STRONGROOM_SANDBOX. It
// does not connect yet. Only http on a loopback address is accepted: root
// credentials come back over it.
func Dial(controlURL string) (*Client, error) {
	u, err := url.Parse(controlURL)
	if err != nil || u.Scheme != "http" || u.Host == "" || strings.Trim(u.Path, "/") == "" {
		return nil, errors.New("the control URL is not like http://127.0.0.1:PORT/PATH")
	}
	if ip := net.ParseIP(u.Hostname()); ip == nil || !ip.IsLoopback() {
		return nil, fmt.Errorf("the control URL's host %q is not a loopback address", u.Hostname())
	}
	return &Client{
		url: strings.TrimRight(u.String(), "/"),
		// Never by way of a proxy: the environment names the sandbox as one.
		http: &http.Client{Transport: &http.Transport{DisableKeepAlives: true}},
	}, nil
}

// MintToken returns a token of the stand-in forge.
func (c *Client) MintToken(ctx context.Context, r oidc.TokenRequest) (string, error) {
	var out tokenAnswer
	err := c.post(ctx, tokenPath, r, &out)
	return out.Token, err
}

// Environment returns the variables that make a process use the sandbox as the
// root of an account; empty: the first account.
func (c *Client) Environment(ctx context.Context, account string) (Environment, error) {
	var out Environment
	err := c.post(ctx, environmentPath, environmentRequest{account}, &out)
	return out, err
}

// AttachPolicy attaches a service control policy.
func (c *Client) AttachPolicy(ctx context.Context, scp SCP) error {
	return c.post(ctx, scpPath, scp, &empty{})
}

// post calls the API. Its errors leave the URL out: its path is a secret.
func (c *Client) post(ctx context.Context, path string, in, out any) error {
	body, err := json.Marshal(in)
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.url+path, bytes.NewReader(body))
	if err != nil {
		return errors.New("the control URL cannot be used")
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := c.http.Do(req)
	if err != nil {
		if errors.Is(err, syscall.ECONNREFUSED) {
			return fmt.Errorf("%s: %w", req.URL.Host, ErrGone)
		}
		var uerr *url.Error
		if errors.As(err, &uerr) {
			err = uerr.Err
		}
		return fmt.Errorf("ask the sandbox at %s: %w", req.URL.Host, err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		var fail errorAnswer
		if err := json.NewDecoder(resp.Body).Decode(&fail); err != nil || fail.Error == "" {
			return fmt.Errorf("what listens at %s answered %s, not as a sandbox does: %w", req.URL.Host, resp.Status, ErrGone)
		}
		return errors.New(fail.Error)
	}
	if err := json.NewDecoder(resp.Body).Decode(out); err != nil {
		return fmt.Errorf("the sandbox at %s gave an answer that cannot be read: %w", req.URL.Host, err)
	}
	return nil
}
