package securityhub

import (
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"

	sdk "github.com/aws/aws-sdk-go-v2/service/securityhub"

	"github.com/strongroom-dev/strongroom/sandbox/internal/op"
	"github.com/strongroom-dev/strongroom/sandbox/internal/page"
)

// productARN takes the ARN of a product apart: the account is empty for those that
// AWS lists.
var productARN = regexp.MustCompile(`^arn:aws:securityhub:([a-z0-9-]+):(\d{12})?:product/([A-Za-z0-9-]+/[A-Za-z0-9-]+)$`)

// subscription is the ARN under which a hub takes a product's findings.
func subscription(region, account, product string) string {
	return "arn:aws:securityhub:" + region + ":" + account + ":product-subscription/" + product
}

// own is the path of the product of an account's own integrations.
// Source: Security Hub User Guide "Integrating custom products".
func own(account string) string { return account + "/default" }

func (s *Service) productRows() []op.Row {
	return []op.Row{
		op.New("EnableImportFindingsForProduct", "Security Hub API_EnableImportFindingsForProduct", op.Write,
			onHub[sdk.EnableImportFindingsForProductInput](s, "EnableImportFindingsForProduct"), s.enableProduct),
		op.New("DisableImportFindingsForProduct", "Security Hub API_DisableImportFindingsForProduct", op.Write,
			onHub[sdk.DisableImportFindingsForProductInput](s, "DisableImportFindingsForProduct"), s.disableProduct),
		op.New("ListEnabledProductsForImport", "Security Hub API_ListEnabledProductsForImport", op.Read,
			func(c *op.Call, _ *sdk.ListEnabledProductsForImportInput) ([]op.Check, error) {
				return []op.Check{{Action: "securityhub:ListEnabledProductsForImport", Resource: op.Resource{ARN: "*", Account: c.Caller.Account}}}, nil
			}, s.listProducts),
	}
}

func (s *Service) enableProduct(c *op.Call, in *sdk.EnableImportFindingsForProductInput) (*sdk.EnableImportFindingsForProductOutput, error) {
	h, err := s.enabled(c)
	if err != nil {
		return nil, err
	}
	m := productARN.FindStringSubmatch(text(in.ProductArn))
	if m == nil || m[1] != c.Region || m[2] != "" {
		return nil, invalid("The product ARN %s is not valid", text(in.ProductArn))
	}
	arn := subscription(c.Region, c.Caller.Account, m[3])
	if h.Products[arn] {
		return nil, op.Errorf(http.StatusConflict, "ResourceConflictException", "The product %s is already enabled", *in.ProductArn)
	}
	s.change(h, func(h *hub) { h.Products[arn] = true })
	return &sdk.EnableImportFindingsForProductOutput{ProductSubscriptionArn: &arn}, nil
}

func (s *Service) disableProduct(c *op.Call, in *sdk.DisableImportFindingsForProductInput) (*sdk.DisableImportFindingsForProductOutput, error) {
	h, err := s.enabled(c)
	if err != nil {
		return nil, err
	}
	arn := text(in.ProductSubscriptionArn)
	if !h.Products[arn] {
		return nil, op.Errorf(http.StatusNotFound, "ResourceNotFoundException", "The product subscription %s does not exist", arn)
	}
	s.change(h, func(h *hub) { delete(h.Products, arn) })
	return &sdk.DisableImportFindingsForProductOutput{}, nil
}

func (s *Service) listProducts(c *op.Call, in *sdk.ListEnabledProductsForImportInput) (*sdk.ListEnabledProductsForImportOutput, error) {
	h, err := s.enabled(c)
	if err != nil {
		return nil, err
	}
	n, err := limit(in.MaxResults)
	if err != nil {
		return nil, err
	}
	all := append([]string{}, slices.Sorted(maps.Keys(h.Products))...)
	all, next := page.Cut(all, func(arn string) string { return arn }, n, token(in.NextToken))
	return &sdk.ListEnabledProductsForImportOutput{ProductSubscriptions: all, NextToken: next}, nil
}

// takes reports whether the hub takes the findings of a product, as its ARN names it.
func (h *hub) takes(arn string) bool {
	m := productARN.FindStringSubmatch(arn)
	if m == nil || m[1] != h.Region {
		return false
	}
	if m[2] != "" {
		return m[2] == h.Account && m[3] == own(h.Account)
	}
	return h.Products[subscription(h.Region, h.Account, m[3])]
}

// names are a product's and its company's, as findings tell them.
func names(arn string) (product, company string) {
	if strings.HasSuffix(arn, "::product/aws/guardduty") {
		return "GuardDuty", "Amazon"
	}
	m := productARN.FindStringSubmatch(arn)
	if m[2] != "" {
		return "Default", "Personal"
	}
	company, product, _ = strings.Cut(m[3], "/")
	return product, company
}
