package lambda

import (
	"crypto/aes"
	"crypto/cipher"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"regexp"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"github.com/strongroom-dev/strongroom/sandbox/internal/op"
)

// environment is a version's variables, under a data key of its key.
type environment struct {
	// Key is the ARN of the KMS key.
	Key          string
	Blob, Sealed []byte
}

// maxEnvironment bounds names and values together.
// Source: Lambda Developer Guide "Lambda quotas": 4 KB.
const maxEnvironment = 4 << 10

var variableForm = regexp.MustCompile(`^[a-zA-Z][a-zA-Z0-9_]+$`)

// reserved are the variables that Lambda sets.
// Source: Lambda Developer Guide "Defined runtime environment variables", reserved.
var reserved = []string{
	"_HANDLER", "_X_AMZN_TRACE_ID", "AWS_DEFAULT_REGION", "AWS_REGION", "AWS_EXECUTION_ENV", "AWS_LAMBDA_FUNCTION_NAME",
	"AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "AWS_LAMBDA_FUNCTION_VERSION", "AWS_LAMBDA_INITIALIZATION_TYPE", "AWS_LAMBDA_LOG_GROUP_NAME",
	"AWS_LAMBDA_LOG_STREAM_NAME", "AWS_ACCESS_KEY", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN",
	"AWS_LAMBDA_RUNTIME_API", "LAMBDA_TASK_ROOT", "LAMBDA_RUNTIME_DIR",
}

func checkVariables(m map[string]string) error {
	size := 0
	var taken []string
	for name, value := range m {
		size += len(name) + len(value)
		switch {
		case slices.Contains(reserved, name):
			taken = append(taken, name)
		case !variableForm.MatchString(name):
			return unfit("Value at 'environment.variables' failed to satisfy constraint: Map keys must satisfy constraint: [Member must satisfy regular expression pattern: [a-zA-Z]([a-zA-Z0-9_])+]")
		}
	}
	if taken != nil {
		slices.Sort(taken)
		return invalid("Lambda was unable to configure your environment variables because the environment variables you have provided contains reserved keys that are currently not supported for modification. Reserved keys used in this request: %s", strings.Join(taken, ", "))
	}
	if size > maxEnvironment {
		return invalid("Lambda was unable to configure your environment variables because the environment variables you have provided exceeded the 4KB limit.")
	}
	return nil
}

// via is what Lambda is called in kms:ViaService.
func via(region string) string { return "lambda." + region + ".amazonaws.com" }

// encryption is the context that the variables are encrypted with.
// Source: Lambda Developer Guide "Securing Lambda environment variables".
func encryption(f *function) map[string]string {
	return map[string]string{"aws:lambda:FunctionArn": f.arn()}
}

// keyChecks are what the caller must be allowed who configures a customer's key.
// Source: the same page, Permissions: kms:CreateGrant and kms:Encrypt. Which grant Lambda
// makes is not documented in full: its condition keys are those of grants for AWS.
func (s *Service) keyChecks(c *op.Call, f *function, key string) ([]op.Check, error) {
	arn, err := s.keys.KeyARN(f.Account, f.Region, key)
	if err != nil {
		return nil, unusableKey(err)
	}
	encrypt, err := s.keys.Check(c, "kms:Encrypt", arn, encryption(f), via(c.Region))
	if err != nil {
		return nil, unusableKey(err)
	}
	grant, err := s.keys.Check(c, "kms:CreateGrant", arn, encryption(f), via(c.Region))
	if err != nil {
		return nil, unusableKey(err)
	}
	grant.Context = slices.DeleteFunc(grant.Context, func(k op.Key) bool { return k.Name == "kms:EncryptionAlgorithm" })
	grant.Context = append(grant.Context, op.Single("kms:GrantIsForAWSResource", "true"))
	return []op.Check{grant, encrypt}, nil
}

func unusableKey(err error) error {
	var fault *op.Error
	if !errors.As(err, &fault) {
		return err
	}
	return invalid("Lambda was unable to configure access to your environment variables because the KMS key is invalid for CreateGrant. Please check your KMS key settings. KMS Exception: %s KMS Message: %s", fault.Code, fault.Message)
}

// seal encrypts the variables; nil for none.
func (s *Service) seal(c *op.Call, f *function, key string, variables map[string]string) (*environment, error) {
	if len(variables) == 0 {
		return nil, nil
	}
	var e environment
	var err error
	if key == "" {
		e.Key, err = s.keys.AWSManagedKey(f.Account, f.Region, "lambda")
	} else {
		e.Key, err = s.keys.KeyARN(f.Account, f.Region, key)
	}
	if err != nil {
		return nil, unusableKey(err)
	}
	plain, blob, err := s.keys.GenerateDataKey(c, e.Key, encryption(f))
	if err != nil {
		return nil, unusableKey(err)
	}
	aead, err := newAEAD(plain)
	if err != nil {
		return nil, err
	}
	raw, err := json.Marshal(variables)
	if err != nil {
		return nil, err
	}
	nonce := make([]byte, aead.NonceSize())
	if _, err := io.ReadFull(c.Rand, nonce); err != nil {
		return nil, err
	}
	e.Blob, e.Sealed = blob, aead.Seal(nonce, nonce, raw, []byte(f.arn()))
	return &e, nil
}

func newAEAD(key []byte) (cipher.AEAD, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(block)
}

// variables decrypts the environment. It does not authorise. Call it under the state's
// lock.
func (s *Service) variables(c *op.Call, f *function, e *environment) (m map[string]string, err error) {
	if e == nil {
		return nil, nil
	}
	plain, err := s.keys.Decrypt(c, e.Key, e.Blob, encryption(f))
	if err != nil {
		return nil, err
	}
	aead, err := newAEAD(plain)
	if err != nil {
		return nil, err
	}
	n := aead.NonceSize()
	if len(e.Sealed) < n {
		return nil, io.ErrUnexpectedEOF
	}
	raw, err := aead.Open(nil, e.Sealed[:n], e.Sealed[n:], []byte(f.arn()))
	if err != nil {
		return nil, err
	}
	return m, json.Unmarshal(raw, &m)
}

// shownEnvironment is what the caller may see of the environment.
// Source: Lambda API_EnvironmentResponse, Error; Lambda Developer Guide "Securing Lambda
// environment variables": who may not decrypt is shown no variables.
func (s *Service) shownEnvironment(c *op.Call, f *function, e *environment) (*types.EnvironmentResponse, error) {
	if e == nil {
		return nil, nil
	}
	hide := func(err error) (*types.EnvironmentResponse, error) {
		var fault *op.Error
		if !errors.As(err, &fault) {
			return nil, err
		}
		reason := "the KMS key cannot be used"
		if fault.Status == http.StatusForbidden || strings.HasPrefix(fault.Code, "AccessDenied") {
			reason = "the KMS access was denied"
		}
		return &types.EnvironmentResponse{Error: &types.EnvironmentError{ErrorCode: new("AccessDeniedException"), Message: new(
			"Lambda was unable to decrypt your environment variables because " + reason + ". Please check your KMS permissions. KMS Exception: " + fault.Code + " KMS Message: " + fault.Message)}}, nil
	}
	check, err := s.keys.Check(c, "kms:Decrypt", e.Key, encryption(f), via(c.Region))
	if err != nil {
		return hide(err)
	}
	if err := c.Ask(check); err != nil {
		return hide(err)
	}
	m, err := s.variables(c, f, e)
	if err != nil {
		return hide(err)
	}
	return &types.EnvironmentResponse{Variables: m}, nil
}
