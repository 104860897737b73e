package trust

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
)

// RoleReader is the part of the IAM client that one role is read with; all of it
// only reads.
type RoleReader interface {
	GetRole(context.Context, *iam.GetRoleInput, ...func(*iam.Options)) (*iam.GetRoleOutput, error)
	GetOpenIDConnectProvider(context.Context, *iam.GetOpenIDConnectProviderInput, ...func(*iam.Options)) (*iam.GetOpenIDConnectProviderOutput, error)
}

// OfRole reads a role by its ARN, and of its account's identity providers the one
// for the issuer of a token. The errors are those of AWS, with what was asked.
func OfRole(ctx context.Context, account RoleReader, arn, issuer string) (*Role, error) {
	parts := strings.SplitN(arn, ":", 6)
	if len(parts) != 6 || parts[0] != "arn" || parts[2] != "iam" || !strings.HasPrefix(parts[5], "role/") {
		return nil, fmt.Errorf("%s is not the ARN of a role, which is like arn:aws:iam::111122223333:role/NAME", show(arn))
	}
	name := arn[strings.LastIndexByte(arn, '/')+1:]
	out, err := account.GetRole(ctx, &iam.GetRoleInput{RoleName: &name})
	if err != nil {
		return nil, fmt.Errorf("read role %s: %w", show(name), err)
	}
	if *out.Role.Arn != arn {
		return nil, fmt.Errorf("the credentials here are of another account or path: the role %s they see is %s", show(name), *out.Role.Arn)
	}
	document, err := url.PathUnescape(*out.Role.AssumeRolePolicyDocument)
	if err != nil {
		return nil, fmt.Errorf("role %s: its trust policy is not encoded as IAM does: %w", show(name), err)
	}
	r, err := newRole(name, readable([]byte(document)))
	if err != nil {
		return nil, err
	}
	r.ARN, r.Clients = arn, map[string][]string{}
	issuer = strings.TrimPrefix(issuer, "https://")
	provider := r.providerARN(&Presented{Issuer: issuer})
	got, err := account.GetOpenIDConnectProvider(ctx, &iam.GetOpenIDConnectProviderInput{OpenIDConnectProviderArn: &provider})
	var none *types.NoSuchEntityException
	switch {
	case errors.As(err, &none):
	case err != nil:
		return nil, fmt.Errorf("read identity provider %s: %w", provider, err)
	default:
		r.Clients[issuer] = got.ClientIDList
	}
	return r, nil
}

// readable puts a document that is on one line on several, for places and diffs.
func readable(document []byte) []byte {
	var b bytes.Buffer
	if bytes.IndexByte(document, '\n') >= 0 || json.Indent(&b, document, "", "  ") != nil {
		return document
	}
	return b.Bytes()
}
