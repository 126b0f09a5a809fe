// Package file takes files that come in or go out: one verb, Take, says what a file is and whether it may go, and gives it back
// without what travels with it unseen.
//
// What a file is, its content says. A name that says something else (a program called .pdf) is refused. Then clamd has it, where one is configured
// (dlp/malware): a file that is infected or could not be checked goes no further, and that is an entry of the log. Then package dlp looks at everything in it,
// and its rules say of the way `file` what is done; a value in a file cannot be masked, so what would be masked is held. What could not
// be read is a finding of the rules like any other. Last, if the file may go and a clean copy was asked for, package strip
// takes out who made it, where and with what.
//
// It keeps nothing: no file, no name, no temporary file; what remains is the entry and, when more was done than to let go, the
// incident of package dlp. A file that was held is the caller's to keep until it is decided (GET /dlp/decided with the way `file`). Sent again after
// a second person has let it go, to the same recipient and unchanged to the last bit, it goes, once.
//
// Its bounds: MaxFile bytes, AtOnce files at a time; each takes up to five times its size in memory, beside the parser's process.
//
// UU PDP art. 35, 36 and 39; procedure I2 and I4.
package file

import (
	"bytes"
	"errors"
	"path"
	"slices"
	"strings"

	"github.com/amanah-id/amanah/internal/dlp"
	"github.com/amanah-id/amanah/internal/dlp/file/strip"
	"github.com/amanah-id/amanah/internal/kit/errs"
	"github.com/amanah-id/amanah/internal/trust/actor"
	"github.com/amanah-id/amanah/pii/extract"
)

// The limits.
const (
	MaxFile = 8 << 20
	AtOnce  = 4
	maxName = 255
)

// Offer is a file and where it would go.
type Offer struct {
	By         actor.Actor
	Controller string
	Recipient  dlp.Recipient
	Reason     string // what the sender said when asked why
	Name       string
	Data       []byte
	Clean      bool // a copy without what travels with it is wanted
}

// Taken is what became of a file.
type Taken struct {
	Kind      extract.Kind // by its content
	Scanned   bool         // clamd has had it; false: there is none
	Judgement dlp.Judgement
	Released  string // the incident in which a second person has let this file go; empty when it was not held before
	Unread    map[extract.Reason]int
	Copy      []byte   // when one was asked for and the file may go
	Stripped  []string // what was taken out of the copy
	Left      Left     // why nothing was
}

// Goes reports whether the file may go now.
func (t Taken) Goes() bool { return t.Released != "" || t.Judgement.Goes() }

// Left says why a copy is the file as it was.
type Left string

// The reasons.
const (
	LeftNot    Left = ""               // it is stripped, or had nothing to strip
	LeftKind   Left = "kind"           // nothing is taken out of files of this kind
	LeftSigned Left = "signed"         // its signature would break
	LeftOdd    Left = "not_understood" // it is not built as its kind is
)

// Refusals.
var (
	errTooLarge = errs.New(errs.Invalid, "file.too_large").With("max", MaxFile>>20)
	errLies     = errs.New(errs.Invalid, "file.name_lies")
	errCompany  = errs.New(errs.Denied, "file.other_company")
)

var (
	textual  = []extract.Kind{extract.Text, extract.Table, extract.JSON, extract.HTML, extract.XML, extract.Mail, extract.Mailbox}
	pictures = []extract.Kind{extract.Picture}
	// A document of Office that is encrypted is an older container, which is Outlook's too.
	word   = []extract.Kind{extract.Word, extract.Outlook}
	sheet  = []extract.Kind{extract.Sheet, extract.Outlook}
	slides = []extract.Kind{extract.Slides, extract.Outlook}
	older  = []extract.Kind{extract.Outlook, extract.RTF}
	open   = []extract.Kind{extract.Open}
)

// says are the kinds that the ending of a name stands for. Other endings say nothing.
var says = map[string][]extract.Kind{
	".txt": textual, ".log": textual, ".csv": textual, ".tsv": textual, ".json": textual, ".jsonl": textual, ".xml": textual, ".html": textual, ".htm": textual, ".md": textual,
	".eml": textual, ".mbox": textual, ".rtf": {extract.RTF}, ".pdf": {extract.PDF}, ".msg": {extract.Outlook},
	".jpg": pictures, ".jpeg": pictures, ".png": pictures, ".gif": pictures, ".tif": pictures, ".tiff": pictures, ".webp": pictures, ".bmp": pictures,
	".docx": word, ".docm": word, ".dotx": word, ".xlsx": sheet, ".xlsm": sheet, ".xltx": sheet, ".pptx": slides, ".pptm": slides, ".ppsx": slides,
	".doc": older, ".xls": older, ".ppt": older, ".odt": open, ".ods": open, ".odp": open,
	".zip": {extract.Zip}, ".gz": {extract.Gzip}, ".tgz": {extract.Gzip}, ".bz2": {extract.Bzip2}, ".tar": {extract.Tar},
}

// lies says whether a name stands for another kind than the content is.
func lies(name string, kind extract.Kind) *errs.E {
	ending := strings.ToLower(path.Ext(strings.TrimRight(name, ". ")))
	kinds, known := says[ending]
	if !known || slices.Contains(kinds, kind) {
		return nil
	}
	return errLies.With("ending", ending).With("kind", string(kind))
}

// Strip gives a copy of a file without what travels with it, and the words for what went; or says why it is the file as it was.
func Strip(data []byte, kind extract.Kind) (clean []byte, what []string, left Left) {
	var err error
	switch {
	case kind == extract.Picture && bytes.HasPrefix(data, []byte("\xff\xd8\xff")):
		clean, what, err = strip.JPEG(data)
	case kind == extract.Picture && bytes.HasPrefix(data, []byte("\x89PNG")):
		clean, what, err = strip.PNG(data)
	case slices.Contains([]extract.Kind{extract.Word, extract.Sheet, extract.Slides, extract.Open}, kind):
		clean, what, err = strip.Office(data)
	case slices.Contains([]extract.Kind{extract.Text, extract.Table, extract.JSON}, kind):
		return data, nil, LeftNot // all of it is seen
	default:
		return data, nil, LeftKind
	}
	switch {
	case err == nil:
		return clean, what, LeftNot
	case errors.Is(err, strip.ErrSigned):
		return data, nil, LeftSigned
	default:
		return data, nil, LeftOdd
	}
}
