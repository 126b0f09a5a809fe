package web

import (
	"cmp"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/amanah-id/amanah/internal/kit/errs"
	"github.com/amanah-id/amanah/internal/kit/i18n"
)

// GalleryPage lists every page of every room with its fixtures.
type GalleryPage struct{ Rooms []GalleryRoom }

// GalleryRoom is one room's part of the gallery.
type GalleryRoom struct {
	Name  string
	Items []GalleryItem
}

// GalleryItem is one fixture of one page.
type GalleryItem struct {
	View  string
	Name  string
	Bytes int
	Links []Link
}

// Gallery shows every page from its fixtures, without a session and without data: for
// `amanah dev gallery` and for the native reader who signs the texts off. It is never part
// of a serving desk.
func (s *Server) Gallery() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/":
		case "/page":
			s.galleryPage(w, r)
			return
		default:
			if strings.HasSuffix(r.URL.Path, ".js") {
				w.Header().Set("Content-Type", "text/javascript") // empty: nobody serves the calls that a script would ask for
				return
			}
			s.serve(w, r)
			return
		}
		s.headers(w.Header(), &state{trace: "gallery"}, r)
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		page := GalleryPage{}
		for _, m := range s.rooms {
			if m.Fixtures == nil {
				continue
			}
			room := GalleryRoom{Name: m.Name}
			for i, f := range m.Fixtures(s.printers[i18n.ID]) {
				item := GalleryItem{View: cmp.Or(f.Fragment, viewName(f.Page)), Name: f.Name}
				var size counter
				if err := s.Preview(&size, m.Name, f, i18n.ID, "", "/"); err != nil {
					item.Name += " (" + errs.Of(err).Code + ")"
				}
				item.Bytes = int(size)
				for _, l := range i18n.Langs() {
					for _, theme := range []string{"light", "dark"} {
						item.Links = append(item.Links, Link{To: fmt.Sprintf("/page?room=%s&i=%d&in=%s&theme=%s", m.Name, i, l, theme), Label: string(l) + " " + theme})
					}
				}
				room.Items = append(room.Items, item)
			}
			page.Rooms = append(page.Rooms, room)
		}
		if err := s.Preview(w, "web", Fixture{Page: page}, i18n.ID, "", "/"); err != nil {
			http.Error(w, "gallery", http.StatusInternalServerError)
		}
	})
}

type counter int

func (c *counter) Write(b []byte) (int, error) {
	*c += counter(len(b))
	return len(b), nil
}

func (s *Server) galleryPage(w http.ResponseWriter, r *http.Request) {
	s.headers(w.Header(), &state{trace: "gallery"}, r)
	q := r.URL.Query()
	at := slices.IndexFunc(s.rooms, func(m Module) bool { return m.Name == q.Get("room") })
	n, err := strconv.Atoi(q.Get("i"))
	lang := i18n.Choose(q.Get("in"), "", "")
	if at < 0 || err != nil || s.rooms[at].Fixtures == nil {
		http.NotFound(w, r)
		return
	}
	fixtures := s.rooms[at].Fixtures(s.printers[lang])
	if n < 0 || n >= len(fixtures) {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	path := "/page"
	if nav := s.rooms[at].Nav; len(nav) > 0 {
		path = nav[0].Path
	}
	if err := s.Preview(w, s.rooms[at].Name, fixtures[n], lang, q.Get("theme"), path); err != nil {
		http.Error(w, "gallery", http.StatusInternalServerError)
	}
}
