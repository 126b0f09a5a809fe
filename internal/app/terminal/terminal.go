// Package terminal speaks with the person at the command line: it asks for secrets and draws progress.
//
// A secret typed on a terminal is not echoed; from a pipe one line is read and not a byte more, so that the next question
// gets the next line. Progress is drawn on a terminal only, a few times a second, and never into a file or a pipe,
// where it would be noise. Nothing here keeps what was typed.
package terminal

import (
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"golang.org/x/term"
)

func is(v any) (*os.File, bool) {
	f, ok := v.(*os.File)
	return f, ok && term.IsTerminal(int(f.Fd()))
}

// Secret asks for a secret. An error means that none could be read; an empty line is an empty secret.
func Secret(in io.Reader, out io.Writer, prompt string) (string, error) {
	if f, ok := is(in); ok {
		fmt.Fprint(out, prompt)
		b, err := term.ReadPassword(int(f.Fd()))
		fmt.Fprintln(out)
		return string(b), err
	}
	line, err := readLine(in)
	if line != "" {
		err = nil
	}
	return line, err
}

// readLine reads up to a line feed and no further; a line ends after 4 KiB at the latest.
func readLine(r io.Reader) (string, error) {
	var line []byte
	var b [1]byte
	for len(line) < 4096 {
		n, err := r.Read(b[:])
		if n == 1 {
			if b[0] == '\n' {
				break
			}
			line = append(line, b[0])
		}
		if err != nil {
			return strings.TrimRight(string(line), "\r"), err
		}
	}
	return strings.TrimRight(string(line), "\r"), nil
}

// Progress returns what draws a bar for a count of things, or nil when out is no terminal. label says how many of how
// many, in the reader's language; of a size that is not known (negative) it is all that is drawn.
func Progress(out io.Writer, clock func() time.Time, label func(done, size int64) string) func(origin string, done, size int64) {
	f, ok := is(out)
	if !ok {
		return nil
	}
	var last time.Time
	return func(_ string, done, size int64) {
		now := clock()
		if now.Sub(last) < 100*time.Millisecond && done != size {
			return
		}
		last = now
		fmt.Fprint(f, bar(done, size, label(done, size)))
		if done == size {
			fmt.Fprintln(f)
		}
	}
}

func bar(done, size int64, label string) string {
	const width = 30
	if size < 0 {
		return "\r" + label
	}
	full := 0
	if size > 0 {
		full = int(min(done, size) * width / size)
	}
	return "\r[" + strings.Repeat("#", full) + strings.Repeat(".", width-full) + "] " + label
}
