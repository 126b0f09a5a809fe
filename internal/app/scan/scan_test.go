package scan

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/amanah-id/amanah/internal/kit/i18n"
	"github.com/amanah-id/amanah/pii"
	"github.com/amanah-id/amanah/pii/extract"
	"github.com/amanah-id/amanah/pii/extract/child"
	"github.com/amanah-id/amanah/pii/names"
)

// The numbers of people who do not exist.
const (
	nik   = "3273012501909999"
	phone = "081234567890"
)

// The test's own program is the child that parses documents.
func TestMain(m *testing.M) {
	if len(os.Args) == 3 && os.Args[1] == ParserArgument {
		os.Exit(child.Serve(os.Args[2], os.Stdin, os.Stdout))
	}
	os.Exit(m.Run())
}

func TestTheTextsAreWholeInBothLanguages(t *testing.T) {
	for _, fault := range i18n.CheckFolder(".", i18n.Source{Room: "scan", FS: Messages}, "../command") {
		t.Error(fault)
	}
}

func printer(t *testing.T, lang i18n.Lang) *i18n.Printer {
	t.Helper()
	texts, err := i18n.Load(i18n.Source{Room: "scan", FS: Messages})
	if err != nil {
		t.Fatal(err)
	}
	return texts.For(lang, time.UTC)
}

// Every kind, reason and reason for not inspecting has its words.
func TestEveryKindAndReasonHasItsWords(t *testing.T) {
	p := printer(t, i18n.ID)
	for _, name := range TypeNames() {
		if !p.Has("scan.type_" + name) {
			t.Errorf("no text for the kind %s", name)
		}
	}
	for _, why := range []extract.Reason{
		extract.Encrypted, extract.Damaged, extract.Truncated, extract.Unreadable, extract.Unknown, extract.Unsupported, extract.Mixed, extract.NoText, extract.NoOCR, extract.Hidden, extract.Died,
		extract.TooDeep, extract.TooMany, extract.TooDense, extract.TooLarge, extract.TooLong, extract.TooBig, extract.TooManyPages, unclean, exists,
	} {
		if !p.Has("scan.why_" + string(why)) {
			t.Errorf("no text for the reason %s", why)
		}
	}
	for _, key := range said {
		if !p.Has("scan.because_" + key) {
			t.Errorf("no text for the piece of a reason %s", key)
		}
	}
	for _, key := range lists {
		if !p.Has("scan.list_" + key) {
			t.Errorf("no text for the list %s", key)
		}
	}
	for _, c := range counted {
		if !p.Has("scan.because_" + c.key) {
			t.Errorf("no text for the piece of a reason %s", c.key)
		}
	}
}

// A reader of Indonesian reads no English reason, whatever was found.
func TestReasonsAreTranslatedPieceByPiece(t *testing.T) {
	id := &table{text: printer(t, i18n.ID)}
	s := pii.New(pii.Options{Least: 0.1})
	text := []byte("NIK " + nik + ", hp " + phone + ", kartu 4539578763621486, email a@contoh.co.id, NPWP 09.254.294.3-407.000, tgl lahir 25-01-1990, rek BCA 1234567890, PIN 4821, Jl. Merdeka No. 5 RT 02/RW 03 Bandung")
	found := s.Scan(nil, text)
	if len(found) < 6 {
		t.Fatalf("only %d findings", len(found))
	}
	var reasons []string
	for _, f := range found {
		reasons = append(reasons, f.Reason())
	}
	for _, n := range names.Find(nil, []byte("Selamat pagi, dengan Ibu Kartika Wulandari di Bandung, atas nama Budi Santoso. Salam, Xyrqo Bnar"), names.Options{Least: 0.01}) {
		reasons = append(reasons, n.Reason.String())
	}
	for c := names.OnBehalf; c.String() != ""; c++ {
		reasons = append(reasons, c.String())
	}
	for _, reason := range reasons {
		for piece := range strings.SplitSeq(id.reason(reason), "; ") {
			if strings.Contains(reason, piece) {
				t.Errorf("%s: %q is not translated", reason, piece)
			}
		}
	}
}

