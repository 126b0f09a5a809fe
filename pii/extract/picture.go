package extract

import (
	"bytes"
	"context"
	"errors"
	"image"
	_ "image/gif"  // sizes of pictures
	_ "image/jpeg" // likewise
	_ "image/png"  // likewise
	"os/exec"
	"strings"
	"time"

	"github.com/amanah-id/amanah/pii/extract/internal/picture"
	"github.com/amanah-id/amanah/pii/extract/internal/sniff"
)

const (
	maxPixels   = 100_000_000
	pictureSize = 64 << 20 // a page at 200 dots an inch takes 4 MB
	ocrSize     = 4 << 20
)

// picture reads the text of a picture, and what stands beside its pixels and behind its end.
func (p *parser) picture(at Origin, data []byte) error {
	told, behind, full := picture.Beside(data)
	if _, reading := sniff.Of(behind[:min(len(behind), sniff.Size)], ""); reading == sniff.Unknown {
		told += picture.Runs(behind)
	} else if len(behind) > 0 {
		if err := p.part("behind", behind); err != nil {
			return err
		}
	}
	if err := p.text(Origin{Part: "metadata"}, told); err != nil {
		return err
	}
	if full {
		return TooBig
	}
	if c, _, err := image.DecodeConfig(bytes.NewReader(data)); err == nil && c.Width*c.Height > maxPixels {
		return TooBig
	}
	switch {
	case p.task.Tools.Tesseract != "":
		return p.ocr(at, data)
	case p.task.Tools.Ignore:
		return nil
	}
	return NoOCR
}

func (p *parser) ocr(at Origin, data []byte) error {
	at.OCR = true
	args := []string{"stdin", "stdout"}
	if l := p.task.Tools.Languages; l != "" {
		args = append(args, "-l", l)
	}
	text, err := p.run(p.task.Tools.Tesseract, data, ocrSize, args...)
	if err != nil {
		return err
	}
	return p.text(at, string(text))
}

// run gives a program its input and takes at most so much of its output. It gets no environment but what makes it use one core.
func (p *parser) run(program string, in []byte, most int, args ...string) ([]byte, error) {
	ctx, cancel := context.WithCancel(p.ctx)
	defer cancel()
	cmd := exec.CommandContext(ctx, program, args...) //nolint:gosec // a program that the operator installed, found by LookPath
	cmd.Env = []string{"OMP_THREAD_LIMIT=1", "LC_ALL=C.UTF-8"}
	cmd.Stdin = bytes.NewReader(in)
	out := &capped{most: most, stop: cancel}
	said := &capped{most: ocrSize, stop: cancel}
	cmd.Stdout, cmd.Stderr = out, said
	cmd.WaitDelay = time.Second
	err := cmd.Run()
	switch {
	case p.ctx.Err() != nil:
		return nil, p.ctx.Err()
	case out.full:
		return nil, TooBig
	case err != nil, out.kept.Len() == 0 && bytes.Contains(said.kept.Bytes(), []byte("Error")): // of a broken TIFF it only complains
		return nil, Damaged
	}
	return out.kept.Bytes(), nil
}

// capped keeps so much and stops the program at more. It has no ReadFrom, which would not ask how much there is.
type capped struct {
	kept bytes.Buffer
	most int
	full bool
	stop func()
}

var errFull = errors.New("full")

func (c *capped) Write(b []byte) (int, error) {
	if c.kept.Len()+len(b) > c.most {
		c.full = true
		c.stop()
		return 0, errFull
	}
	return c.kept.Write(b)
}

// Installed finds the programs that read pictures.
func Installed(ctx context.Context) (t Tools) {
	path, err := exec.LookPath("tesseract")
	if err != nil {
		return t
	}
	out, err := exec.CommandContext(ctx, path, "--list-langs").Output()
	if err != nil {
		return t
	}
	var languages []string
	for _, l := range []string{"ind", "eng"} {
		for line := range strings.FieldsSeq(string(out)) {
			if line == l {
				languages = append(languages, l)
			}
		}
	}
	if len(languages) == 0 {
		return t
	}
	t.Tesseract, t.Languages = path, strings.Join(languages, "+")
	t.Pdftoppm, _ = exec.LookPath("pdftoppm")
	return t
}
