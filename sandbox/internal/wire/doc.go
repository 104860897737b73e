// Package wire holds a codec for each AWS protocol: between the bytes on the
// wire and the input and output structs of the AWS SDK for Go v2.
//
// A service asks for its protocol with NewJSON or NewQuery and returns it from
// op.Service's Protocol. The codecs walk the SDK's own structs by reflection,
// with the plan of each type made once; a member that the struct does not have
// is refused by name, and so is a value of the wrong type.
//
// It knows nothing about operations' meaning, and never authorises.
//
// Source: Smithy 2.0, "AWS JSON 1.1 protocol" and "AWS query protocol".
package wire
