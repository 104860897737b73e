package policycheck

import (
	"path/filepath"
	"strings"
)

// Sarif is a report in the Static Analysis Results Interchange Format, as far as
// forges read it. Source: OASIS SARIF 2.1.0.
type Sarif struct {
	Schema  string     `json:"$schema"`
	Version string     `json:"version"`
	Runs    []sarifRun `json:"runs"`
}

type sarifRun struct {
	Tool        sarifTool         `json:"tool"`
	ColumnKind  string            `json:"columnKind"`
	Invocations []sarifInvocation `json:"invocations"`
	Results     []sarifResult     `json:"results"`
}

type sarifTool struct {
	Driver sarifDriver `json:"driver"`
}

type sarifDriver struct {
	Name    string      `json:"name"`
	Version string      `json:"version,omitempty"`
	URI     string      `json:"informationUri"`
	Rules   []sarifRule `json:"rules"`
}

type sarifRule struct {
	ID      string    `json:"id"`
	Short   sarifText `json:"shortDescription"`
	Full    sarifText `json:"fullDescription"`
	Help    sarifText `json:"help"`
	HelpURI string    `json:"helpUri"`
	Default struct {
		Level string `json:"level"`
	} `json:"defaultConfiguration"`
}

type sarifText struct {
	Text string `json:"text"`
}

type sarifInvocation struct {
	Successful    bool                `json:"executionSuccessful"`
	Notifications []sarifNotification `json:"toolExecutionNotifications"`
}

type sarifNotification struct {
	Level     string          `json:"level"`
	Message   sarifText       `json:"message"`
	Locations []sarifLocation `json:"locations"`
}

type sarifResult struct {
	RuleID    string          `json:"ruleId"`
	RuleIndex int             `json:"ruleIndex"`
	Level     string          `json:"level"`
	Message   sarifText       `json:"message"`
	Locations []sarifLocation `json:"locations"`
}

type sarifLocation struct {
	Physical sarifPhysical  `json:"physicalLocation"`
	Logical  []sarifLogical `json:"logicalLocations,omitempty"`
}

type sarifPhysical struct {
	Artifact sarifArtifact `json:"artifactLocation"`
	Region   *sarifRegion  `json:"region,omitempty"`
}

type sarifArtifact struct {
	URI string `json:"uri"`
}

type sarifRegion struct {
	Line   int `json:"startLine"`
	Column int `json:"startColumn,omitempty"`
}

type sarifLogical struct {
	Name string `json:"fullyQualifiedName"`
}

func level(s Severity) string {
	if s == Info {
		return "note"
	}
	return string(s)
}

// Sarif returns the report in SARIF. root is the directory that paths are told
// from, mostly the repository's; version is the program's.
func (r *Report) Sarif(root, version string) *Sarif {
	run := sarifRun{
		Tool:       sarifTool{sarifDriver{Name: "strongroom", Version: version, URI: "https://github.com/strongroom-dev/strongroom", Rules: []sarifRule{}}},
		ColumnKind: "unicodeCodePoints",
		Results:    []sarifResult{},
	}
	index := map[*Rule]int{}
	for i, rule := range Rules() {
		index[rule] = i
		s := sarifRule{ID: rule.ID, Short: sarifText{rule.Summary}, Full: sarifText{rule.Why}, Help: sarifText{rule.Fix}, HelpURI: rule.Page}
		s.Default.Level = level(rule.Severity)
		run.Tool.Driver.Rules = append(run.Tool.Driver.Rules, s)
	}
	for _, f := range r.Findings {
		run.Results = append(run.Results, sarifResult{
			RuleID: f.Rule.ID, RuleIndex: index[f.Rule], Level: level(f.Severity), Message: sarifText{f.Message + "; " + f.Fix},
			Locations: []sarifLocation{sarifPlace(root, f.At.File, f.At.Line, f.At.Column, strings.Trim(f.Policy+"/"+f.Path, "/"))},
		})
	}
	inv := sarifInvocation{Successful: len(r.Unreadable) == 0, Notifications: []sarifNotification{}}
	for _, n := range r.Unreadable {
		inv.Notifications = append(inv.Notifications, sarifNotification{"error", sarifText{n.Message}, []sarifLocation{sarifPlace(root, n.At.File, n.At.Line, n.At.Column, n.Policy)}})
	}
	for _, n := range r.Skipped {
		inv.Notifications = append(inv.Notifications, sarifNotification{"note", sarifText{n.Message}, []sarifLocation{sarifPlace(root, n.At.File, n.At.Line, n.At.Column, n.Policy)}})
	}
	run.Invocations = []sarifInvocation{inv}
	return &Sarif{Schema: "https://json.schemastore.org/sarif-2.1.0.json", Version: "2.1.0", Runs: []sarifRun{run}}
}

func sarifPlace(root, file string, line, column int, logical string) sarifLocation {
	l := sarifLocation{Physical: sarifPhysical{Artifact: sarifArtifact{URI: relative(root, file)}}}
	if line > 0 {
		l.Physical.Region = &sarifRegion{line, column}
	}
	if logical != "" {
		l.Logical = []sarifLogical{{logical}}
	}
	return l
}

// relative is the file as a URI from root; one outside of it keeps its way up.
func relative(root, file string) string {
	if filepath.IsAbs(file) {
		if rel, err := filepath.Rel(root, file); err == nil {
			file = rel
		}
	}
	segments := strings.Split(filepath.ToSlash(filepath.Clean(file)), "/")
	for i, s := range segments {
		segments[i] = escapeSegment(s)
	}
	return strings.Join(segments, "/")
}

// escapeSegment percent-encodes what a path segment of a URI does not hold as it is.
func escapeSegment(s string) string {
	const hex = "0123456789ABCDEF"
	var b strings.Builder
	for i := range len(s) {
		c := s[i]
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', strings.IndexByte("-._~!$&'()*+,;=@", c) >= 0:
			b.WriteByte(c)
		default:
			b.WriteByte('%')
			b.WriteByte(hex[c>>4])
			b.WriteByte(hex[c&15])
		}
	}
	return b.String()
}
