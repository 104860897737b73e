package configservice

import (
	"encoding/hex"
	"io"
	"slices"
	"strings"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/service/configservice"
	"github.com/aws/aws-sdk-go-v2/service/configservice/types"

	"github.com/strongroom-dev/strongroom/sandbox/internal/op"
	"github.com/strongroom-dev/strongroom/sandbox/internal/tags"
)

// recorder is the customer's recorder of an account's region.
type recorder struct {
	Name, ID, Account, Region, Role string
	Group                           types.RecordingGroup
	Mode                            types.RecordingMode
	Recording                       bool
	// Started, Stopped and Changed are zero until it happens.
	Started, Stopped, Changed time.Time
	Tags                      map[string]string
}

func (r *recorder) arn() string {
	return "arn:aws:config:" + r.Region + ":" + r.Account + ":configuration-recorder/" + r.Name + "/" + r.ID
}

func (s *Service) recorderRows() []op.Row {
	return []op.Row{
		op.New("PutConfigurationRecorder", "AWS Config API_PutConfigurationRecorder", op.Write, s.checkPut, s.putRecorder),
		op.New("DescribeConfigurationRecorders", "AWS Config API_DescribeConfigurationRecorders", op.Read,
			func(c *op.Call, _ *sdk.DescribeConfigurationRecordersInput) ([]op.Check, error) {
				return s.onRecorder(c, "DescribeConfigurationRecorders", nil), nil
			}, s.describeRecorders),
		op.New("DescribeConfigurationRecorderStatus", "AWS Config API_DescribeConfigurationRecorderStatus", op.Read,
			func(c *op.Call, _ *sdk.DescribeConfigurationRecorderStatusInput) ([]op.Check, error) {
				return s.onRecorder(c, "DescribeConfigurationRecorderStatus", nil), nil
			}, s.describeStatus),
		op.New("DeleteConfigurationRecorder", "AWS Config API_DeleteConfigurationRecorder", op.Write,
			func(c *op.Call, in *sdk.DeleteConfigurationRecorderInput) ([]op.Check, error) {
				return s.onRecorder(c, "DeleteConfigurationRecorder", in.ConfigurationRecorderName), nil
			}, s.deleteRecorder),
		op.New("StartConfigurationRecorder", "AWS Config API_StartConfigurationRecorder", op.Write,
			func(c *op.Call, in *sdk.StartConfigurationRecorderInput) ([]op.Check, error) {
				return s.onRecorder(c, "StartConfigurationRecorder", in.ConfigurationRecorderName), nil
			}, s.startRecorder),
		op.New("StopConfigurationRecorder", "AWS Config API_StopConfigurationRecorder", op.Write,
			func(c *op.Call, in *sdk.StopConfigurationRecorderInput) ([]op.Check, error) {
				return s.onRecorder(c, "StopConfigurationRecorder", in.ConfigurationRecorderName), nil
			}, s.stopRecorder),
	}
}

// onRecorder is the check of an action on the recorder, there or not.
func (s *Service) onRecorder(c *op.Call, action string, name *string, keys ...op.Key) []op.Check {
	r := s.recorders.Get(place(c.Caller.Account, c.Region))
	if r == nil || name != nil && *name != r.Name {
		r = &recorder{Name: text(name), Account: c.Caller.Account, Region: c.Region}
	}
	return []op.Check{{Action: "config:" + action, Resource: op.Resource{ARN: r.arn(), Account: r.Account, Tags: r.Tags}, Context: keys}}
}

// recorder returns the one of this name, which must be there.
func (s *Service) recorder(c *op.Call, name string) (*recorder, error) {
	if r := s.recorders.Get(place(c.Caller.Account, c.Region)); r != nil && r.Name == name {
		return r, nil
	}
	return nil, fault("NoSuchConfigurationRecorderException", "Cannot find configuration recorder with the specified name '%s'.", name)
}

func tagMap(list []types.Tag) (map[string]string, error) {
	m, problem := tags.Read(list, func(t types.Tag) (key, value *string) { return t.Key, t.Value })
	if problem != "" {
		return nil, fault("ValidationException", "%s", problem)
	}
	return m, nil
}

// checkPut asks for the recorder, and whether the role may be passed to Config.
func (s *Service) checkPut(c *op.Call, in *sdk.PutConfigurationRecorderInput) ([]op.Check, error) {
	given, err := tagMap(in.Tags)
	if err != nil {
		return nil, err
	}
	if in.ConfigurationRecorder == nil {
		return nil, fault("ValidationException", "ConfigurationRecorder is required.")
	}
	checks := s.onRecorder(c, "PutConfigurationRecorder", new(recorderName(in.ConfigurationRecorder)), tags.RequestKeys(given)...)
	role := text(in.ConfigurationRecorder.RoleARN)
	part := strings.SplitN(role, ":", 6)
	if len(part) != 6 || part[0] != "arn" || part[2] != "iam" || !strings.HasPrefix(part[5], "role/") {
		return nil, fault("InvalidRoleException", "The role ARN '%s' is not valid.", role)
	}
	return append(checks, op.Check{Action: "iam:PassRole", Resource: op.Resource{ARN: role, Account: part[4]},
		Context: []op.Key{op.Single("iam:PassedToService", "config.amazonaws.com")}}), nil
}

