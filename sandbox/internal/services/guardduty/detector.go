//lint:file-ignore SA1019 AWS serves what its SDK deprecates, and the provider still asks for it.

package guardduty

import (
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/service/guardduty"
	"github.com/aws/aws-sdk-go-v2/service/guardduty/types"

	"github.com/strongroom-dev/strongroom/sandbox/internal/op"
	"github.com/strongroom-dev/strongroom/sandbox/internal/page"
	"github.com/strongroom-dev/strongroom/sandbox/internal/tags"
)

// detector is GuardDuty in one region of an account: there is one at most.
type detector struct {
	ID, Account, Region string
	Enabled             bool
	Frequency           types.FindingPublishingFrequency
	Created, Updated    time.Time
	// Features by name; each one that there is.
	Features map[types.DetectorFeature]feature
	Tags     map[string]string
	// Token is the client token of the request that made it.
	Token string
}

func (d *detector) key() string { return place(d.Account, d.Region) + d.ID }

func (d *detector) arn() string {
	return "arn:aws:guardduty:" + d.Region + ":" + d.Account + ":detector/" + d.ID
}

func (d *detector) resource() op.Resource {
	return op.Resource{ARN: d.arn(), Account: d.Account, Tags: d.Tags}
}

// onDetector is the check of an action on a detector, there or not.
func (s *Service) onDetector(c *op.Call, action string, id *string) []op.Check {
	d := s.detectors.Get(place(c.Caller.Account, c.Region) + text(id))
	if d == nil {
		d = &detector{ID: text(id), Account: c.Caller.Account, Region: c.Region}
	}
	return []op.Check{{Action: "guardduty:" + action, Resource: d.resource()}}
}

// detector returns a detector of the caller's, which must be there.
func (s *Service) detector(c *op.Call, id *string) (*detector, error) {
	if d := s.detectors.Get(place(c.Caller.Account, c.Region) + text(id)); d != nil {
		return d, nil
	}
	return nil, bad("The request is rejected because the input detectorId is not owned by the current account.")
}

func (s *Service) detectorRows() []op.Row {
	return []op.Row{
		op.New("CreateDetector", "GuardDuty API_CreateDetector", op.Write, s.checkCreate, s.create),
		op.New("ListDetectors", "GuardDuty API_ListDetectors", op.Read,
			func(c *op.Call, _ *sdk.ListDetectorsInput) ([]op.Check, error) {
				return anywhere(c, "ListDetectors"), nil
			}, s.list),
		op.New("GetDetector", "GuardDuty API_GetDetector", op.Read,
			func(c *op.Call, in *sdk.GetDetectorInput) ([]op.Check, error) {
				return s.onDetector(c, "GetDetector", in.DetectorId), nil
			}, s.get),
		op.New("UpdateDetector", "GuardDuty API_UpdateDetector", op.Write,
			func(c *op.Call, in *sdk.UpdateDetectorInput) ([]op.Check, error) {
				return s.onDetector(c, "UpdateDetector", in.DetectorId), nil
			}, s.update),
		op.New("DeleteDetector", "GuardDuty API_DeleteDetector", op.Write,
			func(c *op.Call, in *sdk.DeleteDetectorInput) ([]op.Check, error) {
				return s.onDetector(c, "DeleteDetector", in.DetectorId), nil
			}, s.delete),
	}
}

// checkCreate asks for the detector and, with tags, for tagging.
// Source: Service Authorization Reference, Amazon GuardDuty, CreateDetector: it has
// no resource type.
func (s *Service) checkCreate(c *op.Call, in *sdk.CreateDetectorInput) ([]op.Check, error) {
	if problem := tags.Check(in.Tags); problem != "" {
		return nil, bad("%s", problem)
	}
	return anywhere(c, "CreateDetector", tags.RequestKeys(in.Tags)...), nil
}

