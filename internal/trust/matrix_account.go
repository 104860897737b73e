package trust

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
)

// Account is the part of the IAM client that roles are read with; all of it only
// reads.
type Account interface {
	iam.ListRolesAPIClient
	GetRole(context.Context, *iam.GetRoleInput, ...func(*iam.Options)) (*iam.GetRoleOutput, error)
	ListOpenIDConnectProviders(context.Context, *iam.ListOpenIDConnectProvidersInput, ...func(*iam.Options)) (*iam.ListOpenIDConnectProvidersOutput, error)
	GetOpenIDConnectProvider(context.Context, *iam.GetOpenIDConnectProviderInput, ...func(*iam.Options)) (*iam.GetOpenIDConnectProviderOutput, error)
}

// OfAccount reads the roles of an account that admit web identities, or those
// with the names given, with the audiences of its identity providers. skipped
// counts the roles that no token can assume; one that was named is read all the
// same. The errors are those of AWS, with what was asked.
func OfAccount(ctx context.Context, account Account, names []string) (roles []*Role, skipped int, err error) {
	clients, err := accountClients(ctx, account)
	if err != nil {
		return nil, 0, err
	}
	var found []types.Role
	for _, name := range names {
		out, err := account.GetRole(ctx, &iam.GetRoleInput{RoleName: &name})
		if err != nil {
			return nil, 0, fmt.Errorf("read role %s: %w", name, err)
		}
		found = append(found, *out.Role)
	}
	if len(names) == 0 {
		pages := iam.NewListRolesPaginator(account, &iam.ListRolesInput{})
		for pages.HasMorePages() {
			page, err := pages.NextPage(ctx)
			if err != nil {
				return nil, 0, fmt.Errorf("list the account's roles: %w", err)
			}
			found = append(found, page.Roles...)
		}
	}
	for _, f := range found {
		document, err := url.PathUnescape(*f.AssumeRolePolicyDocument)
		if err != nil {
			return nil, 0, fmt.Errorf("role %s: its trust policy is not encoded as IAM does: %w", *f.RoleName, err)
		}
		r, err := newRole(*f.RoleName, []byte(document))
		if err != nil {
			return nil, 0, err
		}
		r.ARN, r.Clients = *f.Arn, clients
		if len(names) == 0 && !r.takesTokens() {
			skipped++
			continue
		}
		roles = append(roles, r)
	}
	slices.SortStableFunc(roles, func(a, b *Role) int { return strings.Compare(a.Name, b.Name) })
	return roles, skipped, nil
}

// accountClients are the client IDs of an account's identity providers, by
// issuer.
func accountClients(ctx context.Context, account Account) (map[string][]string, error) {
	list, err := account.ListOpenIDConnectProviders(ctx, &iam.ListOpenIDConnectProvidersInput{})
	if err != nil {
		return nil, fmt.Errorf("list the account's identity providers: %w", err)
	}
	clients := map[string][]string{}
	for _, p := range list.OpenIDConnectProviderList {
		got, err := account.GetOpenIDConnectProvider(ctx, &iam.GetOpenIDConnectProviderInput{OpenIDConnectProviderArn: p.Arn})
		if err != nil {
			return nil, fmt.Errorf("read identity provider %s: %w", *p.Arn, err)
		}
		_, issuer, _ := strings.Cut(*p.Arn, ":oidc-provider/")
		clients[issuer] = got.ClientIDList
	}
	return clients, nil
}
