package said

import (
	"github.com/amanah-id/amanah/pii/internal/token"
	"github.com/amanah-id/amanah/pii/internal/word"
)

// Code is a number that may be a code.
type Code struct {
	Named  bool // by "code", and not only by "sms"
	Digits int
	Apart  bool // written digit by digit
}

// Arrived reports whether the words around the number text[start:end] say that it is a code that has come: kode yang masuk tadi, barusan
// masuk sms, read out code 3 9 0 5 5 7. The word for it stands so many words before, and no other thing may be spoken of between.
func (r Reader) Arrived(text []byte, c Code, lo, start, end, dist int) bool {
	arrived := false
	p := start
	for k := 1; k <= dist; k++ {
		b, e := WordBefore(text, p, lo)
		if b == p {
			return false
		}
		p = b
		if k == dist {
			if b, e = WordBefore(text, p, lo); b < p && !c.Named && c.Digits == 6 {
				arrived = arrived || came(text[b:e]) // masuk sms 448 201
			}
			break
		}
		arrived = arrived || came(text[b:e])
		if en := r.Dict.Entry(r.Dict.Find(text, b, e)); en.Cues&(word.Stop|word.Ack|word.Verify) == 0 && en.Part != word.Filler {
			return false
		}
	}
	if !c.Named {
		return arrived && (c.Digits == 4 || c.Digits == 6)
	}
	for k := 0; k < 3 && dist <= 2 && end+1 < len(text) && text[end] == ' '; k++ {
		e := token.WordEnd(text[:min(len(text), end+20)], end+1)
		arrived = arrived || came(text[end+1:e])
		end = e
	}
	return arrived || dist == 1 && c.Apart && (c.Digits == 4 || c.Digits == 6)
}

// came reports whether a word says that something has come.
func came(w []byte) bool {
	for _, s := range [...]string{"masuk", "masuknya", "tadi", "td", "barusan", "brusan", "dikirim", "dikirimkan", "terkirim", "dapat", "dapet", "diterima", "nyampe", "received", "sent", "got", "arrived", "texted"} {
		if token.EqualFold(w, s) {
			return true
		}
	}
	return false
}

// Waiting reports whether a word asks the listener to wait, so that an aside follows.
func Waiting(w string) bool {
	switch w {
	case "sebentar", "bentar", "tunggu", "ngapunten", "punten", "sakedap", "antosan", "sekedap", "sek", "hang", "hold", "wait":
		return true
	}
	return false
}
