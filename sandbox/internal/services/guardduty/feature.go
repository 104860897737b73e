package guardduty

import (
	"maps"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/guardduty/types"
)

// feature is a protection plan of a detector.
type feature struct {
	On      bool
	Updated time.Time
	// Managed are the agents that GuardDuty manages, by name.
	Managed map[types.FeatureAdditionalConfiguration]agent `json:",omitempty"`
}

type agent struct {
	On      bool
	Updated time.Time
}

// first are the features of a new detector, and whether it begins with them.
// Source: GuardDuty User Guide "GuardDuty pricing", protection plans: all but Runtime
// Monitoring are included when GuardDuty is enabled for the first time.
var first = map[types.DetectorFeature]bool{
	types.DetectorFeatureS3DataEvents: true, types.DetectorFeatureEksAuditLogs: true, types.DetectorFeatureEbsMalwareProtection: true,
	types.DetectorFeatureRdsLoginEvents: true, types.DetectorFeatureLambdaNetworkLogs: true,
	types.DetectorFeatureEksRuntimeMonitoring: false, types.DetectorFeatureRuntimeMonitoring: false,
}

// agents are those that a feature can have managed.
// Source: API_DetectorAdditionalConfiguration.
var agents = map[types.DetectorFeature][]types.FeatureAdditionalConfiguration{
	types.DetectorFeatureEksRuntimeMonitoring: {types.FeatureAdditionalConfigurationEksAddonManagement},
	types.DetectorFeatureRuntimeMonitoring: {
		types.FeatureAdditionalConfigurationEksAddonManagement, types.FeatureAdditionalConfigurationEcsFargateAgentManagement,
		types.FeatureAdditionalConfigurationEc2AgentManagement,
	},
}

func firstFeatures(now time.Time) map[types.DetectorFeature]feature {
	out := map[types.DetectorFeature]feature{}
	for name, on := range first {
		f := feature{On: on, Updated: now}
		for _, a := range agents[name] {
			if f.Managed == nil {
				f.Managed = map[types.FeatureAdditionalConfiguration]agent{}
			}
			f.Managed[a] = agent{Updated: now}
		}
		out[name] = f
	}
	return out
}

func status(on bool) types.FeatureStatus {
	if on {
		return types.FeatureStatusEnabled
	}
	return types.FeatureStatusDisabled
}

func isOn(s types.FeatureStatus) (bool, error) {
	switch s {
	case types.FeatureStatusEnabled:
		return true, nil
	case types.FeatureStatusDisabled:
		return false, nil
	}
	return false, bad("The request is rejected because the value %q of status is not valid.", s)
}

// setFeatures changes the features named, in a copy of the map.
func (d *detector) setFeatures(now time.Time, list []types.DetectorFeatureConfiguration) error {
	out := maps.Clone(d.Features)
	for _, x := range list {
		f, ok := out[x.Name]
		if !ok {
			return bad("The request is rejected because the feature %q is not valid.", x.Name)
		}
		on, err := isOn(x.Status)
		if err != nil {
			return err
		}
		if f.On != on {
			f.On, f.Updated = on, now
		}
		f.Managed = maps.Clone(f.Managed)
		for _, a := range x.AdditionalConfiguration {
			if !slices.Contains(agents[x.Name], a.Name) {
				return bad("The request is rejected because the additional configuration %q is not valid for the feature %s.", a.Name, x.Name)
			}
			on, err := isOn(a.Status)
			if err != nil {
				return err
			}
			if f.Managed[a.Name].On != on {
				f.Managed[a.Name] = agent{on, now}
			}
		}
		out[x.Name] = f
	}
	// Source: API_DetectorFeatureConfiguration: "Specifying both EKS Runtime Monitoring and
	// Runtime Monitoring will cause an error".
	if out[types.DetectorFeatureEksRuntimeMonitoring].On && out[types.DetectorFeatureRuntimeMonitoring].On {
		return bad("The request is rejected because EKS_RUNTIME_MONITORING and RUNTIME_MONITORING cannot both be enabled.")
	}
	d.Features = out
	return nil
}

// asFeatures is the older way to say the same of three features.
func asFeatures(in *types.DataSourceConfigurations) (list []types.DetectorFeatureConfiguration) {
	if in == nil {
		return nil
	}
	add := func(name types.DetectorFeature, on *bool) {
		if on != nil {
			list = append(list, types.DetectorFeatureConfiguration{Name: name, Status: status(*on)})
		}
	}
	if in.S3Logs != nil {
		add(types.DetectorFeatureS3DataEvents, in.S3Logs.Enable)
	}
	if in.Kubernetes != nil && in.Kubernetes.AuditLogs != nil {
		add(types.DetectorFeatureEksAuditLogs, in.Kubernetes.AuditLogs.Enable)
	}
	if m := in.MalwareProtection; m != nil && m.ScanEc2InstanceWithFindings != nil {
		add(types.DetectorFeatureEbsMalwareProtection, m.ScanEc2InstanceWithFindings.EbsVolumes)
	}
	return list
}

// features is the view of all features, the three that are always on included.
func (d *detector) features() []types.DetectorFeatureConfigurationResult {
	var list []types.DetectorFeatureConfigurationResult
	for _, name := range []types.DetectorFeatureResult{types.DetectorFeatureResultCloudTrail, types.DetectorFeatureResultDnsLogs, types.DetectorFeatureResultFlowLogs} {
		list = append(list, types.DetectorFeatureConfigurationResult{Name: name, Status: status(d.Enabled), UpdatedAt: &d.Created})
	}
	for _, name := range slices.Sorted(maps.Keys(d.Features)) {
		f := d.Features[name]
		x := types.DetectorFeatureConfigurationResult{Name: types.DetectorFeatureResult(name), Status: status(f.On), UpdatedAt: &f.Updated}
		for _, a := range agents[name] {
			m := f.Managed[a]
			x.AdditionalConfiguration = append(x.AdditionalConfiguration, types.DetectorAdditionalConfigurationResult{Name: a, Status: status(m.On), UpdatedAt: &m.Updated})
		}
		list = append(list, x)
	}
	return list
}

// sources is the older view.
func (d *detector) sources() *types.DataSourceConfigurationsResult {
	on := func(yes bool) types.DataSourceStatus { return types.DataSourceStatus(status(yes)) }
	of := func(name types.DetectorFeature) types.DataSourceStatus { return on(d.Features[name].On) }
	return &types.DataSourceConfigurationsResult{
		CloudTrail: &types.CloudTrailConfigurationResult{Status: on(d.Enabled)},
		DNSLogs:    &types.DNSLogsConfigurationResult{Status: on(d.Enabled)},
		FlowLogs:   &types.FlowLogsConfigurationResult{Status: on(d.Enabled)},
		S3Logs:     &types.S3LogsConfigurationResult{Status: of(types.DetectorFeatureS3DataEvents)},
		Kubernetes: &types.KubernetesConfigurationResult{AuditLogs: &types.KubernetesAuditLogsConfigurationResult{Status: of(types.DetectorFeatureEksAuditLogs)}},
		MalwareProtection: &types.MalwareProtectionConfigurationResult{ScanEc2InstanceWithFindings: &types.ScanEc2InstanceWithFindingsResult{
			EbsVolumes: &types.EbsVolumesResult{Status: of(types.DetectorFeatureEbsMalwareProtection)},
		}},
	}
}
