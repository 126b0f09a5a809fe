package held

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/amanah-id/amanah/internal/kit/errs"
)

// rows seals by turning the bytes over and writing the row in front.
type rows struct{}

func flip(b []byte) []byte {
	out := bytes.Clone(b)
	for i := range out {
		out[i] ^= 0x5a
	}
	return out
}

func (rows) Seal(row string, plain []byte) ([]byte, error) {
	return append([]byte(row+"|"), flip(plain)...), nil
}

func (rows) Open(row string, sealed []byte) ([]byte, error) {
	rest, ok := bytes.CutPrefix(sealed, []byte(row+"|"))
	if !ok {
		return nil, errors.New("another row")
	}
	return flip(rest), nil
}

var now = time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC)

func TestAFormOpensForItsSessionAndForAQuarterOfAnHour(t *testing.T) {
	f := Form{Path: "/purposes/pur_1/revise", Body: []byte("name=Rina&text=a%00b")}
	word, err := Seal(rows{}, "ses_1", f, now)
	if err != nil || strings.Contains(word, "Rina") {
		t.Fatal(word, err)
	}
	for _, at := range []time.Time{now, now.Add(For)} {
		if got, err := Open(rows{}, "ses_1", word, at); err != nil || got.Path != f.Path || !bytes.Equal(got.Body, f.Body) {
			t.Errorf("at %s: %+v %v", at, got, err)
		}
	}
	short, _ := rows{}.Seal(row("ses_1"), []byte("1234567"))
	pathless, _ := rows{}.Seal(row("ses_1"), []byte("\x00\x06\x43\x00\x00\x00\x00\x00no end"))
	for name, c := range map[string]struct {
		session, word string
		at            time.Time
	}{
		"another session": {"ses_2", word, now}, "no session": {"", word, now}, "too late": {"ses_1", word, now.Add(For + time.Second)}, "before it was made": {"ses_1", word, now.Add(-time.Second)},
		"altered": {"ses_1", "A" + word[1:], now}, "no base64": {"ses_1", "!" + word, now}, "nothing": {"ses_1", "", now},
		"short": {"ses_1", encode(short), now}, "without an end": {"ses_1", encode(pathless), now},
	} {
		if got, err := Open(rows{}, c.session, c.word, c.at); errs.CodeOf(err) != "web.held" || got.Path != "" {
			t.Errorf("%s: %+v %v", name, got, err)
		}
	}
}

func TestAFormIsSentAsTheBrowserWouldWithTheNewCookie(t *testing.T) {
	r := httptest.NewRequest("POST", "/step-up?next=/x", strings.NewReader("code=123456"))
	r.Header.Set("Accept-Language", "en")
	r.AddCookie(&http.Cookie{Name: "session", Value: "old"})
	r.AddCookie(&http.Cookie{Name: "lang", Value: "en"})
	out := Form{"/staff", []byte("name=Rina")}.Request(r, &http.Cookie{Name: "session", Value: "new"})
	body, _ := io.ReadAll(out.Body)
	if out.Method != "POST" || out.URL.String() != "/staff" || string(body) != "name=Rina" || out.ContentLength != 9 || out.Header.Get("Accept-Language") != "en" {
		t.Errorf("%s %s %q", out.Method, out.URL, body)
	}
	if got := out.Header.Get("Cookie"); got != "session=new; lang=en" {
		t.Error(got)
	}
	if got := r.Header.Get("Cookie"); got != "session=old; lang=en" || r.URL.Path != "/step-up" {
		t.Error("the browser's own request changed:", got, r.URL)
	}
}
