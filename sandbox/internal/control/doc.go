// Package control is how one process asks a sandbox that runs in another: for a
// token of the stand-in forge, for an account's root credentials, to attach a
// service control policy. It holds both sides, so that they cannot drift apart.
//
// The sandbox mounts Handler under a random path of its own port, which is the
// only secret; a Client is made from the URL with that path. Every call is a
// POST with one JSON object, and unknown fields are refused. It is no AWS API,
// has no permissions, and stays inside the machine.
package control
