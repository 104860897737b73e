// Package ec2 is the part of EC2 that an account's baseline sets: whether new EBS
// volumes are encrypted, and with which key; and the volumes that show it.
//
// Shapes are written here and not taken from the SDK, whose package for EC2 alone
// takes longer to compile than everything else.
//
// Source: EC2 API Reference; EBS User Guide "Amazon EBS encryption".
package ec2
