package main

import (
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"regexp"
	"time"
)

// policyText allows the user what is measured, and is really evaluated: a
// condition on each statement, and a statement that does not match.
const policyText = `{"Version":"2012-10-17","Statement":[
 {"Effect":"Allow","Action":["kms:Sign","kms:GetPublicKey"],"Resource":"*","Condition":{"Bool":{"aws:SecureTransport":"false"}}},
 {"Effect":"Allow","Action":"s3:ListBucket","Resource":"arn:aws:s3:::bench","Condition":{"StringEquals":{"aws:RequestedRegion":"us-east-1"}}},
 {"Effect":"Deny","Action":"s3:Delete*","Resource":"*"}]}`

var headBucket = job{name: "HeadBucket", request: func(s *server) []byte {
	return message{method: "HEAD", path: "/bench", service: "s3"}.signed(s.addr, s.user, time.Now())
}}

// strongroom is the sandbox with its audit log written to a file; an IAM user
// with an identity policy asks.
func strongroom(binary, audit string) *server {
	return &server{
		name: "strongroom",
		command: func(addr string) (*exec.Cmd, error) {
			cmd := exec.Command(binary, "sandbox", "--listen", addr, "--region", region, "--access-key", root.id, "--audit", audit)
			cmd.Env = append(os.Environ(), "STRONGROOM_SANDBOX_SECRET_KEY="+root.secret)
			return cmd, nil
		},
		prepare: func(s *server) error {
			if _, err := s.do(message{method: "PUT", path: "/bench", service: "s3"}, root); err != nil {
				return err
			}
			if err := s.makeUser(); err != nil {
				return err
			}
			return s.makeKey()
		},
		jobs: []job{headBucket, {name: "KMSSign", clients: 1, request: func(s *server) []byte {
			body := fmt.Sprintf(`{"KeyId":%q,"Message":"aGVsbG8=","SigningAlgorithm":"ECDSA_SHA_256"}`, s.vars["key"])
			return kms("Sign", body).signed(s.addr, s.user, time.Now())
		}}},
		vars: map[string]string{},
	}
}

// versitygw serves a directory; its root account asks, since without an IAM
// service there is no other. log is its access log; empty: none is written.
func versitygw(name, binary, dir, log string) *server {
	return &server{
		name: name,
		command: func(addr string) (*exec.Cmd, error) {
			if err := os.MkdirAll(dir, 0o700); err != nil {
				return nil, err
			}
			// Without --keep-alive it closes each connection after one answer.
			args := []string{"--port", addr, "--region", region, "--keep-alive", "--quiet"}
			if log != "" {
				args = append(args, "--access-log", log)
			}
			cmd := exec.Command(binary, append(args, "posix", dir)...)
			cmd.Env = append(os.Environ(), "ROOT_ACCESS_KEY="+root.id, "ROOT_SECRET_KEY="+root.secret)
			return cmd, nil
		},
		prepare: func(s *server) error {
			s.user = root
			_, err := s.do(message{method: "PUT", path: "/bench", service: "s3"}, root)
			return err
		},
		jobs: []job{headBucket},
	}
}

func kms(operation, body string) message {
	return message{method: "POST", path: "/", service: "kms", body: body,
		header: [][2]string{{"x-amz-target", "TrentService." + operation}}}
}

func (s *server) iam(values url.Values) (string, error) {
	values.Set("Version", "2010-05-08")
	return s.do(message{method: "POST", path: "/", service: "iam", body: values.Encode()}, root)
}

func (s *server) makeUser() error {
	if _, err := s.iam(url.Values{"Action": {"CreateUser"}, "UserName": {"bench"}}); err != nil {
		return err
	}
	if _, err := s.iam(url.Values{"Action": {"PutUserPolicy"}, "UserName": {"bench"}, "PolicyName": {"bench"}, "PolicyDocument": {policyText}}); err != nil {
		return err
	}
	out, err := s.iam(url.Values{"Action": {"CreateAccessKey"}, "UserName": {"bench"}})
	if err != nil {
		return err
	}
	s.user = key{between(out, "AccessKeyId"), between(out, "SecretAccessKey")}
	if s.user.id == "" || s.user.secret == "" {
		return errors.New("CreateAccessKey answered without a key")
	}
	return nil
}

func (s *server) makeKey() error {
	out, err := s.do(kms("CreateKey", `{"KeySpec":"ECC_NIST_P256","KeyUsage":"SIGN_VERIFY"}`), root)
	if err != nil {
		return err
	}
	m := regexp.MustCompile(`"KeyId":"([^"]+)"`).FindStringSubmatch(out)
	if m == nil {
		return fmt.Errorf("CreateKey answered without a key: %s", out)
	}
	s.vars["key"] = m[1]
	return nil
}

// between returns the text of the only element of that name.
func between(xml, element string) string {
	if m := regexp.MustCompile(`<` + element + `>([^<]*)</`).FindStringSubmatch(xml); m != nil {
		return m[1]
	}
	return ""
}
