package securityhub

import (
	"maps"
	"net/http"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/service/securityhub"
	"github.com/aws/aws-sdk-go-v2/service/securityhub/types"

	"github.com/strongroom-dev/strongroom/sandbox/internal/op"
	"github.com/strongroom-dev/strongroom/sandbox/internal/tags"
)

// hub is Security Hub in one region of an account.
type hub struct {
	Account, Region string
	Created         time.Time
	// AutoEnable turns on new controls of enabled standards.
	AutoEnable bool
	Generator  types.ControlFindingGenerator
	// Standards are the enabled ones, by ARN.
	Standards map[string]standardOn
	// Products are those whose findings are taken, by their subscription's ARN.
	Products map[string]bool
	Tags     map[string]string
}

type standardOn struct{ Input map[string]string }

func (h *hub) key() string { return place(h.Account, h.Region) + "default" }

func (h *hub) arn() string {
	return "arn:aws:securityhub:" + h.Region + ":" + h.Account + ":hub/default"
}

// hub returns the caller's hub; nil: Security Hub is not enabled.
func (s *Service) hub(c *op.Call) *hub {
	return s.hubs.Get(place(c.Caller.Account, c.Region) + "default")
}

// enabled returns the caller's hub, which must be there.
func (s *Service) enabled(c *op.Call) (*hub, error) {
	if h := s.hub(c); h != nil {
		return h, nil
	}
	return nil, op.Errorf(http.StatusUnauthorized, "InvalidAccessException", "Account %s is not subscribed to AWS Security Hub", c.Caller.Account)
}

// change stores what f makes of a copy of the hub.
func (s *Service) change(h *hub, f func(*hub)) {
	own := *h
	own.Standards, own.Products = maps.Clone(h.Standards), maps.Clone(h.Products)
	f(&own)
	s.hubs.Put(own.key(), &own)
}

// check is the check of an action on the caller's hub, there or not.
func (s *Service) check(c *op.Call, action string, keys ...op.Key) []op.Check {
	h := s.hub(c)
	if h == nil {
		h = &hub{Account: c.Caller.Account, Region: c.Region}
	}
	return []op.Check{{Action: "securityhub:" + action, Resource: op.Resource{ARN: h.arn(), Account: h.Account, Tags: h.Tags}, Context: keys}}
}

func onHub[In any](s *Service, action string) func(*op.Call, *In) ([]op.Check, error) {
	return func(c *op.Call, _ *In) ([]op.Check, error) { return s.check(c, action), nil }
}

func (s *Service) hubRows() []op.Row {
	return []op.Row{
		op.New("EnableSecurityHub", "Security Hub API_EnableSecurityHub", op.Write,
			func(c *op.Call, in *sdk.EnableSecurityHubInput) ([]op.Check, error) {
				if problem := tags.Check(in.Tags); problem != "" {
					return nil, invalid("%s", problem)
				}
				return s.check(c, "EnableSecurityHub", tags.RequestKeys(in.Tags)...), nil
			}, s.enable),
		op.New("DescribeHub", "Security Hub API_DescribeHub", op.Read, onHub[sdk.DescribeHubInput](s, "DescribeHub"), s.describe),
		op.New("UpdateSecurityHubConfiguration", "Security Hub API_UpdateSecurityHubConfiguration", op.Write,
			onHub[sdk.UpdateSecurityHubConfigurationInput](s, "UpdateSecurityHubConfiguration"), s.update),
		op.New("DisableSecurityHub", "Security Hub API_DisableSecurityHub", op.Write, onHub[sdk.DisableSecurityHubInput](s, "DisableSecurityHub"), s.disable),
	}
}

func generator(g types.ControlFindingGenerator) error {
	switch g {
	case "", types.ControlFindingGeneratorSecurityControl, types.ControlFindingGeneratorStandardControl:
		return nil
	}
	return invalid("The value %q of ControlFindingGenerator is not valid.", g)
}

// enable makes the hub, with the default standards unless the request says not.
// Source: API_EnableSecurityHub; Security Hub User Guide "Integrations with other AWS
// services": the findings of AWS's own services are taken from the start.
func (s *Service) enable(c *op.Call, in *sdk.EnableSecurityHubInput) (*sdk.EnableSecurityHubOutput, error) {
	if s.hub(c) != nil {
		return nil, op.Errorf(http.StatusConflict, "ResourceConflictException", "Account is already subscribed to Security Hub")
	}
	if err := generator(in.ControlFindingGenerator); err != nil {
		return nil, err
	}
	h := &hub{
		Account: c.Caller.Account, Region: c.Region, Created: c.Now, AutoEnable: true, Generator: in.ControlFindingGenerator, Tags: in.Tags,
		Standards: map[string]standardOn{}, Products: map[string]bool{subscription(c.Region, c.Caller.Account, "aws/guardduty"): true},
	}
	if h.Generator == "" {
		h.Generator = types.ControlFindingGeneratorSecurityControl
	}
	if in.EnableDefaultStandards == nil || *in.EnableDefaultStandards {
		for _, x := range standards {
			if x.first {
				h.Standards[x.arn(c.Region)] = standardOn{}
			}
		}
	}
	s.hubs.Put(h.key(), h)
	return &sdk.EnableSecurityHubOutput{}, nil
}

func (s *Service) describe(c *op.Call, in *sdk.DescribeHubInput) (*sdk.DescribeHubOutput, error) {
	h, err := s.enabled(c)
	if err != nil {
		return nil, err
	}
	if in.HubArn != nil && *in.HubArn != h.arn() {
		return nil, op.Errorf(http.StatusNotFound, "ResourceNotFoundException", "The hub %s does not exist", *in.HubArn)
	}
	return &sdk.DescribeHubOutput{HubArn: new(h.arn()), SubscribedAt: new(stamp(h.Created)), AutoEnableControls: &h.AutoEnable, ControlFindingGenerator: h.Generator}, nil
}

func (s *Service) update(c *op.Call, in *sdk.UpdateSecurityHubConfigurationInput) (*sdk.UpdateSecurityHubConfigurationOutput, error) {
	h, err := s.enabled(c)
	if err != nil {
		return nil, err
	}
	if err := generator(in.ControlFindingGenerator); err != nil {
		return nil, err
	}
	s.change(h, func(h *hub) {
		if in.AutoEnableControls != nil {
			h.AutoEnable = *in.AutoEnableControls
		}
		if in.ControlFindingGenerator != "" {
			h.Generator = in.ControlFindingGenerator
		}
	})
	return &sdk.UpdateSecurityHubConfigurationOutput{}, nil
}

// disable takes the hub away. Its findings go with it; AWS keeps them for 30 days,
// for a hub that is enabled again.
// Source: Security Hub User Guide "Disabling Security Hub CSPM".
func (s *Service) disable(c *op.Call, _ *sdk.DisableSecurityHubInput) (*sdk.DisableSecurityHubOutput, error) {
	h, err := s.enabled(c)
	if err != nil {
		return nil, err
	}
	var gone []string
	for key := range s.findings.Prefix(place(h.Account, h.Region)) {
		gone = append(gone, key)
	}
	for _, key := range gone {
		s.findings.Delete(key)
	}
	s.hubs.Delete(h.key())
	return &sdk.DisableSecurityHubOutput{}, nil
}
