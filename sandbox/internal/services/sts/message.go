package sts

import (
	"crypto/aes"
	"crypto/cipher"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/strongroom-dev/strongroom/sandbox/internal/op"
)

func (s *Service) messageRows() []op.Row {
	decode := op.New("DecodeAuthorizationMessage", "STS API_DecodeAuthorizationMessage", op.Read,
		func(c *op.Call, _ *sts.DecodeAuthorizationMessageInput) ([]op.Check, error) {
			return []op.Check{{Action: "sts:DecodeAuthorizationMessage", Resource: op.Resource{ARN: "*", Account: c.Caller.Account}}}, nil
		}, s.decodeMessage)
	decode.Secret = []string{"DecodedMessage"}
	return []op.Row{op.WithPrepare(decode, func(c *op.Call, in *sts.DecodeAuthorizationMessageInput) error {
		return first(required("encodedMessage", in.EncodedMessage), sessionMay(c, "DecodeAuthorizationMessage"))
	})}
}

// Denial is what an encoded authorization message tells.
type Denial struct {
	// Account is the only one whose principals may decode the message.
	Account string
	// ExplicitDeny is false when nothing allowed the request.
	ExplicitDeny bool
	// PrincipalID is the caller's aws:userid.
	PrincipalID, PrincipalARN string
	Action, Resource          string
	Conditions                []op.Key
	// Matched are the texts of the statements that decided; nil: none did.
	Matched []json.RawMessage
}

// EncodeMessage encrypts a denial as AWS does in its "Encoded authorization
// failure message". rand is the source of the nonce; the key lives as long as
// the Service.
func (s *Service) EncodeMessage(rand io.Reader, d Denial) (string, error) {
	plain, err := json.Marshal(d)
	if err != nil {
		return "", err
	}
	seal, err := s.seal()
	if err != nil {
		return "", err
	}
	nonce := make([]byte, seal.NonceSize())
	if _, err := io.ReadFull(rand, nonce); err != nil {
		return "", fmt.Errorf("encode authorization message: %w", err)
	}
	return base64.RawURLEncoding.EncodeToString(seal.Seal(nonce, nonce, plain, nil)), nil
}

func (s *Service) seal() (cipher.AEAD, error) {
	block, err := aes.NewCipher(s.messageKey())
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(block)
}

func (s *Service) decodeMessage(c *op.Call, in *sts.DecodeAuthorizationMessageInput) (*sts.DecodeAuthorizationMessageOutput, error) {
	d, err := s.openMessage(*in.EncodedMessage)
	if err != nil || d.Account != c.Caller.Account {
		return nil, op.Errorf(400, "InvalidAuthorizationMessageException", "Message is not valid")
	}
	text, err := json.Marshal(d.document())
	if err != nil {
		return nil, err
	}
	return &sts.DecodeAuthorizationMessageOutput{DecodedMessage: aws.String(string(text))}, nil
}

func (s *Service) openMessage(encoded string) (*Denial, error) {
	sealed, err := base64.RawURLEncoding.DecodeString(encoded)
	if err != nil {
		return nil, err
	}
	seal, err := s.seal()
	if err != nil {
		return nil, err
	}
	if len(sealed) < seal.NonceSize() {
		return nil, fmt.Errorf("the message has %d bytes", len(sealed))
	}
	plain, err := seal.Open(nil, sealed[:seal.NonceSize()], sealed[seal.NonceSize():], nil)
	if err != nil {
		return nil, err
	}
	d := &Denial{}
	return d, json.Unmarshal(plain, d)
}

// document is the decoded message in AWS's shape.
// Source: STS API_DecodeAuthorizationMessage, "DecodedMessage" and its example.
func (d *Denial) document() any {
	type value struct {
		Value string `json:"value"`
	}
	type values struct {
		Items []value `json:"items"`
	}
	type item struct {
		Key    string `json:"key"`
		Values values `json:"values"`
	}
	conditions := []item{}
	for _, k := range d.Conditions {
		it := item{Key: k.Name, Values: values{Items: []value{}}}
		for _, v := range k.Values {
			it.Values.Items = append(it.Values.Items, value{v})
		}
		conditions = append(conditions, it)
	}
	matched := d.Matched
	if matched == nil {
		matched = []json.RawMessage{}
	}
	return map[string]any{
		"allowed": false, "explicitDeny": d.ExplicitDeny,
		"matchedStatements": map[string]any{"items": matched},
		"failures":          map[string]any{"items": []any{}},
		"context": map[string]any{
			"principal":  map[string]any{"id": d.PrincipalID, "arn": d.PrincipalARN},
			"action":     d.Action,
			"resource":   d.Resource,
			"conditions": map[string]any{"items": conditions},
		},
	}
}