func (s *Service) create(c *op.Call, in *sdk.CreateDetectorInput) (*sdk.CreateDetectorOutput, error) {
	if in.Enable == nil {
		return nil, bad("The request is rejected because the parameter enable is required.")
	}
	for _, d := range s.detectors.Prefix(place(c.Caller.Account, c.Region)) {
		if d.Token != "" && d.Token == text(in.ClientToken) {
			return &sdk.CreateDetectorOutput{DetectorId: &d.ID}, nil
		}
		return nil, bad("The request is rejected because a detector already exists for the current account.")
	}
	id, err := newID(c)
	if err != nil {
		return nil, err
	}
	d := &detector{
		ID: id, Account: c.Caller.Account, Region: c.Region, Created: c.Now, Updated: c.Now, Enabled: *in.Enable,
		Frequency: types.FindingPublishingFrequencySixHours, Tags: in.Tags, Features: firstFeatures(c.Now), Token: text(in.ClientToken),
	}
	if err := d.set(c.Now, in.FindingPublishingFrequency, in.DataSources, in.Features); err != nil {
		return nil, err
	}
	s.detectors.Put(d.key(), d)
	return &sdk.CreateDetectorOutput{DetectorId: &id}, nil
}

// set changes what a request names. d is not in the table yet.
func (d *detector) set(now time.Time, every types.FindingPublishingFrequency, sources *types.DataSourceConfigurations, list []types.DetectorFeatureConfiguration) error {
	switch every {
	case "":
	case types.FindingPublishingFrequencyFifteenMinutes, types.FindingPublishingFrequencyOneHour, types.FindingPublishingFrequencySixHours:
		d.Frequency = every
	default:
		return bad("The request is rejected because the value %q of findingPublishingFrequency is not valid.", every)
	}
	// Source: API_UpdateDetector: "You cannot have both dataSources and features in the
	// request".
	if sources != nil && len(list) > 0 {
		return bad("The request is rejected because dataSources and features are both in the request.")
	}
	return d.setFeatures(now, append(asFeatures(sources), list...))
}

func (s *Service) list(c *op.Call, in *sdk.ListDetectorsInput) (*sdk.ListDetectorsOutput, error) {
	n, err := limit(in.MaxResults)
	if err != nil {
		return nil, err
	}
	all := []string{}
	for _, d := range s.detectors.Prefix(place(c.Caller.Account, c.Region)) {
		all = append(all, d.ID)
	}
	all, next := page.Cut(all, func(id string) string { return id }, n, in.NextToken)
	return &sdk.ListDetectorsOutput{DetectorIds: all, NextToken: next}, nil
}

func (s *Service) get(c *op.Call, in *sdk.GetDetectorInput) (*sdk.GetDetectorOutput, error) {
	d, err := s.detector(c, in.DetectorId)
	if err != nil {
		return nil, err
	}
	status := types.DetectorStatusDisabled
	if d.Enabled {
		status = types.DetectorStatusEnabled
	}
	return &sdk.GetDetectorOutput{
		Status: status, CreatedAt: new(stamp(d.Created)), UpdatedAt: new(stamp(d.Updated)), FindingPublishingFrequency: d.Frequency,
		ServiceRole: new("arn:aws:iam::" + d.Account + ":role/aws-service-role/guardduty.amazonaws.com/AWSServiceRoleForAmazonGuardDuty"),
		Tags:        tags.With(d.Tags, nil), Features: d.features(), DataSources: d.sources(),
	}, nil
}

func (s *Service) update(c *op.Call, in *sdk.UpdateDetectorInput) (*sdk.UpdateDetectorOutput, error) {
	old, err := s.detector(c, in.DetectorId)
	if err != nil {
		return nil, err
	}
	d := *old
	d.Updated = c.Now
	if in.Enable != nil {
		d.Enabled = *in.Enable
	}
	if err := d.set(c.Now, in.FindingPublishingFrequency, in.DataSources, in.Features); err != nil {
		return nil, err
	}
	s.detectors.Put(d.key(), &d)
	return &sdk.UpdateDetectorOutput{}, nil
}

// delete takes the detector away with all that it held.
// Source: GuardDuty User Guide "Suspending or disabling GuardDuty": existing findings
// and the configuration are lost.
func (s *Service) delete(c *op.Call, in *sdk.DeleteDetectorInput) (*sdk.DeleteDetectorOutput, error) {
	d, err := s.detector(c, in.DetectorId)
	if err != nil {
		return nil, err
	}
	var gone []string
	for key := range s.findings.Prefix(d.key() + "/") {
		gone = append(gone, key)
	}
	for _, key := range gone {
		s.findings.Delete(key)
	}
	gone = nil
	for key := range s.filters.Prefix(d.key() + "/") {
		gone = append(gone, key)
	}
	for _, key := range gone {
		s.filters.Delete(key)
	}
	s.detectors.Delete(d.key())
	return &sdk.DeleteDetectorOutput{}, nil
}
