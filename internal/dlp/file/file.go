// Package file takes files that come in or go out: one verb, Take, says what a file is and whether it may go, and gives it back
// without what travels with it unseen.
//
// What a file is, its content says. A name that says something else (a program called .pdf) is refused. Then clamd has it, where one is configured
// (dlp/malware): a file that is infected or could not be checked goes no further, and that is an entry of the log. Then package dlp looks at everything in it,
// and its rules say of the way `file` what is done; a value in a file cannot be masked as a rule, so what would be masked is held. What could not
// be read is a finding of the rules like any other. Last, if the file may go and a clean copy was asked for, package strip
// takes out who made it, where and with what.
//
// Values in a text, a table or JSON are masked instead, when a copy is asked for, where they stand byte for byte. The copy is looked at again.
//
// It keeps nothing: no file, no name; what remains is the entry and, when more was done than to let go, the
// incident of package dlp. While a file is looked at it lies in a kit/spool, sealed, in a temporary file without a name. One that breaks off
// leaves nothing at all. A file that was held is the caller's to keep until it is decided (GET /dlp/decided with the way `file`). Sent again after
// a second person has let it go, to the same recipient and unchanged to the last bit, it goes, once.
//
// Its bounds: Options.Most bytes as they come (POST /dlp/stream), MaxFile in JSON; places for AtOnce files, EachAtOnce of one client, and whoever
// finds none is told so before a byte is read; LookedAt of them are looked at at a time, each lookIn at most: what was not read by then is said. A file costs a piece of memory and, on the disk, itself and
// its copy; one of a kind that is no stream (PDF, documents, what is stripped) is held in memory, up to the limits of pii/extract and MaxFile.
//
// UU PDP art. 35, 36 and 39; procedure I2 and I4.
package file

import (
	"bytes"
	"errors"
	"io"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/amanah-id/amanah/internal/dlp"
	"github.com/amanah-id/amanah/internal/dlp/file/strip"
	"github.com/amanah-id/amanah/internal/kit/errs"
	"github.com/amanah-id/amanah/internal/kit/i18n"
	"github.com/amanah-id/amanah/internal/kit/spool"
	"github.com/amanah-id/amanah/internal/trust/actor"
	"github.com/amanah-id/amanah/pii/extract"
)

// The limits.
const (
	MaxFile    = 8 << 20 // bytes of a file in JSON, and of one that is stripped
	AtOnce     = 8       // files at a time
	EachAtOnce = 4       // of one client
	LookedAt   = 4
	maxName    = 255
	inMemory   = 256 << 10 // bytes of a file that are not yet laid aside

	// AnswerIn is how long a file may take once it is here, its waiting for a place included: the front desk hangs up two minutes after a request began.
	// It is looked at, masked, and looked at twice more at most, each lookIn.
	AnswerIn = 85 * time.Second
	lookIn   = 20 * time.Second
)

// Offer is a file and where it would go.
type Offer struct {
	By         actor.Actor
	Controller string
	Recipient  dlp.Recipient
	Reason     string // what the sender said when asked why
	Name       string // its ending counts
	Body       io.Reader
	Clean      bool      // a copy without what travels with it is wanted
	Lang       i18n.Lang // of the names that stand for values in the copy
}

// Taken is what became of a file. It is closed when the copy was read.
type Taken struct {
	Kind      extract.Kind // by its content
	Scanned   bool         // clamd has had it; false: there is none
	Judgement dlp.Judgement
	Released  string // the incident in which a second person has let this file go; empty when it was not held before
	Unread    map[extract.Reason]int
	Places    []dlp.Place  // of the first values in it
	More      int          // how many values more there are
	Copy      *spool.Spool // when one was asked for and the file may go
	Stripped  []string     // what was taken out of the copy
	Left      Left         // why nothing was

	leave func()
}

// Close forgets the copy and makes room for another file. It may be called twice.
func (t *Taken) Close() {
	if t.Copy != nil {
		_ = t.Copy.Close()
		t.Copy = nil
	}
	if t.leave != nil {
		t.leave()
		t.leave = nil
	}
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
	LeftOlder  Left = "older_versions" // it was changed by appending, and its older versions are in it still
	LeftLarge  Left = "too_large"      // nothing is taken out of larger ones
)

// Refusals.
var (
	errTooLarge = errs.New(errs.Invalid, "file.too_large").With("max", MaxFile>>20)
	errLies     = errs.New(errs.Invalid, "file.name_lies")
	errCompany  = errs.New(errs.Denied, "file.other_company")
	errBusy     = errs.New(errs.TooMany, "file.busy").With("retry_after", 10)
	errMoved    = errs.New(errs.Unavailable, "file.rules_moved")
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
	case kind == extract.Picture && bytes.HasPrefix(data, []byte("GIF8")):
		clean, what, err = strip.GIF(data)
	case kind == extract.Picture && bytes.HasPrefix(data, []byte("RIFF")):
		clean, what, err = strip.WebP(data)
	case kind == extract.Picture && (bytes.HasPrefix(data, []byte("II")) || bytes.HasPrefix(data, []byte("MM"))):
		clean, what, err = strip.TIFF(data)
	case strip.IsHEIF(data):
		clean, what, err = strip.HEIF(data)
	case kind == extract.PDF:
		clean, what, err = strip.PDF(data)
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
	case errors.Is(err, strip.ErrOlder):
		return data, nil, LeftOlder
	default:
		return data, nil, LeftOdd
	}
}
