package rehearse

import (
	"path/filepath"
	"strings"

	"github.com/strongroom-dev/strongroom/internal/engine"
	"github.com/strongroom-dev/strongroom/internal/lock"
)

// Report is what a rehearsal found. Its JSON form is that of
// `strongroom rehearse --format json`: fields are only ever added.
type Report struct {
	FormatVersion int `json:"format_version"`
	// Scenario is Options.Scenario; absent for a room.
	Scenario string `json:"scenario,omitempty"`
	Engine   Engine `json:"engine"`
	// Engines are those of a scenario that is played with several; absent otherwise.
	Engines []Engine `json:"engines,omitempty"`
	// Provider is the version of the AWS provider, "5.100.0"; "" when it came
	// from a registry and was not asked.
	Provider string        `json:"provider"`
	Steps    []Step        `json:"steps"`
	Locks    []lock.Result `json:"locks"`
	// Holds tells whether every lock holds. False until they were tried.
	Holds   bool    `json:"holds"`
	Seconds Seconds `json:"seconds"`
	// NotApplicable are locks that this room has nothing to try on.
	NotApplicable []NotApplicable `json:"not_applicable"`
}

// NotApplicable is a lock that was not tried, and why.
type NotApplicable struct {
	ID  string `json:"id"`
	Why string `json:"why"`
}

// Engine is the engine that built the room.
type Engine struct {
	Name    string `json:"name"`
	Version string `json:"version"`
}

// Step is a step and its wall time in seconds.
type Step struct {
	Name    string  `json:"name"`
	Seconds float64 `json:"seconds"`
}

// Seconds are wall times. Engine is the engine's own time: that of its
// commands, less the time in which the sandbox was answering them.
type Seconds struct {
	Total  float64 `json:"total"`
	Engine float64 `json:"engine"`
}

func newReport() Report {
	return Report{FormatVersion: 1, Steps: []Step{}, Locks: []lock.Result{}, NotApplicable: []NotApplicable{}}
}

func (r *Report) add(l lock.Result) {
	r.Holds = (r.Holds || len(r.Locks) == 0) && l.Holds
	r.Locks = append(r.Locks, l)
}

// providerVersion reads the version off a plugin's file name.
func providerVersion(p engine.Plugins) string {
	_, version, ok := strings.Cut(filepath.Base(p.From), "terraform-provider-aws_v")
	if !ok {
		return ""
	}
	version, _, _ = strings.Cut(version, "_")
	return version
}
