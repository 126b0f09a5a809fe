// Package spool holds bytes for a while: a few in memory, many in a temporary file.
//
// What lies in the file is encrypted under a key of its own that exists in memory only, in blocks that cannot be changed or
// exchanged unnoticed; the file has no name any more once it is open, where the system allows that, so that nothing is left of
// it when the process is killed. A spool takes at most as many bytes as it was told and then refuses; what was refused is never
// passed over, because the error stays. It is read as often as one likes, from any place, one reader after the other or several
// at once, after the last byte was written. It knows nothing of what it holds, and is no store: whoever closes it has lost it.
package spool

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"io"
	"os"
)

// ErrFull says that more was written than the spool may hold.
var ErrFull = errors.New("spool: full")

// blockSize is how much is encrypted in one piece.
const blockSize = 64 << 10

// Spool takes bytes and gives them back. One goroutine writes.
type Spool struct {
	memory  int
	limit   int64
	dir     string
	size    int64
	kept    []byte // all of it, or what is not yet a whole block of the file
	file    *os.File
	name    string // of a file that the system would not remove while it is open
	seal    cipher.AEAD
	blocks  uint64
	failure error
}

// New makes a spool that keeps up to memory bytes in memory and takes at most limit. dir is the folder of its file; empty is
// the system's for temporary files.
func New(memory int, limit int64, dir string) *Spool {
	return &Spool{memory: memory, limit: limit, dir: dir}
}

// Size is how many bytes it holds.
func (s *Spool) Size() int64 { return s.size }

// InFile reports whether a part of it lies in a file.
func (s *Spool) InFile() bool { return s.file != nil }

// Write takes bytes. After an error, all further ones fail with it.
func (s *Spool) Write(b []byte) (int, error) {
	if s.failure == nil && s.size+int64(len(b)) > s.limit {
		s.failure = ErrFull
	}
	if s.failure != nil {
		return 0, s.failure
	}
	s.kept = append(s.kept, b...)
	s.size += int64(len(b))
	if s.file == nil && len(s.kept) > s.memory {
		s.failure = s.open()
	}
	for s.file != nil && s.failure == nil && len(s.kept) >= blockSize {
		_, s.failure = s.file.WriteAt(s.seal.Seal(nil, nonce(s.blocks), s.kept[:blockSize], nil), int64(s.blocks)*s.stride())
		s.blocks++
		s.kept = append(s.kept[:0], s.kept[blockSize:]...)
	}
	if s.failure != nil {
		return 0, s.failure
	}
	return len(b), nil
}

func (s *Spool) stride() int64 { return int64(blockSize + s.seal.Overhead()) }

// nonce counts: the key serves one file, of which each block is written once.
func nonce(block uint64) []byte {
	var n [12]byte
	binary.BigEndian.PutUint64(n[4:], block)
	return n[:]
}

// open makes the file and its key.
func (s *Spool) open() error {
	var key [32]byte
	_, _ = rand.Read(key[:]) // never fails
	block, err := aes.NewCipher(key[:])
	if err != nil {
		return err
	}
	clear(key[:])
	if s.seal, err = cipher.NewGCM(block); err != nil {
		return err
	}
	if s.file, err = os.CreateTemp(s.dir, "amanah-spool-"); err != nil { // for the owner's eyes only
		s.file = nil
		return err
	}
	if os.Remove(s.file.Name()) != nil {
		s.name = s.file.Name()
	}
	return nil
}

// Reader reads from a byte on.
func (s *Spool) Reader(from int64) *Reader { return &Reader{s: s, at: from} }

// Reader reads a spool that is written to no more.
type Reader struct {
	s        *Spool
	at       int64
	block    []byte // the one that was opened last
	which    uint64
	anywhere *Reader
}

// Size is how many bytes the spool holds.
func (r *Reader) Size() int64 { return r.s.size }

// ReadAt reads anywhere, one call after the other, and leaves Read where it is.
func (r *Reader) ReadAt(b []byte, at int64) (int, error) {
	if r.anywhere == nil {
		r.anywhere = &Reader{s: r.s}
	}
	r.anywhere.at = at
	n, err := io.ReadFull(r.anywhere, b)
	if errors.Is(err, io.ErrUnexpectedEOF) {
		err = io.EOF
	}
	return n, err
}

// Read reads on.
func (r *Reader) Read(b []byte) (int, error) {
	s := r.s
	if s.failure != nil {
		return 0, s.failure
	}
	if r.at >= s.size {
		return 0, io.EOF
	}
	in := int64(s.blocks) * blockSize // bytes that lie in the file
	if r.at >= in {
		n := copy(b, s.kept[r.at-in:])
		r.at += int64(n)
		return n, nil
	}
	if which := uint64(r.at) / blockSize; r.block == nil || which != r.which {
		sealed := make([]byte, s.stride())
		if _, err := s.file.ReadAt(sealed, int64(which)*s.stride()); err != nil {
			return 0, errors.Join(errors.New("spool: block not read"), err)
		}
		plain, err := s.seal.Open(sealed[:0], nonce(which), sealed, nil)
		if err != nil {
			return 0, errors.New("spool: block changed")
		}
		r.block, r.which = plain, which
	}
	n := copy(b, r.block[r.at%blockSize:])
	r.at += int64(n)
	return n, nil
}

// Close forgets everything. It may be called twice.
func (s *Spool) Close() error {
	clear(s.kept[:cap(s.kept)])
	s.kept, s.size, s.blocks, s.seal = nil, 0, 0, nil
	if s.failure == nil {
		s.failure = os.ErrClosed
	}
	if s.file == nil {
		return nil
	}
	err := s.file.Close()
	s.file = nil
	if s.name != "" {
		err = errors.Join(err, os.Remove(s.name))
	}
	return err
}

// Bytes is all of it, for what is small.
func (s *Spool) Bytes() ([]byte, error) {
	var out bytes.Buffer
	_, err := io.Copy(&out, s.Reader(0))
	return out.Bytes(), err
}
