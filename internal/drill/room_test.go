package drill

import (
	"testing"

	"github.com/amanah-id/amanah/internal/web/webtest"
)

func TestPages(t *testing.T) { webtest.Pages(t, New(Options{}).Module()) }

func TestTexts(t *testing.T) { webtest.Texts(t, "drill") }
