// Package asset serves the files that never change under one name: style sheet, script, mark.
//
// A file's address holds a hash of its content, so a browser may keep it for good and still
// never sees an old one. Files are read and compressed once, at the start. The hash is for
// caches and protects nothing; the files hold no secret and are served without a session.
// The package refuses nothing but to serve what it has not read at the start: there is no
// path to traverse.
package asset

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"hash/fnv"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"slices"
	"strings"
)

// File is one file under a name that changes with its content.
type File struct {
	URL   string
	Plain []byte
	media string
	gzip  []byte
}

// Load reads static/* of a room, by file name.
func Load(room string, files fs.FS) (map[string]*File, error) {
	names, err := fs.Glob(files, "static/*")
	if err != nil {
		return nil, err
	}
	out := map[string]*File{}
	for _, name := range names {
		text, err := fs.ReadFile(files, name)
		if err != nil {
			return nil, fmt.Errorf("statics of %s: %w", room, err)
		}
		base, ext := path.Base(name), path.Ext(name)
		hash := fnv.New64a()
		_, _ = hash.Write(text) // a hash never fails
		f := &File{
			URL:   fmt.Sprintf("/static/%s/%s-%016x%s", room, strings.TrimSuffix(base, ext), hash.Sum64(), ext),
			Plain: text, media: mime.TypeByExtension(ext),
		}
		switch ext { // the host's table of types may differ
		case ".js":
			f.media = "text/javascript; charset=utf-8"
		case ".css":
			f.media = "text/css; charset=utf-8"
		case ".svg":
			f.media = "image/svg+xml"
		}
		var b bytes.Buffer
		z, _ := gzip.NewWriterLevel(&b, gzip.BestCompression) // the level is valid
		_, _ = z.Write(text)                                  // a buffer takes everything
		if err := z.Close(); err == nil && b.Len() < len(text) {
			f.gzip = b.Bytes()
		}
		out[base] = f
	}
	return out, nil
}

// ServeHTTP sends the file, compressed for whoever accepts it.
func (f *File) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Cache-Control", "public, max-age=31536000, immutable")
	h.Set("Content-Type", f.media)
	h.Set("Vary", "Accept-Encoding")
	body := f.Plain
	if f.gzip != nil && slices.ContainsFunc(strings.Split(r.Header.Get("Accept-Encoding"), ","), func(e string) bool {
		name, q, _ := strings.Cut(strings.TrimSpace(e), ";")
		return name == "gzip" && strings.TrimSpace(q) != "q=0"
	}) {
		h.Set("Content-Encoding", "gzip")
		body = f.gzip
	}
	_, _ = w.Write(body) // the client is gone; there is nobody to tell
}
