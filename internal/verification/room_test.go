package verification_test

import (
	"testing"

	"github.com/amanah-id/amanah/internal/web/webtest"
)

func TestTexts(t *testing.T) { webtest.Texts(t, "verification", "../desk") }
