package iam

import (
	"net/url"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"

	"github.com/strongroom-dev/strongroom/sandbox/internal/op"
)

func (s *Service) providerRows() []op.Row {
	return []op.Row{
		write("CreateOpenIDConnectProvider", "Url! ClientIDList ThumbprintList Tags",
			func(c *op.Call, in *iam.CreateOpenIDConnectProviderInput) ([]op.Check, error) {
				p := &Provider{Account: c.Caller.Account, URL: providerURL(str(in.Url))}
				return s.creating(c, "CreateOpenIDConnectProvider", "TagOpenIDConnectProvider", p.ARN(), in.Tags, nil), nil
			}, s.createProvider),
		read("GetOpenIDConnectProvider", "OpenIDConnectProviderArn!",
			onProvider(s, "GetOpenIDConnectProvider", func(in *iam.GetOpenIDConnectProviderInput) *string { return in.OpenIDConnectProviderArn }), s.getProvider),
		read("ListOpenIDConnectProviders", "", anyRow[iam.ListOpenIDConnectProvidersInput](s, "ListOpenIDConnectProviders"), s.listProviders),
		write("UpdateOpenIDConnectProviderThumbprint", "OpenIDConnectProviderArn! ThumbprintList!",
			onProvider(s, "UpdateOpenIDConnectProviderThumbprint", func(in *iam.UpdateOpenIDConnectProviderThumbprintInput) *string { return in.OpenIDConnectProviderArn }), s.updateThumbprint),
		write("AddClientIDToOpenIDConnectProvider", "OpenIDConnectProviderArn! ClientID!",
			onProvider(s, "AddClientIDToOpenIDConnectProvider", func(in *iam.AddClientIDToOpenIDConnectProviderInput) *string { return in.OpenIDConnectProviderArn }), s.addClientID),
		write("RemoveClientIDFromOpenIDConnectProvider", "OpenIDConnectProviderArn! ClientID!",
			onProvider(s, "RemoveClientIDFromOpenIDConnectProvider", func(in *iam.RemoveClientIDFromOpenIDConnectProviderInput) *string { return in.OpenIDConnectProviderArn }), s.removeClientID),
		write("DeleteOpenIDConnectProvider", "OpenIDConnectProviderArn!",
			onProvider(s, "DeleteOpenIDConnectProvider", func(in *iam.DeleteOpenIDConnectProviderInput) *string { return in.OpenIDConnectProviderArn }), s.deleteProvider),
	}
}

// Source: IAM User Guide, reference_iam-quotas.
const (
	clientIDQuota   = 100
	thumbprintQuota = 5
	providerQuota   = 100
)

func onProvider[In any](s *Service, action string, arn func(*In) *string) func(*op.Call, *In) ([]op.Check, error) {
	return func(c *op.Call, in *In) ([]op.Check, error) {
		var tags []Tag
		if p := s.providerByARN(c, arn(in)); p != nil {
			tags = p.Tags
		}
		return s.one(c, action, str(arn(in)), tags), nil
	}
}

func (s *Service) providerByARN(c *op.Call, arn *string) *Provider {
	account, k, _, ok := splitARN(str(arn))
	if !ok || k != "oidc-provider" || account != c.Caller.Account {
		return nil
	}
	_, name, _ := strings.Cut(*arn, ":oidc-provider/")
	return s.providers.Get(account + "/" + name)
}

func (s *Service) mustProvider(c *op.Call, arn *string) (*Provider, error) {
	account, k, _, ok := splitARN(str(arn))
	if !ok || k != "oidc-provider" || !AccountID(account) {
		return nil, badInput("Invalid ARN: %s", str(arn))
	}
	if p := s.providerByARN(c, arn); p != nil {
		return p, nil
	}
	return nil, noSuch("OpenIDConnect Provider not found for arn %s", str(arn))
}

// checkURL holds an issuer's URL to IAM's rules.
// Source: IAM API_CreateOpenIDConnectProvider, "Url": it begins with https://,
// has no port and no query; path components are allowed.
func checkURL(raw string) error {
	u, err := url.Parse(raw)
	if err != nil || u.Scheme != "https" || u.Host == "" || u.Port() != "" || u.RawQuery != "" || u.ForceQuery ||
		u.Fragment != "" || u.User != nil || u.Hostname() != u.Host || strings.ContainsAny(raw, " \t\r\n") {
		return op.Errorf(400, "ValidationError", "Invalid Open ID Connect Provider URL")
	}
	return nil
}

func (s *Service) createProvider(c *op.Call, in *iam.CreateOpenIDConnectProviderInput) (*iam.CreateOpenIDConnectProviderOutput, error) {
	if err := checkURL(*in.Url); err != nil {
		return nil, err
	}
	// The URL is kept as it is, but for the host's case: the issuer must equal
	// it to the last slash.
	p := &Provider{Account: c.Caller.Account, URL: lowerHost(providerURL(*in.Url)), ClientIDs: unique(in.ClientIDList), Created: c.Now}
	if s.providers.Get(p.key()) != nil {
		return nil, exists("Provider with url %s already exists.", *in.Url)
	}
	if len(p.ClientIDs) > clientIDQuota {
		return nil, limit("Cannot exceed quota for ClientIdsPerOpenIdConnectProvider: %d", clientIDQuota)
	}
	n := 0
	for range s.providers.Prefix(c.Caller.Account + "/") {
		n++
	}
	if n >= providerQuota {
		return nil, limit("Cannot exceed quota for OpenIdConnectProvidersPerAccount: %d", providerQuota)
	}
	var err error
	if p.Thumbprints, err = thumbprints(in.ThumbprintList); err != nil {
		return nil, err
	}
	if p.Tags, err = newTags(nil, in.Tags); err != nil {
		return nil, err
	}
	s.providers.Put(p.key(), p)
	return &iam.CreateOpenIDConnectProviderOutput{OpenIDConnectProviderArn: aws.String(p.ARN()), Tags: sdkTags(p.Tags)}, nil
}

