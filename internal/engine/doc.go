// Package engine finds, equips and runs the engine: OpenTofu or Terraform.
//
// Start with Find, which names the binary, then Equip, which makes sure that
// the AWS provider can be installed, then New, which gives the commands of one
// stack. It is the only package that imports terraform-exec.
//
// It passes the engine only the environment that it declares (see Environ),
// never a secret in an argument, and shows what the engine says about its
// progress, but no state contents and no output values. It does not decide
// what to apply, does not read or write backends, and does not download
// anything itself.
//
// Source: opentofu.org/docs/cli, developer.hashicorp.com/terraform/cli
// ("Provider Installation", "CLI Configuration File", "Machine-Readable UI").
package engine
