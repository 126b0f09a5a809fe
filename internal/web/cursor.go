package web

import "github.com/amanah-id/amanah/internal/web/cursor"

// Cursor writes a position in a list as a word for a URL or a JSON answer. list names the
// list and its filters ("entries?action=reveal"): a cursor of another list, or of the same
// list filtered otherwise, does not open. The position can be read by whoever holds the
// cursor and cannot be altered; it must hold ids and times only.
func (rt *Router) Cursor(list string, position any) (string, error) {
	return cursor.Write(rt.mac, list, position)
}

// OpenCursor reads a cursor into position, a pointer. An empty cursor leaves position as it
// is: the beginning of the list.
func (rt *Router) OpenCursor(list, text string, position any) error {
	return cursor.Open(rt.mac, list, text, position)
}

func (rt *Router) mac(text []byte) []byte {
	if rt.server.options.MAC == nil {
		return nil
	}
	return rt.server.options.MAC("web/cursor", append([]byte(rt.room+"\x00"), text...))
}
