// Package rtf reads the text of RTF, and unpacks the form in which Outlook keeps it.
//
// It writes what a reader of the document would see, and fields and comments with it: paragraphs, tabs, cells, letters written as
// escapes. Groups of fonts, colours, styles and pictures are left out. Objects within the document are not read, which the caller is
// told. Nothing is an error but the writer's own: RTF that is broken is read as far as it makes sense. Nesting is bounded, and
// unpacking ends at a limit that the caller sets.
package rtf

import (
	"io"
	"strings"

	"golang.org/x/text/encoding/charmap"
)

// hidden are the groups of RTF that hold no text of the author's.
var hidden = map[string]bool{
	"fonttbl": true, "colortbl": true, "stylesheet": true, "pict": true, "themedata": true, "datastore": true, "colorschememapping": true, "latentstyles": true, "listtable": true,
	"listoverridetable": true, "rsidtbl": true, "generator": true, "xmlnstbl": true, "objdata": true, "blipuid": true, "mmathPr": true,
}

// group is an open brace of RTF.
type group struct {
	hidden bool
	skip   int // letters to skip after a \u
}

// Text writes the text of a document. check is asked now and then; object says that the document holds objects, which were not read.
func Text(data []byte, out io.Writer, check func() error) (object bool, err error) {
	groups := []group{{skip: 1}}
	skipping := 0
	write := func(s string) error {
		if groups[len(groups)-1].hidden {
			return nil
		}
		if skipping > 0 {
			skipping--
			return nil
		}
		_, err := io.WriteString(out, s)
		return err
	}
	for i := 0; i < len(data); i++ {
		if i%4096 == 0 {
			if err := check(); err != nil {
				return false, err
			}
		}
		var err error
		switch c := data[i]; c {
		case '{':
			if len(groups) < 1000 {
				groups = append(groups, groups[len(groups)-1])
			}
			skipping = 0
		case '}':
			if len(groups) > 1 {
				groups = groups[:len(groups)-1]
			}
			skipping = 0
		case '\r', '\n':
		case '\\':
			word, n, end := control(data, i+1)
			i = end - 1
			g := &groups[len(groups)-1]
			switch word {
			case "par", "line", "row", "sect", "page":
				err = write("\n")
			case "tab", "cell":
				err = write("\t")
			case "*":
				// what follows is for programs that know it; text of fields and comments is shown all the same
			case "object":
				object = true
			case "bin":
				i = min(len(data), i+max(0, n))
			case "uc":
				g.skip = n
			case "u":
				if n < 0 {
					n += 1 << 16
				}
				err = write(string(rune(n)))
				skipping = g.skip
			case "'":
				err = write(string(charmap.Windows1252.DecodeByte(byte(n)))) //nolint:gosec // of two digits
			case "\\", "{", "}":
				err = write(word)
			case "~":
				err = write(" ")
			case "_":
				err = write("-")
			default:
				if hidden[word] {
					g.hidden = true
				}
			}
		default:
			err = write(string(rune(c)))
		}
		if err != nil {
			return object, err
		}
	}
	return object, nil
}

// control reads a control word, its number, and where it ends.
func control(data []byte, i int) (word string, n, end int) {
	if i >= len(data) {
		return "", 0, i
	}
	letter := func(c byte) bool { return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' }
	if data[i] == '\'' {
		if i+2 < len(data) {
			high, low := strings.IndexByte(hexDigits, lower(data[i+1])), strings.IndexByte(hexDigits, lower(data[i+2]))
			return "'", max(0, high)<<4 | max(0, low), i + 3
		}
		return "", 0, len(data)
	}
	if !letter(data[i]) {
		return string(data[i]), 0, i + 1
	}
	start := i
	for i < len(data) && letter(data[i]) && i-start < 32 {
		i++
	}
	word = string(data[start:i])
	sign := 1
	if i < len(data) && data[i] == '-' {
		sign = -1
		i++
	}
	for i < len(data) && data[i] >= '0' && data[i] <= '9' && n < 1<<24 {
		n = n*10 + int(data[i]-'0')
		i++
	}
	if i < len(data) && data[i] == ' ' {
		i++
	}
	return word, n * sign, i
}

const hexDigits = "0123456789abcdef"

func lower(c byte) byte {
	if c >= 'A' && c <= 'Z' {
		return c + 'a' - 'A'
	}
	return c
}
