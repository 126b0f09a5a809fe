package names

import (
	"bytes"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

// newsSentence is a sentence of the validation files, which the training never reads.
type newsSentence struct {
	text  []byte
	spans map[Span]bool // Kind, Start and End only
}

func readNews(t testing.TB, file string) []newsSentence {
	t.Helper()
	text, err := os.ReadFile("train/testdata/" + file)
	if err != nil {
		t.Fatal(err)
	}
	var out []newsSentence
	for block := range strings.SplitSeq(strings.TrimSpace(string(text)), "\n\n") {
		s := newsSentence{spans: map[Span]bool{}}
		var open Span
		shut := func() {
			if open.Kind != 0 {
				s.spans[open] = true
			}
			open = Span{}
		}
		for line := range strings.SplitSeq(block, "\n") {
			word, label, _ := strings.Cut(line, "\t")
			if len(s.text) > 0 {
				s.text = append(s.text, ' ')
			}
			start := len(s.text)
			s.text = append(s.text, word...)
			kind := map[string]Kind{"PER": Person, "LOC": Place}[strings.TrimLeft(label, "BI-")]
			if label[0] != 'I' || kind != open.Kind {
				shut()
			}
			if kind != 0 {
				if open.Kind == 0 {
					open = Span{Kind: kind, Start: start}
				}
				open.End = len(s.text)
			}
		}
		shut()
		out = append(out, s)
	}
	return out
}

// unseen leaves out sentences that share eight words in a row with the training files: 77 stand in both, as they were given.
func unseen(t testing.TB, list []newsSentence) []newsSentence {
	t.Helper()
	const run = 8
	seen := map[string]bool{}
	runs := func(s newsSentence, visit func(string)) {
		words := strings.Fields(strings.ToLower(string(s.text)))
		for i := 0; i == 0 || i+run <= len(words); i++ {
			visit(strings.Join(words[i:min(i+run, len(words))], " "))
		}
	}
	for _, file := range []string{"ner_nergrit_train.conll", "ner_nerp_train.conll"} {
		for _, s := range readNews(t, file) {
			runs(s, func(r string) { seen[r] = true })
		}
	}
	return slices.DeleteFunc(list, func(s newsSentence) bool {
		known := false
		runs(s, func(r string) { known = known || seen[r] })
		return known
	})
}

func measureNews(sentences []newsSentence, small bool) (person, place score) {
	for _, s := range sentences {
		text := s.text
		if small {
			text = bytes.Map(func(r rune) rune {
				if l := unicode.ToLower(r); utf8.RuneLen(l) == utf8.RuneLen(r) {
					return l
				}
				return r
			}, text)
		}
		of := map[Kind]*score{Person: &person, Place: &place}
		found := map[Span]bool{}
		for _, g := range Find(nil, text, Options{}) {
			g = Span{Kind: g.Kind, Start: g.Start, End: g.End}
			found[g] = true
			if s.spans[g] {
				of[g.Kind].hit++
			} else {
				of[g.Kind].wrong++
			}
		}
		for w := range s.spans {
			if !found[w] {
				of[w.Kind].missed++
			}
		}
	}
	return person, place
}

// The floors stand a little below what was measured when the model was made. Nothing was trained on these files, but they were in
// view when one of some forty recipes was chosen, so that another text may well score a point or two less.
func TestNamesInNewsThatTheTrainingNeverSaw(t *testing.T) {
	reached := map[string]float64{}
	for _, c := range []struct {
		name, file string
		small      bool
		floor      float64
	}{
		{"cased", "ner_nergrit_valid.conll", false, 79},
		{"the same in small letters", "ner_nergrit_valid.conll", true, 77},
		{"small letters", "ner_nerp_valid.conll", false, 81},
	} {
		person, place := measureNews(unseen(t, readNews(t, c.file)), c.small)
		all := person.and(place)
		t.Logf("%s: %v; persons %v; places %v", c.name, all, person, place)
		if all.f1() < c.floor {
			t.Errorf("%s: F1 is %.1f, the floor %.1f", c.name, all.f1(), c.floor)
		}
		reached[c.name] = all.f1()
	}
	if lost := reached["cased"] - reached["the same in small letters"]; lost > 3 {
		t.Errorf("small letters cost %.2f points, the goal is 3", lost)
	}
}

// messageFiles are the development set. The errors of files that end in _held.jsonl were never read: see testdata/GUIDELINES.md. The floors
// are what was reached, a little below; those of the older files stand where they stood.
var messageFiles = []struct {
	name   string
	floors map[string]float64 // of F1
}{
	{"names.jsonl", map[string]float64{"person": 89, "place": 73, "chat": 88, "note": 84, "mail": 91, "transcript": 89}},
	{"names_second.jsonl", map[string]float64{"person": 92, "place": 80}},
	{"calls.jsonl", map[string]float64{"person": 91, "place": 85}},
	{"calls_held.jsonl", map[string]float64{"person": 93, "place": 92}},
	{"later.jsonl", map[string]float64{"person": 91, "place": 93}},
	{"later_held.jsonl", map[string]float64{"person": 87, "place": 96}},
	{"last.jsonl", map[string]float64{"person": 92, "place": 92}},
	{"last_held.jsonl", map[string]float64{"person": 88, "place": 93}},
	{"natural.jsonl", map[string]float64{"person": 96, "place": 93}},
	{"natural_held.jsonl", map[string]float64{"person": 94, "place": 87}},
	{"mixed.jsonl", map[string]float64{"person": 95, "place": 95}},
	{"mixed_held.jsonl", map[string]float64{"person": 92, "place": 89}},
	{"ways1.jsonl", map[string]float64{"person": 90, "place": 86}},
	{"ways2.jsonl", map[string]float64{"person": 45, "place": 70}}, // numbers and addresses spoken in every way, and 24 names
	{"ways3.jsonl", map[string]float64{"person": 90, "place": 88}},
	{"day1.jsonl", map[string]float64{"person": 95, "place": 95}},
	{"day1_held.jsonl", map[string]float64{"person": 95, "place": 95}},
	{"ways5.jsonl", map[string]float64{"person": 74, "place": 72}}, // secrets and dates, and 38 names
	{"day4.jsonl", map[string]float64{"person": 91, "place": 92}},
	{"day4_held.jsonl", map[string]float64{"person": 92, "place": 90}},
	{"day2.jsonl", map[string]float64{"person": 97, "place": 97}},
	{"day2_held.jsonl", map[string]float64{"person": 97, "place": 92}},
	{"day3.jsonl", map[string]float64{"person": 91, "place": 88}},
	{"day3_held.jsonl", map[string]float64{"person": 92, "place": 90}},
	{"ways8.jsonl", map[string]float64{"person": 92, "place": 84}},
	{"newest.jsonl", map[string]float64{"person": 94, "place": 93}},
	{"newest_held.jsonl", map[string]float64{"person": 92, "place": 94}},
	{"farther.jsonl", map[string]float64{"person": 88, "place": 92}},
	{"farther_held.jsonl", map[string]float64{"person": 91, "place": 91}},
	{"ways4.jsonl", map[string]float64{"person": 78, "place": 80}},
}

func TestNamesInMessages(t *testing.T) {
	show := os.Getenv("AMANAH_NAMES_SHOW")
	var all []message
	for _, file := range messageFiles {
		messages := readMessages(t, "../testdata/dev/"+file.name)
		all = append(all, messages...)
		got := measureMessages(t, messages, Options{}, show == file.name)
		for _, kind := range slices.Sorted(maps.Keys(got)) {
			t.Logf("%s: %-20s %v", file.name, kind, got[kind])
		}
		for kind, floor := range file.floors {
			if got[kind].f1() < floor {
				t.Errorf("%s: %s: F1 is %.1f, the floor %.1f", file.name, kind, got[kind].f1(), floor)
			}
		}
	}
	got := measureMessages(t, all, Options{}, false)
	for kind, floor := range map[string]float64{"person": 92, "place": 92, "chat": 92, "note": 91, "mail": 93, "transcript": 91} {
		if got[kind].f1() < floor {
			t.Errorf("all: %s: F1 is %.1f, the floor %.1f", kind, got[kind].f1(), floor)
		}
	}
	for _, kind := range slices.Sorted(maps.Keys(got)) {
		t.Logf("all %d: %-20s %v", len(all), kind, got[kind])
	}
}

func TestNamesThatTheCallerKnowsAreFound(t *testing.T) {
	messages := readMessages(t, "../testdata/dev/names.jsonl")
	var known []string
	for _, m := range messages {
		for _, s := range m.Spans {
			if s.Type == "person" || s.Type == "mother_name" {
				known = append(known, m.Text[s.Start:s.End])
			}
		}
	}
	got := measureMessages(t, messages, Options{Known: KnownNames(slices.Values(known))}, os.Getenv("AMANAH_NAMES_SHOW") != "")["person"]
	t.Log(got)
	if got.recall() < 98 {
		t.Errorf("recall is %.1f", got.recall())
	}
}

func found(text string, o Options) string {
	var out []string
	for _, s := range Find(nil, []byte(text), o) {
		out = append(out, fmt.Sprintf("%v %s", s.Kind, text[s.Start:s.End]))
	}
	return strings.Join(out, "; ")
}

func TestEachCueAnnouncesItsName(t *testing.T) {
	for _, c := range []struct {
		text, want string
		cue        Cue
	}{
		{"rek bca 123 atas nama zulkarnaen", "person zulkarnaen", OnBehalf},
		{"transfer ke 123 a.n. Petrus Wambrauw ya", "person Petrus Wambrauw", OnBehalf},
		{"bayar a/n rosdiana", "person rosdiana", OnBehalf},
		{"nama saya hendrikus", "person hendrikus", NameIs},
		{"nama lengkap: Tiurma", "person Tiurma", NameIs},
		{"hello my name is jonathan", "person jonathan", NameIs},
		{"nama ibu kandung saya sumarni", "person sumarni", Mother},
		{"her mother's maiden name is kusumastuti", "person kusumastuti", Mother},
		{"tolong bpk. suharno ditelepon", "person suharno", Honour},
		{"selamat pagi dengan rina ada yang bisa dibantu", "person rina", With},
		{"you are speaking with yolanda", "person yolanda", Said},
		{"am i talking to a veronica", "person veronica", Said},
		{"halo saya wahyuni mau tanya", "person wahyuni", Self},
		{"dear kartika, we have sent it", "person kartika", Greeting},
		{"sudah beres.\nSalam,\nHendra Gunawan", "person Hendra Gunawan", Signature},
		{"yuliana: barangnya belum sampai", "person yuliana", Speaker},
		{"penerima: lestari", "person lestari", Role},
		{"teknisi: sumargono", "person sumargono", Role},
		{"agen: namanya siapa kak\ncust: eh, darmawan", "person darmawan", Answer},
		{"ibu kandung saya namanya sumarni", "person sumarni", Mother},
		{"nama bapak siapa ya mbak, suharni", "person suharni", Answer},
		{"dengan ibu siapa saya bicara rosmini", "person rosmini", Answer},
		{"panggil aja sumargono ya", "person sumargono", NameIs},
		{"yang terima sopirnya jonggi", "person jonggi", Kin},
		{"kwabonu yes k w a b o n u", "person kwabonu", Spelled},
		{"we i es en u jadi wisnu ya", "person wisnu", Spelled},
		{"bravo uniform delta india jadi budi", "person budi", Spelled},
		{"saya tinggal di purwakarta", "place purwakarta", Living},
		{"alamat: purwakarta", "place purwakarta", Living},
		{"paket kiriman dari lowokbengi", "place lowokbengi", Origin},
	} {
		if got := found(c.text, Options{}); got != c.want {
			t.Errorf("%q: found %q, not %q", c.text, got, c.want)
			continue
		}
		if s := Find(nil, []byte(c.text), Options{}); s[0].Reason.Cue != c.cue || !strings.Contains(s[0].Reason.String(), c.cue.String()) || c.cue.String() == "" {
			t.Errorf("%q: the reason is %q, not %q", c.text, s[0].Reason, c.cue)
		}
	}
}

func TestTextWithoutNamesHoldsNone(t *testing.T) {
	for _, text := range []string{
		"", " ", "\n\n", "12345", "...", "Terima kasih, mohon ditunggu ya Kak", "atas nama perusahaan", "a.n. PT Maju Jaya Abadi", "dengan hormat", "Bapak sudah bayar?",
		"nama produk: kabel data", "pesanan 88213 sebesar Rp1.250.000 belum dikirim", "skor akhir 3-1", "satu dua tiga empat lima", "tolong kirim ke budi.santoso@contoh.id",
		"lihat https://contoh.id/rina/wulandari", "follow @rina_wulandari", "my name is not on the list", "jalan rusak, gang sempit", "ibu rumah tangga bisa daftar?",
		"email saya rina underscore sari sembilan satu et yahoo titik com", "ririn garis bawah kusuma at gmail titik com",
		"plg: emailku ucok titik regar, pakek keong, yahu dot kom", "suratel saya hartono titik dosen ya bu", "kode aksesnya C as in Charlie", "mike yankee",
		"Cucu: nek, ini dari bank", "sopir: argo jalan terus nih macet pak",
		"kunci:\nMz9aWoLRYXk4Qw/ErTy7uIoFaWvFMfca+RiNaBnM3=\nDkMGogZj",
		"nama ibu kandungnya siapa pak?", "hasilnya positif, dirujuk ke XKJ", "Regards,", "Salam,\n\n", "M.M.", "D Z A K",
	} {
		if got := found(text, Options{}); got != "" {
			t.Errorf("%q: found %q", text, got)
		}
	}
}

func TestTitlesAreNoPartOfAName(t *testing.T) {
	for text, want := range map[string]string{
		"Yth. Bapak H. Suryadi Kusuma di tempat": "person Suryadi Kusuma",
		"dengan Ibu Hj. Rahmawati":               "person Rahmawati",
		"hubungi dr. Salim Basarah besok":        "person Salim Basarah",
		"disetujui Natalia S. kemarin":           "person Natalia S.",
	} {
		if got := found(text, Options{}); got != want {
			t.Errorf("%q: found %q, not %q", text, got, want)
		}
	}
}

func TestANameEndsWhereItEnds(t *testing.T) {
	for text, want := range map[string]string{
		"hubungi Ibu Lestari Wijaya-Wijaya besok":   "person Lestari Wijaya-Wijaya",
		"My name is Soo-min Choi and I call again":  "person Soo-min Choi",
		"Hormat saya,\nTjoa Kim Hwa":                "person Tjoa Kim Hwa",
		"atas nama Hartono. I called twice":         "person Hartono",
		"pax WIBOWO/ANITA MRS":                      "person WIBOWO/ANITA",
		"pasien Anak Agung Raka Suteja masuk":       "person Anak Agung Raka Suteja",
		"atas nama Mujur Sitanggang":                "person Mujur Sitanggang",
		"nama saya herlamb herlamb sucipto":         "person herlamb; person herlamb sucipto",
		"A pagi bu B andri mana":                    "person andri",
		"nun saye zulkifli dari batam":              "person zulkifli; place batam",
		"Hormat kami,\nE. Soekasah":                 "person E. Soekasah",
		"kami ke Wangi-Wangi besok":                 "place Wangi-Wangi",
		"Nama: Budi\nTTL: Purwakarta, 2 Mei 1990":   "person Budi; place Purwakarta",
		"SPK-1: selamat pagi\nSPK-2: ya halo":       "",
		"gangguan di Kab. Wonogiri sejak pagi":      "place Kab. Wonogiri",
		"laporan di Polsek Wonogiri sudah diterima": "",
		"kirim ke Bandung 350rb ya":                 "place Bandung",
	} {
		if got := found(text, Options{}); got != want {
			t.Errorf("%q: found %q, not %q", text, got, want)
		}
	}
}

// Who was announced once is called later without it.
func TestANameThatIsSaidForPagesIsReadOnce(t *testing.T) {
	text := []byte(strings.Repeat("van ", 4000))
	if got := Find(nil, text, Options{}); len(got) > len(text)/pieceLeast {
		t.Errorf("%d names", len(got))
	}
}

func TestAWordThatWasANameIsOneAgain(t *testing.T) {
	for _, name := range []string{"sumboga", "gosyen", "blandina"} {
		first, later := "nama saya "+name+" ya mbak", " besok "+name+" yang datang"
		if got, want := found(first+later, Options{}), "person "+name+"; person "+name; got != want {
			t.Errorf("found %q, not %q", got, want)
		}
		if got := found(later, Options{}); got != "" {
			t.Errorf("found %q where it was not announced", got)
		}
	}
}

// In news a place that is part of a house's name is one, with the house; in messages it is none.
func TestAHouseIsAPlaceInNewsOnly(t *testing.T) {
	const house = "stadion wonogiri"
	if got := found("pertandingan di "+house, Options{}); strings.Contains(got, "wonogiri") {
		t.Errorf("in a message: found %q", got)
	}
	news := "menurut panitia , partai puncak turnamen antarklub itu akan dimainkan di " + house + " , jawa tengah , pada sabtu malam"
	if got := found(news, Options{}); !strings.Contains(got, "place "+house) {
		t.Errorf("in news: found %q", got)
	}
}

// Letters are no name, and a word that they do not spell is none by them.
func TestLettersAloneAreNoName(t *testing.T) {
	for _, text := range []string{"Yankee, Oscar, Sierra, Echo", "kodenya a b c d ya", "je en e satu kosong", "harga es teh ce de"} {
		if got := found(text, Options{}); got != "" {
			t.Errorf("%q: found %q", text, got)
		}
	}
	for _, c := range []struct {
		letters, word string
		want          bool
	}{
		{"budi", "Budi", true}, {"ebudi", "budi", true}, {"fitz", "fitzgerald", true}, {"fit", "fitzgerald", false}, {"budi", "budo", false}, {"budi", "bud", false}, {"abc", "bc", false},
	} {
		if spells([]byte(c.letters), []byte(c.word)) != c.want {
			t.Errorf("%s spells %s: %v", c.letters, c.word, !c.want)
		}
	}
}

func TestAReasonSaysWhatEachWitnessSaid(t *testing.T) {
	r := Reason{Cue: OnBehalf, Lists: GivenNames | FamilyNames, Margin: 3.25}
	if got, want := r.String(), `after "on behalf of" (atas nama, a.n.); on the lists of given names, family names; margin 3.2`; got != want {
		t.Errorf("%q, not %q", got, want)
	}
	if got, want := (Reason{}).String(), "on no list; margin 0.0"; got != want {
		t.Errorf("%q, not %q", got, want)
	}
	if Cue(200).String() != "" || Kind(9).String() != "none" {
		t.Error("what is no cue and no kind has a text")
	}
}

func TestAKnownNameIsTakenWhereItIsMeant(t *testing.T) {
	known := KnownNames(slices.Values([]string{"Bunga Tanjung", "Tukimin"}))
	for text, want := range map[string]string{
		"bunga tanjung belum bayar":         "person bunga tanjung",
		"BUNGA TANJUNG":                     "person BUNGA TANJUNG",
		"mbak bunga sudah datang":           "person bunga",
		"bunga kpr berapa persen":           "",
		"tukimin":                           "person tukimin",
		"bunga " + strings.Repeat("x", 600): "",
		strings.Repeat("bunga ", 40)[1:]:    "",
	} {
		if got := found(text, Options{Known: known}); got != want {
			t.Errorf("%q: found %q, not %q", text, got, want)
		}
	}
	for _, s := range Find(nil, []byte("bunga tanjung"), Options{Known: known}) {
		if s.Reason.Cue != FromCaller || s.Reason.Lists&CallersNames == 0 || s.Score < 0.99 {
			t.Error(s)
		}
	}
}

func TestDoubtfulNamesAreLeftOutOnDemand(t *testing.T) {
	text := []byte("a.n. Petrus Wambrauw")
	if len(Find(nil, text, Options{Least: 0.5})) != 1 || len(Find(nil, text, Options{Least: 1.1})) != 0 {
		t.Error("the least score is not kept to")
	}
}

func TestFindAppends(t *testing.T) {
	first := []Span{{Kind: Place, Start: 1, End: 2}}
	if got := Find(first, []byte("a.n. Petrus Wambrauw"), Options{}); len(got) != 2 || got[0] != first[0] {
		t.Error(got)
	}
}

func TestFindAllocatesNothing(t *testing.T) {
	text := []byte("Halo kak, saya Rina Wulandari dari Bandung, rek BCA 123 a.n. Budi Santoso.\nAlamat Jl. Kenanga, Kec. Sukajadi")
	known := KnownNames(slices.Values([]string{"Rina Wulandari"}))
	dst := make([]Span, 0, 64)
	for _, o := range []Options{{}, {Known: known}} {
		if n := testing.AllocsPerRun(100, func() { dst = Find(dst[:0], text, o) }); n != 0 {
			t.Errorf("%v allocations", n)
		}
	}
}

func TestALongTextIsReadInPieces(t *testing.T) {
	line := "Halo kak, saya Rina Wulandari dari Bandung mau tanya tagihan.\n"
	for name, text := range map[string]string{
		"lines":        strings.Repeat(line, 2000),
		"one line":     strings.Repeat(strings.TrimSpace(line)+" ", 2000),
		"no blanks":    strings.Repeat("x", 40<<10) + "\n" + line,
		"no letters":   strings.Repeat("\x80", 40<<10) + "\n" + line,
		"wide letters": strings.Repeat("é", 40<<10) + "\n" + line,
	} {
		got := Find(nil, []byte(text), Options{})
		want := strings.Count(text, "Rina Wulandari")
		n := 0
		for i, s := range got {
			if text[s.Start:s.End] == "Rina Wulandari" {
				n++
			}
			if i > 0 && got[i-1].End > s.Start {
				t.Fatal(name, "spans overlap")
			}
		}
		if n < want*98/100 {
			t.Errorf("%s: %d of %d", name, n, want)
		}
	}
}

func FuzzFind(f *testing.F) {
	for _, s := range []string{
		"Halo, saya Rina", "a.n. Budi\nSantoso", "\xff\xfe", "“Budi” – Siti’s", "é\u0301 ñ Ünal", "a.n.", "atas nama", "Salam,\n", "nama:", "x@y.z", "://", "a\u200bb", "\x00", "1.2.3",
		"nama ibu kandung saya", "Pak.", "..:", "bunga tanjung ibu",
	} {
		f.Add([]byte(s))
	}
	known := KnownNames(slices.Values([]string{"Bunga Tanjung", "x"}))
	f.Fuzz(func(t *testing.T, text []byte) {
		for _, o := range []Options{{}, {Known: known}} {
			got := Find(nil, text, o)
			end := 0
			for _, s := range got {
				if s.Start < end || s.End <= s.Start || s.End > len(text) || s.Kind != Person && s.Kind != Place || s.Score < 0 || s.Score > 1 {
					t.Fatal(s)
				}
				end = s.End
				if utf8.Valid(text) && !(utf8.RuneStart(text[s.Start]) && (s.End == len(text) || utf8.RuneStart(text[s.End]))) {
					t.Fatalf("%v cuts a character", s)
				}
			}
			if !slices.Equal(got, Find(nil, text, o)) {
				t.Fatal("not the same twice")
			}
		}
	})
}
