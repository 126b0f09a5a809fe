package dlp

import (
	"testing"

	"github.com/amanah-id/amanah/internal/web/webtest"
)

func room(t *testing.T) *Service {
	t.Helper()
	s, err := New(Options{})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestPages(t *testing.T) { webtest.Pages(t, room(t).Module()) }

func TestTexts(t *testing.T) { webtest.Texts(t, "dlp") }
