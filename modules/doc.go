// Package modules carries the OpenTofu modules that Strongroom ships. Each
// directory is an ordinary module that works without the Go program; FS is what
// "strongroom init" copies beside the stacks that use them.
//
// It holds files and no logic: package internal/room renders and vendors.
package modules
