// Package tags is what every service does with the tags of its resources: check
// them, make the condition keys of a request out of them, and change them.
//
// Source: Tagging AWS Resources User Guide "Tag naming limits and requirements";
// IAM User Guide "Controlling access to AWS resources using tags".
package tags
