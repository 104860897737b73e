// Package accessanalyzer is IAM Access Analyzer of one account: its analyzers for
// external access, with their archive rules.
//
// Analyzers keep their settings and find nothing: operations on findings, analyzers
// of organizations, and those of unused or internal access are not implemented.
//
// Source: IAM Access Analyzer API Reference.
package accessanalyzer