func lowerHost(url string) string {
	host, path, slash := strings.Cut(url, "/")
	if slash {
		return strings.ToLower(host) + "/" + path
	}
	return strings.ToLower(host)
}

// thumbprints checks and keeps what the caller sends. IAM makes one up by
// asking the issuer's server when there is none; the sandbox asks nobody, and
// like IAM for issuers with a well-known certificate it does not use them.
// Source: IAM API_CreateOpenIDConnectProvider, "ThumbprintList".
func thumbprints(list []string) ([]string, error) {
	if len(list) > thumbprintQuota {
		return nil, badInput("Thumbprint list must contain fewer than %d entries.", thumbprintQuota+1)
	}
	out := []string{}
	for _, t := range list {
		t = strings.ToLower(t)
		if strings.Trim(t, "0123456789abcdef") != "" {
			return nil, op.Errorf(400, "ValidationError", "Thumbprint must be hexadecimal, got %q", t)
		}
		out = append(out, t)
	}
	return out, nil
}

// unique drops repeated entries and keeps the order.
func unique(list []string) []string {
	out := []string{}
	for _, v := range list {
		if !slices.Contains(out, v) {
			out = append(out, v)
		}
	}
	return out
}

func (s *Service) getProvider(c *op.Call, in *iam.GetOpenIDConnectProviderInput) (*iam.GetOpenIDConnectProviderOutput, error) {
	p, err := s.mustProvider(c, in.OpenIDConnectProviderArn)
	if err != nil {
		return nil, err
	}
	return &iam.GetOpenIDConnectProviderOutput{
		ClientIDList: append([]string{}, p.ClientIDs...), ThumbprintList: append([]string{}, p.Thumbprints...),
		CreateDate: aws.Time(p.Created), Url: aws.String(p.URL), Tags: sdkTags(p.Tags),
	}, nil
}

func (s *Service) listProviders(c *op.Call, _ *iam.ListOpenIDConnectProvidersInput) (*iam.ListOpenIDConnectProvidersOutput, error) {
	out := &iam.ListOpenIDConnectProvidersOutput{OpenIDConnectProviderList: []types.OpenIDConnectProviderListEntry{}}
	for _, p := range s.providers.Prefix(c.Caller.Account + "/") {
		out.OpenIDConnectProviderList = append(out.OpenIDConnectProviderList, types.OpenIDConnectProviderListEntry{Arn: aws.String(p.ARN())})
	}
	return out, nil
}

// changeProvider puts a changed copy.
func (s *Service) changeProvider(c *op.Call, arn *string, change func(*Provider) error) (*none, error) {
	p, err := s.mustProvider(c, arn)
	if err != nil {
		return nil, err
	}
	to := *p
	if err := change(&to); err != nil {
		return nil, err
	}
	s.providers.Put(to.key(), &to)
	return &none{}, nil
}

func (s *Service) updateThumbprint(c *op.Call, in *iam.UpdateOpenIDConnectProviderThumbprintInput) (*none, error) {
	return s.changeProvider(c, in.OpenIDConnectProviderArn, func(p *Provider) (err error) {
		p.Thumbprints, err = thumbprints(in.ThumbprintList)
		return err
	})
}

func (s *Service) addClientID(c *op.Call, in *iam.AddClientIDToOpenIDConnectProviderInput) (*none, error) {
	return s.changeProvider(c, in.OpenIDConnectProviderArn, func(p *Provider) error {
		// Source: IAM API_AddClientIDToOpenIDConnectProvider is idempotent.
		p.ClientIDs = unique(append(slices.Clone(p.ClientIDs), *in.ClientID))
		if len(p.ClientIDs) > clientIDQuota {
			return limit("Cannot exceed quota for ClientIdsPerOpenIdConnectProvider: %d", clientIDQuota)
		}
		return nil
	})
}

func (s *Service) removeClientID(c *op.Call, in *iam.RemoveClientIDFromOpenIDConnectProviderInput) (*none, error) {
	return s.changeProvider(c, in.OpenIDConnectProviderArn, func(p *Provider) error {
		// Source: IAM API_RemoveClientIDFromOpenIDConnectProvider is idempotent.
		p.ClientIDs = slices.DeleteFunc(slices.Clone(p.ClientIDs), func(id string) bool { return id == *in.ClientID })
		return nil
	})
}

func (s *Service) deleteProvider(c *op.Call, in *iam.DeleteOpenIDConnectProviderInput) (*none, error) {
	p, err := s.mustProvider(c, in.OpenIDConnectProviderArn)
	if err != nil {
		return nil, err
	}
	// Source: IAM API_DeleteOpenIDConnectProvider: roles that name the
	// provider in their trust policies are not looked at.
	s.providers.Delete(p.key())
	return &none{}, nil
}