func recorderName(r *types.ConfigurationRecorder) string {
	if r.Name == nil {
		return "default"
	}
	return *r.Name
}

func (s *Service) putRecorder(c *op.Call, in *sdk.PutConfigurationRecorderInput) (*sdk.PutConfigurationRecorderOutput, error) {
	x := in.ConfigurationRecorder
	if x.Arn != nil || x.ConnectorArn != nil || x.RecordingScope != "" || x.ScopeConfiguration != nil || x.ServicePrincipal != nil {
		return nil, refuse("service-linked recorders, nor members of a recorder beside Name, RoleARN, RecordingGroup and RecordingMode")
	}
	name := recorderName(x)
	if len(name) > 256 || !nameForm.MatchString(name) {
		return nil, fault("InvalidConfigurationRecorderNameException", "The configuration recorder name '%s' is not valid.", name)
	}
	group, err := readGroup(x.RecordingGroup)
	if err != nil {
		return nil, err
	}
	mode, err := readMode(x.RecordingMode)
	if err != nil {
		return nil, err
	}
	r := &recorder{Name: name, Account: c.Caller.Account, Region: c.Region}
	if old := s.recorders.Get(place(r.Account, r.Region)); old != nil {
		if old.Name != name {
			return nil, fault("MaxNumberOfConfigurationRecordersExceededException", "Failed to put configuration recorder '%s' because the maximum number of configuration recorders: 1 is reached.", name)
		}
		*r = *old // its tags are those that it was made with
	} else {
		id := make([]byte, 8)
		if _, err := io.ReadFull(c.Rand, id); err != nil {
			return nil, err
		}
		r.ID = hex.EncodeToString(id)
		if r.Tags, err = tagMap(in.Tags); err != nil {
			return nil, err
		}
	}
	r.Role, r.Group, r.Mode = *x.RoleARN, *group, *mode
	s.recorders.Put(place(r.Account, r.Region), r)
	return &sdk.PutConfigurationRecorderOutput{}, nil
}

// readGroup says what is recorded, with the strategy that follows from the rest.
// Source: API_RecordingGroup.
func readGroup(in *types.RecordingGroup) (*types.RecordingGroup, error) {
	if in == nil {
		in = &types.RecordingGroup{AllSupported: true}
	}
	g := *in
	bad := func(why string) error {
		return fault("InvalidRecordingGroupException", "The recording group provided is not valid: %s", why)
	}
	excluded := g.ExclusionByResourceTypes != nil && len(g.ExclusionByResourceTypes.ResourceTypes) > 0
	for _, kind := range g.ResourceTypes {
		if !slices.Contains(kind.Values(), kind) {
			return nil, bad("the resource type " + string(kind) + " is not known")
		}
	}
	if g.AllSupported && (len(g.ResourceTypes) > 0 || excluded) {
		return nil, bad("allSupported goes with no list of resource types")
	}
	if g.IncludeGlobalResourceTypes && !g.AllSupported {
		return nil, bad("includeGlobalResourceTypes needs allSupported")
	}
	if len(g.ResourceTypes) > 0 && excluded {
		return nil, bad("resource types are listed and excluded")
	}
	follows := types.RecordingStrategyTypeInclusionByResourceTypes
	switch {
	case g.AllSupported:
		follows = types.RecordingStrategyTypeAllSupportedResourceTypes
	case excluded:
		follows = types.RecordingStrategyTypeExclusionByResourceTypes
	case len(g.ResourceTypes) == 0:
		return nil, bad("nothing is to be recorded")
	}
	if g.RecordingStrategy != nil && g.RecordingStrategy.UseOnly != "" && g.RecordingStrategy.UseOnly != follows {
		return nil, bad("the strategy " + string(g.RecordingStrategy.UseOnly) + " does not go with the rest")
	}
	g.RecordingStrategy = &types.RecordingStrategy{UseOnly: follows}
	return &g, nil
}

