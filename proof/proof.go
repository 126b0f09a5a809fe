// Package proof checks, offline and without trusting the operator, what Amanah's audit
// log says.
//
// The log is a list of leaves: short deterministic CBOR texts (leaf.cddl) that tell who
// did what, when, on which ground, and hold no personal data. The leaves form an RFC 6962
// Merkle tree with SHA-256, kept as C2SP tlog-tiles of height 8. Its state is published as
// a checkpoint, a signed note (C2SP tlog-checkpoint), which witnesses run by other people
// may cosign (C2SP tlog-cosignature). Personal data that belongs to a leaf stands beside
// it in a Side: the leaf holds HMAC-SHA-256 commitments under a random salt that stands
// there too, so that deleting the Side leaves a leaf that tells nothing about anybody.
//
// From these follow the checks of Verify: every leaf is the one that was logged (leaves
// against tiles, tiles against the root, the root against the signed checkpoint, the
// checkpoint against witnesses and against any older one that the reader kept); every
// Side is the one that was logged; every Side that is missing is covered by an erasure
// or retention leaf; each subject's entries are numbered without a gap; time does not
// run back. The result names the first bad index and the class of the fault.
//
// What cannot be checked here: that code logged everything it did, and that the last
// entries, which no witness has seen, were not rewritten together with their signature.
//
// The package imports the standard library and golang.org/x/mod only. Parsers take
// hostile input: they allocate no more than a small multiple of what they are given,
// and return errors, never panics.
package proof

import "golang.org/x/mod/sumdb/tlog"

// Hash is an RFC 6962 tree hash.
type Hash = tlog.Hash

// Limits of the formats.
const (
	MaxLeaf   = 4096 // bytes of one leaf
	TileWidth = 256  // hashes in a full tile
	tileBits  = 8
	maxLevel  = 7 // tiles of level 7 would begin at 2^56 leaves
	maxSize   = int64(1) << 40
)
