package child

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/amanah-id/amanah/pii/extract"
)

// The test's own program is the child: told so by its first argument, it serves, or misbehaves in one of several ways.
func TestMain(m *testing.M) {
	if len(os.Args) == 3 {
		switch os.Args[1] {
		case "serve":
			os.Exit(Serve(os.Args[2], os.Stdin, os.Stdout))
		case "sleep":
			time.Sleep(time.Hour)
		case "die":
			_, _ = io.CopyN(io.Discard, os.Stdin, 100)
			os.Exit(3)
		case "lie":
			_ = send(os.Stdout, answer{Segment: &extract.Segment{Text: []byte("x"), To: 99}})
			time.Sleep(time.Hour)
		case "flood":
			_, _ = os.Stdout.Write([]byte{0xff, 0xff, 0xff, 0xff})
			time.Sleep(time.Hour)
		case "environment":
			_ = send(os.Stdout, answer{Segment: &extract.Segment{Text: []byte(strings.Join(os.Environ(), "\n"))}})
			_ = send(os.Stdout, answer{Done: true})
			_, _ = io.Copy(io.Discard, os.Stdin)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func process(t *testing.T, how string) *Process {
	t.Helper()
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	p := &Process{Program: program, Args: []string{how}}
	t.Cleanup(func() { _ = p.Close() })
	return p
}

func word(text string) []byte {
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for name, content := range map[string]string{"[Content_Types].xml": "<Types/>", "word/document.xml": "<w:p><w:t>" + text + "</w:t></w:p>", "word/media/a.txt": "picture of " + text} {
		w, _ := z.Create(name)
		_, _ = io.WriteString(w, content)
	}
	_ = z.Close()
	return b.Bytes()
}

type got struct {
	text  []string
	skips []extract.Skip
}

func (g *got) Segment(s *extract.Segment) error {
	if s.Origin.Kind != extract.Name {
		g.text = append(g.text, s.Origin.Entry+" "+string(s.Text))
	}
	return nil
}

func (g *got) Skip(s extract.Skip) error {
	g.skips = append(g.skips, s)
	return nil
}

func walk(t *testing.T, p *Process, data []byte, change func(*extract.Walker)) *got {
	t.Helper()
	w := &extract.Walker{Limits: extract.Usual(), Documents: p}
	if change != nil {
		change(w)
	}
	g := &got{}
	if err := w.Walk(context.Background(), "a.docx", bytes.NewReader(data), g); err != nil {
		t.Fatal(err)
	}
	return g
}

func TestADocumentIsReadInAChildAndTheNextOneInTheSame(t *testing.T) {
	p := process(t, "serve")
	for _, want := range []string{"satu", "dua"} {
		g := walk(t, p, word(want), nil)
		if all := strings.Join(g.text, "|"); !strings.Contains(all, " "+want+"\n") || !strings.Contains(all, "word/media/a.txt picture of "+want) || len(g.skips) > 0 {
			t.Errorf("%q %v", g.text, g.skips)
		}
	}
	if p.count != 2 {
		t.Errorf("%d documents in one process", p.count)
	}
	p.Renew = 3
	walk(t, p, word("tiga"), nil)
	if p.cmd != nil {
		t.Error("the process was not replaced")
	}
}

func TestTheReasonCrossesTheBorder(t *testing.T) {
	p := process(t, "serve")
	g := walk(t, p, []byte("%PDF-1.4\ntrailer << /Encrypt 1 0 R >>"), nil)
	if len(g.skips) != 1 || g.skips[0].Reason != extract.Encrypted || g.skips[0].Origin.File != "a.docx" {
		t.Errorf("%v", g.skips)
	}
}

// Whatever becomes of the child, the document is "not inspected" and the next one is read.
func TestAChildThatDiesLiesOrHangsMeansNotInspected(t *testing.T) {
	for how, why := range map[string]extract.Reason{"die": extract.Died, "lie": extract.Died, "flood": extract.Died, "sleep": extract.TooLong} {
		p := process(t, how)
		g := walk(t, p, word("x"), func(w *extract.Walker) {
			if how == "sleep" {
				w.Limits.DocumentTime = 50 * time.Millisecond
			}
		})
		if len(g.skips) != 1 || g.skips[0].Reason != why || p.cmd != nil {
			t.Errorf("%s: %v, still there: %v", how, g.skips, p.cmd != nil)
		}
		p.Args = []string{"serve"}
		if g := walk(t, p, word("lagi"), nil); len(g.text) == 0 {
			t.Errorf("%s: the next document was not read: %v", how, g.skips)
		}
	}
	p := &Process{Program: "/nowhere"}
	if g := walk(t, p, word("x"), nil); len(g.skips) != 1 || g.skips[0].Reason != extract.Died {
		t.Errorf("no program: %v", g.skips)
	}
}

func TestADocumentThatWantsTooMuchMemoryKillsOnlyItsChild(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("limits of the operating system are set on Linux")
	}
	p := process(t, "serve")
	p.Memory = 160 << 20
	g := walk(t, p, word(strings.Repeat("kata ", 30<<20)), func(w *extract.Walker) { w.Limits.Ratio, w.Limits.Document = 1<<20, 1<<30 })
	if len(g.skips) != 1 || g.skips[0].Reason != extract.Died {
		t.Errorf("%v, %d texts", g.skips, len(g.text))
	}
	if g := walk(t, p, word("lagi"), nil); len(g.text) == 0 {
		t.Errorf("the next document was not read: %v", g.skips)
	}
}

func TestTheChildInheritsNothing(t *testing.T) {
	t.Setenv("AMANAH_SECRET", "rahasia")
	g := walk(t, process(t, "environment"), word("x"), nil)
	if all := strings.Join(g.text, ""); !strings.Contains(all, "GOMEMLIMIT=") || strings.Contains(all, "SECRET") || strings.Contains(all, "PATH=") {
		t.Error(all)
	}
}

type refusing struct{ got }

var errEnough = errors.New("enough")

func (*refusing) Segment(*extract.Segment) error { return errEnough }

func TestAVisitorThatWantsNoMoreEndsTheWalkAndTheChild(t *testing.T) {
	p := process(t, "serve")
	w := &extract.Walker{Limits: extract.Usual(), Documents: p}
	if err := w.Walk(context.Background(), "a.docx", bytes.NewReader(word("x")), &refusing{}); !errors.Is(err, errEnough) || p.cmd != nil {
		t.Error(err, p.cmd)
	}
}

// A document that takes long stops no other, and whoever waits for a process leaves with its context.
func TestAPoolParsesOthersWhileOneTakesLong(t *testing.T) {
	n := 0
	pool := NewPool(2, func() *Process {
		n++
		return process(t, map[int]string{1: "sleep", 2: "serve"}[n])
	})
	t.Cleanup(func() { _ = pool.Close() })
	parse := func(ctx context.Context) (*got, error) {
		g := &got{}
		return g, (&extract.Walker{Limits: extract.Usual(), Documents: pool}).Walk(ctx, "a.docx", bytes.NewReader(word("halo")), g)
	}
	long, cut := context.WithCancel(context.Background())
	first := make(chan error)
	go func() {
		_, err := parse(long)
		first <- err
	}()
	for len(pool.free) == 2 { // until it has its process
		runtime.Gosched()
	}
	if g, err := parse(context.Background()); err != nil || !strings.Contains(strings.Join(g.text, " "), "halo") {
		t.Errorf("%q %v", g.text, err)
	}
	busy := <-pool.free // both are taken now
	gone, leave := context.WithCancel(context.Background())
	leave()
	if _, err := parse(gone); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	pool.free <- busy
	cut()
	if err := <-first; !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}
