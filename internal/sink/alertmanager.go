package sink

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// parseAlertmanager reads a group of alerts, which is told in one message. A resolved
// alert is nothing to tell.
// Source: Prometheus documentation "Alerting: Configuration", webhook_config (version 4).
func parseAlertmanager(payload []byte) ([]Alert, error) {
	var g struct {
		Version  string            `json:"version"`
		GroupKey string            `json:"groupKey"`
		Receiver string            `json:"receiver"`
		Alerts   []json.RawMessage `json:"alerts"`
	}
	const what = "the Alertmanager payload"
	if err := read(what, payload, &g); err != nil {
		return nil, err
	}
	if g.Version != "4" {
		return nil, fmt.Errorf("%s is of version %q; the sink knows version 4", what, plain(g.Version, 20))
	}
	if err := required(what, "groupKey", g.GroupKey); err != nil {
		return nil, err
	}
	if len(g.Alerts) == 0 {
		return nil, fmt.Errorf("%s lacks alerts", what)
	}
	var out []Alert
	var wrong []error
	for i, raw := range g.Alerts {
		a, err := parsePrometheusAlert(fmt.Sprintf("Alertmanager alert %d of %d", i+1, len(g.Alerts)), raw)
		if err != nil {
			wrong = append(wrong, err)
			continue
		}
		a.Group = "alertmanager:" + g.GroupKey
		out = append(out, a)
	}
	return out, errors.Join(wrong...)
}

func parsePrometheusAlert(what string, raw json.RawMessage) (Alert, error) {
	var p struct {
		Status       string            `json:"status"`
		Labels       map[string]string `json:"labels"`
		Annotations  map[string]string `json:"annotations"`
		StartsAt     string            `json:"startsAt"`
		GeneratorURL string            `json:"generatorURL"`
		Fingerprint  string            `json:"fingerprint"`
	}
	if err := read(what, raw, &p); err != nil {
		return Alert{}, err
	}
	if err := required(what, "status", p.Status, "fingerprint", p.Fingerprint, "startsAt", p.StartsAt); err != nil {
		return Alert{}, err
	}
	s := Warning
	switch severity := strings.ToLower(p.Labels["severity"]); {
	case p.Status == "resolved":
		s = Info
	case p.Status != "firing":
		return Alert{}, fmt.Errorf("%s has the status %q, which is not firing or resolved", what, plain(p.Status, 40))
	case severity == "critical", severity == "page":
		s = Critical
	case severity == "info", severity == "none":
		s = Info
	}
	name := first(p.Labels["alertname"], "unnamed")
	a := Alert{
		Type: typePath("alertmanager", name), Key: "alertmanager:" + p.Fingerprint + " " + instant(p.StartsAt), Severity: s,
		Title: name + ": " + first(p.Annotations["summary"], p.Annotations["description"], "firing"), Text: first(p.Annotations["description"], p.Annotations["message"], p.Annotations["summary"]),
		Link: first(p.Annotations["runbook_url"], p.GeneratorURL),
	}
	var labels []string
	for _, n := range slices.Sorted(maps.Keys(p.Labels)) {
		if n != "alertname" {
			labels = append(labels, n+"="+p.Labels[n])
		}
	}
	a.Facts = facts("Labels", strings.Join(labels, " "), "Since", p.StartsAt)
	return a, nil
}
