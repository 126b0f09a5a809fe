// Package siphash is SipHash-2-4 with 64 bits of output: a keyed hash for short inputs, written from the paper (Jean-Philippe
// Aumasson and Daniel J. Bernstein, "SipHash: a fast short-input PRF", 2012) and checked against its vectors.
//
// The standard library has none that fits: hash/maphash takes no key and differs from one process to the next, and HMAC-SHA-256
// costs ten times as much. It promises the same answer for the same key and bytes on every machine, no allocation, and that
// nobody without the key can tell which inputs collide. It does not promise that 64 bits identify a value: who needs that
// confirms with an HMAC.
package siphash

import (
	"encoding/binary"
	"math/bits"
)

// Size is the length of a key in bytes.
const Size = 16

// Key is a key of 128 bits.
type Key struct{ k0, k1 uint64 }

// New takes the key as the paper writes it: two little-endian words.
func New(key [Size]byte) Key {
	return Key{binary.LittleEndian.Uint64(key[:8]), binary.LittleEndian.Uint64(key[8:])}
}

// The four words that the state begins with, "somepseudorandomlygeneratedbytes".
const (
	c0 = 0x736f6d6570736575
	c1 = 0x646f72616e646f6d
	c2 = 0x6c7967656e657261
	c3 = 0x7465646279746573
)

func round(v0, v1, v2, v3 uint64) (uint64, uint64, uint64, uint64) {
	v0 += v1
	v2 += v3
	v1 = bits.RotateLeft64(v1, 13) ^ v0
	v3 = bits.RotateLeft64(v3, 16) ^ v2
	v0 = bits.RotateLeft64(v0, 32) + v3
	v2 += v1
	v3 = bits.RotateLeft64(v3, 21) ^ v0
	v1 = bits.RotateLeft64(v1, 17) ^ v2
	return v0, v1, bits.RotateLeft64(v2, 32), v3
}

// finish takes the last block, which has the length in its highest byte, and makes the hash.
func finish(v0, v1, v2, v3, last uint64) uint64 {
	v3 ^= last
	v0, v1, v2, v3 = round(v0, v1, v2, v3)
	v0, v1, v2, v3 = round(v0, v1, v2, v3)
	v0 ^= last
	v2 ^= 0xff
	v0, v1, v2, v3 = round(v0, v1, v2, v3)
	v0, v1, v2, v3 = round(v0, v1, v2, v3)
	v0, v1, v2, v3 = round(v0, v1, v2, v3)
	v0, v1, v2, v3 = round(v0, v1, v2, v3)
	return v0 ^ v1 ^ v2 ^ v3
}

// Short hashes an input of fewer than eight bytes, given as a little-endian word with zeroes above.
func (k Key) Short(input uint64, length int) uint64 {
	last := input | uint64(length)<<56
	v0, v1, v2, v3 := round(k.k0^c0, k.k1^c1, k.k0^c2, k.k1^c3^last)
	v0, v1, v2, v3 = round(v0, v1, v2, v3)
	v0, v1, v2, v3 = round(v0^last, v1, v2^0xff, v3)
	v0, v1, v2, v3 = round(v0, v1, v2, v3)
	v0, v1, v2, v3 = round(v0, v1, v2, v3)
	v0, v1, v2, v3 = round(v0, v1, v2, v3)
	return v0 ^ v1 ^ v2 ^ v3
}

// Medium hashes an input of 8 to 15 bytes: its first eight, and the rest as Short takes it.
func (k Key) Medium(first, rest uint64, length int) uint64 {
	v0, v1, v2, v3 := k.k0^c0, k.k1^c1, k.k0^c2, k.k1^c3^first
	v0, v1, v2, v3 = round(v0, v1, v2, v3)
	v0, v1, v2, v3 = round(v0, v1, v2, v3)
	return finish(v0^first, v1, v2, v3, rest|uint64(length)<<56)
}

// Sum hashes any input.
func (k Key) Sum(p []byte) uint64 {
	length := len(p)
	v0, v1, v2, v3 := k.k0^c0, k.k1^c1, k.k0^c2, k.k1^c3
	for len(p) >= 8 {
		m := binary.LittleEndian.Uint64(p)
		v3 ^= m
		v0, v1, v2, v3 = round(v0, v1, v2, v3)
		v0, v1, v2, v3 = round(v0, v1, v2, v3)
		v0 ^= m
		p = p[8:]
	}
	last := uint64(length) << 56
	for i, b := range p {
		last |= uint64(b) << (8 * i)
	}
	return finish(v0, v1, v2, v3, last)
}
