// Package folder writes a bundle of package proof into a folder, for whoever wants files
// rather than a zip. What it writes is for the folder's owner alone, because a bundle holds
// ids and salts. No existing file is ever written over and none outside the folder, and a
// bundle whose folder was closed without an error is whole.
package folder

import (
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// Folder writes a bundle into a folder, which must not exist or be empty.
type Folder struct {
	root string
	open *os.File
}

// New makes the folder. What is below it is for its owner alone: a bundle holds ids and salts.
func New(root string) (*Folder, error) {
	err := os.MkdirAll(root, 0o700)
	var old []os.DirEntry
	if err == nil {
		old, err = os.ReadDir(root)
	}
	if err == nil && len(old) > 0 {
		err = fmt.Errorf("%s: %w", root, fs.ErrExist)
	}
	if err != nil {
		return nil, err
	}
	return &Folder{root: root}, nil
}

// Create implements Files. It ends the file that was created before.
func (f *Folder) Create(name string) (io.Writer, error) {
	err := f.Close()
	if err == nil && !filepath.IsLocal(name) {
		err = fs.ErrInvalid
	}
	path := filepath.Join(f.root, filepath.FromSlash(name))
	if err == nil {
		err = os.MkdirAll(filepath.Dir(path), 0o700)
	}
	if err == nil {
		f.open, err = os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600) //nolint:gosec // inside the folder: IsLocal
	}
	return f.open, err
}

// Close ends the last file.
func (f *Folder) Close() error {
	if f.open == nil {
		return nil
	}
	err := f.open.Close()
	f.open = nil
	return err
}