type file struct{ name, text string }

func zipped(files ...file) string {
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, f := range files {
		w, _ := z.Create(f.name)
		_, _ = io.WriteString(w, f.text)
	}
	_ = z.Close()
	return b.String()
}

func folder(t *testing.T, files ...file) string {
	t.Helper()
	dir := t.TempDir()
	for _, f := range files {
		path := filepath.Join(dir, f.name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(f.text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// scanned runs a scan with a child, and returns what it wrote and its summary.
func scanned(t *testing.T, change func(*Setting), paths ...string) (out, notices string, sum Summary) {
	t.Helper()
	var o, n bytes.Buffer
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	s := Setting{Out: &o, Notices: &n, Paths: paths, Limits: extract.Usual(), Text: printer(t, i18n.EN), Least: 0.5, Program: program, Tools: extract.Tools{Ignore: true}}
	if change != nil {
		change(&s)
	}
	sum, err = s.Run(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return o.String(), n.String(), sum
}

var everything = []file{
	{"catatan.txt", "halo\nNIK saya " + nik + " dan hp " + phone + "\nOTP nya 482913\n"},
	{"data/pelanggan.csv", "Nama,NIK\nSiti," + nik + "\n"},
	{"data/a.json", `{"pelanggan":{"nik":` + nik + `,"` + nik + `":"x"}}`},
	{"KTP " + nik + ".html", "<html><p>NIK " + nik + "</p></html>"},
	{"surat.zip", zipped(file{"NIK " + nik + ".txt", "NIK " + nik}, file{"surat.docx", zipped(file{"[Content_Types].xml", "<Types/>"}, file{"word/document.xml", "<w:p><w:t>NIK " + nik + "</w:t></w:p>"})})},
	{"laporan.pdf", "%PDF-1.4\n1 0 obj\n<< /Type /Page /Contents 2 0 R >>\nendobj\n2 0 obj\n<< >>\nstream\nBT /F1 12 Tf (NIK " + nik + ") Tj ET\nendstream\nendobj\ntrailer\n<<>>\n%%EOF\n"},
	{"rahasia.pdf", "%PDF-1.4\ntrailer << /Encrypt 1 0 R >>"},
	{"biner.bin", "\x00\x01\x02\x03\x04\x05\x06\x07\x08"},
	{"kosong.txt", ""},
}

// No report shows a value, be it in text, name, key or archive, and each says where it stands.
func TestNoReportShowsAValueAndEachSaysWhereItStands(t *testing.T) {
	dir := folder(t, everything...)
	for _, format := range []Format{Table, JSON, SARIF} {
		out, notices, sum := scanned(t, func(s *Setting) { s.Format = format }, dir)
		for _, value := range []string{nik, phone, "482913", nik[:9], phone[:8]} {
			if strings.Contains(out+notices, value) {
				t.Errorf("format %d shows %s:\n%s", format, value, out)
			}
		}
		for _, want := range []string{"************9999", "laporan.pdf", "surat.docx", "$.pelanggan.nik", "B2"} {
			if !strings.Contains(out, want) {
				t.Errorf("format %d lacks %s:\n%s", format, want, out)
			}
		}
		if sum.Files != len(everything) || sum.Unread != 2 || sum.Findings < 10 || sum.Types["otp"] != 1 {
			t.Errorf("format %d: %+v", format, sum)
		}
	}
}

func TestTheTableIsInTheReadersLanguage(t *testing.T) {
	out, _, _ := scanned(t, func(s *Setting) { s.Text = printer(t, i18n.ID) }, folder(t, everything...))
	for _, want := range []string{"TEMPAT", "halaman 1", "baris 2", "TIDAK DIPERIKSA: terenkripsi", "TIDAK DIPERIKSA: berkas biner yang tidak dikenal", "kata nik", "2 hal tidak dapat diperiksa"} {
		if !strings.Contains(out, want) {
			t.Errorf("without %q:\n%s", want, out)
		}
	}
	if strings.Contains(out, "⟦") {
		t.Error(out)
	}
}

func TestJSONIsOneObjectALineAndEndsWithTheSummary(t *testing.T) {
	out, _, sum := scanned(t, func(s *Setting) { s.Format = JSON }, folder(t, everything...))
	all := strings.Split(strings.TrimSpace(out), "\n")
	var last struct{ Summary Summary }
	for i, line := range all {
		var v map[string]any
		if err := json.Unmarshal([]byte(line), &v); err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		if i == len(all)-1 {
			_ = json.Unmarshal([]byte(line), &last)
		}
	}
	if last.Summary.Findings != sum.Findings || len(all) != sum.Findings+sum.Unread+1 {
		t.Errorf("%d lines, %+v", len(all), sum)
	}
}

func TestSARIFIsWhatCISystemsRead(t *testing.T) {
	out, _, sum := scanned(t, func(s *Setting) { s.Format, s.Version = SARIF, "1.2.3" }, folder(t, everything...))
	var v struct {
		Version string
		Runs    []struct {
			Tool struct {
				Driver struct {
					Name  string
					Rules []struct{ ID string }
				}
			}
			Results []struct {
				RuleID    string `json:"ruleId"`
				Level     string
				Message   struct{ Text string }
				Locations []struct {
					PhysicalLocation struct {
						ArtifactLocation struct{ URI string }
						Region           struct{ StartLine int }
					}
				}
			}
			Invocations []struct {
				ExecutionSuccessful        bool
				ToolExecutionNotifications []any
			}
		}
	}
	if err := json.Unmarshal([]byte(out), &v); err != nil {
		t.Fatal(err)
	}
	run := v.Runs[0]
	if v.Version != "2.1.0" || len(run.Results) != sum.Findings || run.Invocations[0].ExecutionSuccessful || len(run.Invocations[0].ToolExecutionNotifications) != sum.Unread {
		t.Errorf("%s: %d results, %+v", v.Version, len(run.Results), run.Invocations)
	}
	for _, r := range run.Results {
		if !slices.ContainsFunc(run.Tool.Driver.Rules, func(rule struct{ ID string }) bool { return rule.ID == r.RuleID }) || len(r.Locations) == 0 || r.Locations[0].PhysicalLocation.ArtifactLocation.URI == "" {
			t.Errorf("%+v", r)
		}
		if r.RuleID == "otp" && (r.Level != "error" || r.Locations[0].PhysicalLocation.Region.StartLine != 3) {
			t.Errorf("%+v", r)
		}
	}
	out, _, _ = scanned(t, func(s *Setting) { s.Format = SARIF }, folder(t))
	if err := json.Unmarshal([]byte(out), &v); err != nil {
		t.Errorf("of nothing: %v\n%s", err, out)
	}
}

func TestKindsAndConfidenceChoose(t *testing.T) {
	dir := folder(t, everything...)
	_, _, sum := scanned(t, func(s *Setting) { s.Kinds, _ = ParseKinds([]string{"otp"}) }, dir)
	if len(sum.Types) != 1 || sum.Types["otp"] != 1 {
		t.Errorf("%v", sum.Types)
	}
	_, _, sum = scanned(t, func(s *Setting) { s.Least = 1 }, dir)
	if sum.Findings != 0 {
		t.Errorf("%v", sum.Types)
	}
	if _, unknown := ParseKinds([]string{"nik", "nikk"}); unknown != "nikk" {
		t.Error(unknown)
	}
}

func TestNamesAreFoundWhenTheyAreAskedFor(t *testing.T) {
	text := "Selamat pagi, saya berbicara dengan Ibu Kartika Wulandari di Bandung, NIK " + nik + "\n"
	dir := folder(t, file{"a.txt", text})
	path := filepath.Join(dir, "a.txt")
	if _, _, sum := scanned(t, nil, path); sum.Types[Person] != 0 {
		t.Errorf("%v", sum.Types)
	}
	to := filepath.Join(dir, "b.txt")
	out, _, sum := scanned(t, func(s *Setting) { s.Kinds, s.Redact = AllKinds(), to }, path)
	copied, _ := os.ReadFile(to)
	if sum.Types[Person] != 1 || sum.Types["nik"] != 1 || strings.Contains(out, "Kartika") || !strings.Contains(out, "K*** W***") || strings.Contains(string(copied), "Wulandari") || !strings.Contains(string(copied), "Ibu [person]") {
		t.Errorf("%v\n%s\n%s", sum.Types, out, copied)
	}
	only, _ := ParseKinds([]string{Person})
	if _, _, sum := scanned(t, func(s *Setting) { s.Kinds = only }, path); len(sum.Types) != 1 || sum.Types[Person] != 1 {
		t.Errorf("%v", sum.Types)
	}
}

func TestTheStandardInputIsRead(t *testing.T) {
	out, _, sum := scanned(t, func(s *Setting) { s.In = strings.NewReader("NIK " + nik) }, Stdin)
	if sum.Findings != 1 || !strings.Contains(out, "line 1") {
		t.Errorf("%+v\n%s", sum, out)
	}
	_, _, sum = scanned(t, func(s *Setting) { s.In = strings.NewReader(everything[4].text) }, Stdin)
	if sum.Findings < 3 {
		t.Errorf("an archive on a pipe: %+v", sum)
	}
}

func TestWhatIsNotThereIsNotClean(t *testing.T) {
	out, _, sum := scanned(t, nil, filepath.Join(t.TempDir(), "tiada "+nik))
	if sum.Unread != 1 || !strings.Contains(out, "NOT INSPECTED: cannot be read") || strings.Contains(out, nik) {
		t.Errorf("%+v\n%s", sum, out)
	}
}

// Copies hold everything but the personal data, and are valid files of their form.
func TestACopyOfATextFileHoldsEverythingButPersonalData(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"a.txt", "NIK saya " + nik + ", hp " + phone + ".\nselesai\n", "NIK saya [nik], hp [phone].\nselesai\n"},
		{"a.csv", "Nama,NIK,\"Rekening BCA\"\r\n\"Siti \"\"S\"\"\",\"" + nik + "\",1234567890\r\n", "Nama,NIK,\"Rekening BCA\"\r\n\"Siti \"\"S\"\"\",\"[nik]\",[bank_account]\r\n"},
		{"a.json", `{"nik":` + nik + `, "hp": "` + phone + `", "catatan":"NIK ` + nik + ` ok", "ha\u0070":["\u0030` + phone[1:] + `"]}`, `{"nik":"[nik]", "hp": "[phone]", "catatan":"NIK [nik] ok", "ha\u0070":["[phone]"]}`},
		{"a.html", "<html><p>NIK " + nik + "</p></html>", "<html><p>NIK [nik]</p></html>"},
		{"a.log", "OTP 482913 lalu\n\xff\xfe biner", "OTP [otp] lalu\n\xff\xfe biner"},
	} {
		dir := folder(t, file{c.name, c.text})
		to := filepath.Join(dir, "out", c.name)
		if err := os.Mkdir(filepath.Dir(to), 0o700); err != nil {
			t.Fatal(err)
		}
		_, notices, sum := scanned(t, func(s *Setting) { s.Redact = to }, filepath.Join(dir, c.name))
		got, err := os.ReadFile(to)
		if c.name == "a.log" { // no UTF-8: its bytes are not its text
			if err == nil || sum.Refused != 1 {
				t.Errorf("%s: %v %q %+v", c.name, err, got, sum)
			}
		} else if err != nil || string(got) != c.want || sum.Copies != 1 {
			t.Errorf("%s: %v %s\n%q, want\n%q", c.name, err, notices, got, c.want)
		}
		if c.name == "a.json" && !json.Valid(got) {
			t.Errorf("no JSON: %s", got)
		}
		if left, _ := filepath.Glob(filepath.Join(dir, "out", ".*")); len(left) > 0 {
			t.Errorf("left behind: %v", left)
		}
	}
}

func TestWhatCannotBeRedactedWhollyIsRefused(t *testing.T) {
	dir := folder(t, append(everything, file{"pecah.html", "<html>NIK <b>3273</b>012501909999</html>"})...)
	to := filepath.Join(t.TempDir(), "out")
	out, notices, sum := scanned(t, func(s *Setting) { s.Redact = to }, dir)
	for path, want := range map[string]bool{"catatan.txt": true, "data/pelanggan.csv": true, "data/a.json": true, "KTP xxxxxxxxxxxx9999.html": true, "kosong.txt": true, "surat.zip": false, "laporan.pdf": false, "rahasia.pdf": false, "biner.bin": false, "pecah.html": false} {
		text, err := os.ReadFile(filepath.Join(to, path))
		if (err == nil) != want || bytes.Contains(text, []byte(nik)) {
			t.Errorf("%s: %v %s", path, err, text)
		}
	}
	if !strings.Contains(notices, "pecah.html: no copy was made: personal data would be left") || !strings.Contains(notices, "surat.zip: no copy was made: this format is not supported") || sum.Refused < 5 || strings.Contains(out+notices, nik) {
		t.Errorf("%+v\n%s", sum, notices)
	}
	_, notices, again := scanned(t, func(s *Setting) { s.Redact = to }, dir)
	if again.Copies != 0 || !strings.Contains(notices, "there is a file of that name") {
		t.Errorf("written over: %+v\n%s", again, notices)
	}
}

func TestNothingIsWrittenOver(t *testing.T) {
	dir := folder(t, everything...)
	for to, paths := range map[string][]string{
		filepath.Join(dir, "kosong.txt"): {filepath.Join(dir, "catatan.txt")}, filepath.Join(dir, "catatan.txt"): {dir},
	} {
		s := Setting{Out: io.Discard, Notices: io.Discard, Paths: paths, Redact: to, Limits: extract.Usual(), Text: printer(t, i18n.EN)}
		var usage *UsageError
		if _, err := s.Run(context.Background()); !errors.As(err, &usage) || !printer(t, i18n.EN).Has(usage.Key) {
			t.Errorf("%s: %v", to, err)
		}
	}
}

// What is found does not depend on where a window of a long file ends.
func TestNothingIsLostOrCountedTwiceInALongFile(t *testing.T) {
	var b strings.Builder
	n := 0
	for b.Len() < 2<<20 {
		fmt.Fprintf(&b, "%d kata biasa saja di antara nomor, supaya jaraknya berubah-ubah%s\n", n, strings.Repeat(" x", n%37))
		fmt.Fprintf(&b, "NIK pelanggan %s ya\n", nik)
		n++
	}
	_, _, sum := scanned(t, nil, filepath.Join(folder(t, file{"a.txt", b.String()}), "a.txt"))
	if sum.Types["nik"] != n {
		t.Errorf("%d of %d", sum.Types["nik"], n)
	}
}

type full struct{}

func (full) Write([]byte) (int, error) { return 0, errors.New("disk full") }

func TestAFullDiskIsAnErrorOfTheOutput(t *testing.T) {
	for _, format := range []Format{Table, JSON, SARIF} {
		s := Setting{Out: full{}, Notices: io.Discard, Paths: []string{folder(t, everything...)}, Format: format, Limits: extract.Usual(), Text: printer(t, i18n.EN)}
		if _, err := s.Run(context.Background()); !Written(err) {
			t.Errorf("format %d: %v", format, err)
		}
	}
}
