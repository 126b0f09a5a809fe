package interaction

import (
	"testing"

	"github.com/amanah-id/amanah/internal/web/webtest"
)

func TestTexts(t *testing.T) {
	webtest.Texts(t, "interaction", "../verification", "../desk", "../trail", "../supervision")
}