// readMode says how often.
// Source: API_RecordingMode.
func readMode(in *types.RecordingMode) (*types.RecordingMode, error) {
	if in == nil {
		return &types.RecordingMode{RecordingFrequency: types.RecordingFrequencyContinuous}, nil
	}
	if len(in.RecordingModeOverrides) > 1 {
		return nil, fault("ValidationException", "There is one override of the recording mode at most.")
	}
	all := []types.RecordingFrequency{in.RecordingFrequency}
	for _, x := range in.RecordingModeOverrides {
		all = append(all, x.RecordingFrequency)
	}
	for _, f := range all {
		if f != types.RecordingFrequencyContinuous && f != types.RecordingFrequencyDaily {
			return nil, fault("ValidationException", "The recording frequency '%s' is not valid.", f)
		}
	}
	return in, nil
}

// chosen returns the recorder if the names, when there are some, name it.
func (s *Service) chosen(c *op.Call, names []string, arn, service *string) (*recorder, error) {
	if service != nil {
		return nil, refuse("service-linked recorders")
	}
	r := s.recorders.Get(place(c.Caller.Account, c.Region))
	for _, name := range names {
		if r == nil || r.Name != name {
			return nil, fault("NoSuchConfigurationRecorderException", "Cannot find configuration recorder with the specified name '%s'.", name)
		}
	}
	if arn != nil && (r == nil || r.arn() != *arn) {
		return nil, fault("NoSuchConfigurationRecorderException", "Cannot find configuration recorder with the specified ARN '%s'.", *arn)
	}
	return r, nil
}

func (s *Service) describeRecorders(c *op.Call, in *sdk.DescribeConfigurationRecordersInput) (*sdk.DescribeConfigurationRecordersOutput, error) {
	r, err := s.chosen(c, in.ConfigurationRecorderNames, in.Arn, in.ServicePrincipal)
	if err != nil {
		return nil, err
	}
	out := &sdk.DescribeConfigurationRecordersOutput{ConfigurationRecorders: []types.ConfigurationRecorder{}}
	if r != nil {
		out.ConfigurationRecorders = append(out.ConfigurationRecorders, types.ConfigurationRecorder{
			Arn: new(r.arn()), Name: &r.Name, RoleARN: &r.Role, RecordingGroup: &r.Group, RecordingMode: &r.Mode, RecordingScope: types.RecordingScopePaid,
		})
	}
	return out, nil
}

func moment(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

// describeStatus: nothing is delivered yet, so that the status of deliveries stays
// pending once the recorder has run.
func (s *Service) describeStatus(c *op.Call, in *sdk.DescribeConfigurationRecorderStatusInput) (*sdk.DescribeConfigurationRecorderStatusOutput, error) {
	r, err := s.chosen(c, in.ConfigurationRecorderNames, in.Arn, in.ServicePrincipal)
	if err != nil {
		return nil, err
	}
	out := &sdk.DescribeConfigurationRecorderStatusOutput{ConfigurationRecordersStatus: []types.ConfigurationRecorderStatus{}}
	if r != nil {
		x := types.ConfigurationRecorderStatus{
			Arn: new(r.arn()), Name: &r.Name, Recording: r.Recording, LastStartTime: moment(r.Started), LastStopTime: moment(r.Stopped), LastStatusChangeTime: moment(r.Changed),
		}
		if !r.Started.IsZero() {
			x.LastStatus = types.RecorderStatusPending
		}
		out.ConfigurationRecordersStatus = append(out.ConfigurationRecordersStatus, x)
	}
	return out, nil
}

func (s *Service) deleteRecorder(c *op.Call, in *sdk.DeleteConfigurationRecorderInput) (*sdk.DeleteConfigurationRecorderOutput, error) {
	r, err := s.recorder(c, text(in.ConfigurationRecorderName))
	if err != nil {
		return nil, err
	}
	s.recorders.Delete(place(r.Account, r.Region))
	return &sdk.DeleteConfigurationRecorderOutput{}, nil
}

func (s *Service) startRecorder(c *op.Call, in *sdk.StartConfigurationRecorderInput) (*sdk.StartConfigurationRecorderOutput, error) {
	old, err := s.recorder(c, text(in.ConfigurationRecorderName))
	if err != nil {
		return nil, err
	}
	if s.channels.Get(place(old.Account, old.Region)) == nil {
		return nil, fault("NoAvailableDeliveryChannelException", "Delivery channel is not available to start configuration recorder.")
	}
	r := *old
	r.Recording, r.Started, r.Changed = true, c.Now, c.Now
	s.recorders.Put(place(r.Account, r.Region), &r)
	return &sdk.StartConfigurationRecorderOutput{}, nil
}

func (s *Service) stopRecorder(c *op.Call, in *sdk.StopConfigurationRecorderInput) (*sdk.StopConfigurationRecorderOutput, error) {
	old, err := s.recorder(c, text(in.ConfigurationRecorderName))
	if err != nil {
		return nil, err
	}
	r := *old
	r.Recording, r.Stopped, r.Changed = false, c.Now, c.Now
	s.recorders.Put(place(r.Account, r.Region), &r)
	return &sdk.StopConfigurationRecorderOutput{}, nil
}
