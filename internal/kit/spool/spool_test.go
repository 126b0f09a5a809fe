package spool

import (
	"bytes"
	"errors"
	"io"
	"os"
	"strings"
	"testing"
)

// pattern is n bytes that tell where they stand.
func pattern(n int) []byte {
	out := make([]byte, n)
	for i := range out {
		out[i] = byte(i>>8) ^ byte(i)*31
	}
	return out
}

func TestWhatIsWrittenIsReadHoweverItIsCut(t *testing.T) {
	for _, size := range []int{0, 1, 100, 101, blockSize - 1, blockSize, blockSize + 1, 3*blockSize + 17} {
		for _, piece := range []int{7, 4096, blockSize, 200_000} {
			if piece == 7 && size > 1000 {
				continue
			}
			s := New(100, 1<<20, t.TempDir())
			want := pattern(size)
			for rest := want; len(rest) > 0; {
				n := min(piece, len(rest))
				if _, err := s.Write(rest[:n]); err != nil {
					t.Fatal(err)
				}
				rest = rest[n:]
			}
			if s.InFile() != (size > 100) {
				t.Errorf("%d bytes: in a file: %t", size, s.InFile())
			}
			for range 2 { // as often as one likes
				if got, err := s.Bytes(); err != nil || !bytes.Equal(got, want) {
					t.Errorf("%d bytes in pieces of %d: %d read, %v", size, piece, len(got), err)
				}
			}
			from := int64(size / 2)
			if got, err := io.ReadAll(s.Reader(from)); err != nil || !bytes.Equal(got, want[from:]) {
				t.Errorf("%d bytes from the middle: %d read, %v", size, len(got), err)
			}
			if err := s.Close(); err != nil {
				t.Error(err)
			}
			if err := s.Close(); err != nil {
				t.Error("a second time:", err)
			}
		}
	}
}

func TestAFullSpoolStaysFull(t *testing.T) {
	s := New(10, 20, t.TempDir())
	defer func() { _ = s.Close() }()
	if _, err := s.Write(make([]byte, 20)); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Write([]byte{1}); !errors.Is(err, ErrFull) {
		t.Error(err)
	}
	if _, err := s.Write(nil); !errors.Is(err, ErrFull) {
		t.Error("what was refused is passed over:", err)
	}
	if _, err := io.ReadAll(s.Reader(0)); !errors.Is(err, ErrFull) {
		t.Error("half of it is read as if it were all:", err)
	}
}

func TestTheFileHasNoNameAndNoPlainBytes(t *testing.T) {
	dir := t.TempDir()
	s := New(0, 1<<20, dir)
	defer func() { _ = s.Close() }()
	if _, err := s.Write([]byte(strings.Repeat("3273014708870017 ", 10_000))); err != nil {
		t.Fatal(err)
	}
	list, err := os.ReadDir(dir)
	if err != nil || len(list) != 0 {
		t.Errorf("files are left when the process is killed now: %v %v", list, err)
	}
	raw := make([]byte, 2*blockSize)
	if _, err := s.file.ReadAt(raw, 0); err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(raw, []byte("32730147")) {
		t.Error("the file holds plain bytes")
	}
	mode, err := s.file.Stat()
	if err != nil || mode.Mode().Perm() != 0o600 {
		t.Error(mode.Mode(), err)
	}
}

func TestAChangedOrExchangedBlockIsNoticed(t *testing.T) {
	for name, spoil := range map[string]func(s *Spool) error{
		"changed":   func(s *Spool) error { _, err := s.file.WriteAt([]byte{0, 0, 0, 0}, 100); return err },
		"exchanged": func(s *Spool) error { return exchange(s) },
		"cut":       func(s *Spool) error { return s.file.Truncate(50) },
	} {
		s := New(0, 1<<20, t.TempDir())
		if _, err := s.Write(pattern(3 * blockSize)); err != nil {
			t.Fatal(err)
		}
		if err := spoil(s); err != nil {
			t.Fatal(err)
		}
		if _, err := io.ReadAll(s.Reader(0)); err == nil {
			t.Errorf("%s: read all the same", name)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
}

func exchange(s *Spool) error {
	a, b := make([]byte, s.stride()), make([]byte, s.stride())
	if _, err := s.file.ReadAt(a, 0); err != nil {
		return err
	}
	if _, err := s.file.ReadAt(b, s.stride()); err != nil {
		return err
	}
	if _, err := s.file.WriteAt(b, 0); err != nil {
		return err
	}
	_, err := s.file.WriteAt(a, s.stride())
	return err
}

func TestAFolderThatIsNotThereIsAnErrorAndNotMemoryWithoutEnd(t *testing.T) {
	s := New(10, 1<<20, t.TempDir()+"/none")
	if _, err := s.Write(make([]byte, 100)); err == nil {
		t.Error("taken")
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if _, err := s.Write([]byte{1}); err == nil {
		t.Error("a closed spool takes more")
	}
}
