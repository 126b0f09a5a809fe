package tagger

import "testing"

func TestWordsWithAffixesAreOrdinaryWhenTheirStemsAre(t *testing.T) {
	words := map[uint32]Class{}
	for _, w := range []string{"nomor", "tunggu", "kirim", "simpan", "pilih", "hapus", "ongkir", "barang", "kasih", "cancel", "tinggal", "mart"} {
		words[HashOf(w)] = Ordinary
	}
	words[HashOf("lestari")] = Given | Ordinary
	l := NewLexicon(words)
	class := func(w string) Class {
		tokens := Tokens(nil, []byte(w))
		l.Classify(tokens, []byte(w))
		return tokens[0].Class
	}
	for _, w := range []string{"nomorku", "NOMORNYA", "nungguin", "ngirim", "nyimpan", "milih", "dihapus", "dihapusin", "ongkire", "barange", "canceled", "canceling", "ketinggalan", "menunggu", "dikirimkan"} {
		if class(w) != Ordinary {
			t.Errorf("%s is strange", w)
		}
	}
	for _, w := range []string{"", "x", "mar", "martono", "lestarinya", "nomorx", "nómorku", "bnomor", "nny", "ngx", "perpustakaannyalahkandikirim"} {
		if w != "" && class(w) != 0 {
			t.Errorf("%s is ordinary", w)
		}
	}
}

func TestALineSaysHowStrangeItIs(t *testing.T) {
	for _, c := range []struct {
		strange, words int
		want           uint8
	}{{0, 10, 2}, {2, 10, 3}, {4, 10, 5}, {9, 10, 6}, {1, 3, 0}, {3, 3, 1}, {0, 0, 1}, {0, 20, 7}, {20, 20, 11}, {0, 30, 12}, {30, 30, 16}} {
		if got := steps(c.strange, c.words); got != c.want {
			t.Errorf("%d of %d: %d, not %d", c.strange, c.words, got, c.want)
		}
	}
}
