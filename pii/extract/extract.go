// Package extract takes text out of files, so that it can be searched for personal data.
//
// A Walker reads a stream, tells by its content what it is (the name only helps where content cannot tell), opens what
// holds other files (zip, tar, gzip, bzip2, mail) and hands over text in segments. A segment says where it is from: file,
// entry of the archive, page, sheet, cell with the head of its column, part of the mail. Long text comes in windows that
// overlap; what begins between From and To belongs to the segment, the rest of the window is context, so that nothing
// is lost or counted twice at a border, however the reader cuts the stream.
//
// What could not be read is said, never passed over: each item ends either as segments or as a Skip with a reason
// (encrypted, damaged, over a limit, unknown). A mail is read as tolerantly as the most tolerant program, with what stands between its parts
// and in their headers; what programs read in two ways is read in one and said to be damaged. Limits hold always: depth, entries, expanded bytes and their ratio, pages,
// bytes held in memory, time. Text is streamed and has no limit of length; only documents that need random access are held.
//
// Formats that are complicated enough to be dangerous (PDF, Office, Outlook, pictures) go through a Documents. Package child
// has one that parses them in a process of its own with limits of the operating system; without one they are parsed here.
// PDF is read without its table of contents, so that broken and older content is found too; it is never decrypted.
// Nothing is written to disk, and nothing is kept of what was read.
package extract

import (
	"context"
	"sort"
	"time"
)

// Kind is what an item is.
type Kind string

// The kinds.
const (
	Text    Kind = "text"
	Table   Kind = "csv"
	JSON    Kind = "json"
	HTML    Kind = "html"
	XML     Kind = "xml"
	RTF     Kind = "rtf"
	Mail    Kind = "eml"
	Mailbox Kind = "mbox"
	Outlook Kind = "msg"
	PDF     Kind = "pdf"
	Word    Kind = "docx"
	Sheet   Kind = "xlsx"
	Slides  Kind = "pptx"
	Open    Kind = "odf" // OpenDocument: odt, ods, odp
	Picture Kind = "picture"
	Zip     Kind = "zip"
	Tar     Kind = "tar"
	Gzip    Kind = "gzip"
	Bzip2   Kind = "bzip2"
	Name    Kind = "name" // the name of an entry or attachment, which may be personal data itself
	Other   Kind = "other"
)

// Textual kinds are those whose bytes are the text that a person reads.
func (k Kind) Textual() bool { return k == Text || k == Table || k == JSON || k == HTML || k == XML }

// Origin says where text is from.
type Origin struct {
	File  string `json:"file"`            // the name that the walk was given
	Entry string `json:"entry,omitempty"` // way through the archives: letters.zip!june.docx
	Kind  Kind   `json:"kind"`
	Page  int    `json:"page,omitempty"` // of PDF and slides; 0: has none
	Sheet string `json:"sheet,omitempty"`
	Part  string `json:"part,omitempty"` // of mail and documents: body, header, comments; between: where no mail program shows it; Trace
	OCR   bool   `json:"ocr,omitempty"`  // read off a picture
}

// Trace is the part of what a machine wrote for machines: ids, signatures, ways. What has the shape of a value there is a value by chance as a rule.
const Trace = "trace"

// Mark says where a piece of a segment's text is from. Text between marks is no text of the file: the head of a column
// written before its value.
type Mark struct {
	Start  int    `json:"start"`
	End    int    `json:"end"`
	Place  string `json:"place"`            // B7, $.customer.nik, Subject
	Header string `json:"header,omitempty"` // head of the column
	Line   int    `json:"line,omitempty"`
	Source Span   `json:"source"`
}

// Span is a range of bytes in the file. Exact: the text of the mark is those bytes, one for one.
type Span struct {
	Start int64 `json:"start,omitempty"`
	End   int64 `json:"end,omitempty"`
	Exact bool  `json:"exact,omitempty"`
}

// Segment is a piece of text with its origin. Its bytes are good until the visitor returns. Text may hold invalid UTF-8 where the file does.
type Segment struct {
	Origin Origin `json:"origin"`
	Text   []byte `json:"text"`
	From   int    `json:"from"` // what begins in Text[From:To] belongs to this segment; the rest is context
	To     int    `json:"to"`
	Line   int    `json:"line,omitempty"` // number of the first line of Text, where lines are the file's
	Offset int64  `json:"offset"`         // of Text[0] in the file; -1: the text was decoded
	Marks  []Mark `json:"marks,omitempty"`
}

// At finds the mark that holds a byte of the text.
func (s *Segment) At(offset int) (Mark, bool) {
	i := sort.Search(len(s.Marks), func(i int) bool { return s.Marks[i].End > offset })
	if i == len(s.Marks) || s.Marks[i].Start > offset {
		return Mark{}, false
	}
	return s.Marks[i], true
}

// Owns says whether a finding that begins at the byte is this segment's to report.
func (s *Segment) Owns(offset int) bool {
	if offset < s.From || offset >= s.To {
		return false
	}
	if len(s.Marks) == 0 {
		return true
	}
	_, ok := s.At(offset)
	return ok
}

// Place finds where a finding stands. false: it belongs to a neighbour, or to what was written beside the values.
func (s *Segment) Place(start, end int) (Mark, bool) {
	if s.Owns(start) {
		m, _ := s.At(start)
		return m, true
	}
	if start < s.From || start >= s.To {
		return Mark{}, false
	}
	return s.At(end - 1) // it begins in the head that stands before the value
}

// Reason says why something was not inspected.
type Reason string

// The reasons.
const (
	Encrypted    Reason = "encrypted"
	Damaged      Reason = "damaged"
	Truncated    Reason = "truncated"
	Unreadable   Reason = "unreadable"  // the operating system gave an error
	Unknown      Reason = "unknown"     // binary of no kind that is known
	Unsupported  Reason = "unsupported" // known, and not read by this package
	Mixed        Reason = "mixed"       // text with long binary stretches: scanned as text, which may not be all
	NoText       Reason = "no_text"     // letters without a table that says which they are
	NoOCR        Reason = "no_ocr"      // a picture, and no program that reads pictures
	Hidden       Reason = "hidden"      // an archive has much that its directory does not list
	Died         Reason = "parser_died"
	TooDeep      Reason = "limit_depth"
	TooMany      Reason = "limit_entries"
	TooDense     Reason = "limit_ratio"
	TooLarge     Reason = "limit_expanded"
	TooLong      Reason = "limit_time"
	TooBig       Reason = "limit_document" // larger than a document may be that is held in memory
	TooManyPages Reason = "limit_pages"
)

// Skip is something that was not inspected, or not wholly.
type Skip struct {
	Origin Origin `json:"origin"`
	Reason Reason `json:"reason"`
}

// Visitor takes what a walk finds. An error of its ends the walk.
type Visitor interface {
	Segment(s *Segment) error
	Skip(s Skip) error
}

// Limits bound a walk. They hold for one file given to Walk, except Document and DocumentTime, which hold for each document.
type Limits struct {
	Depth        int           `json:"depth"`    // archives in archives
	Entries      int           `json:"entries"`  // of all archives together
	Expanded     int64         `json:"expanded"` // bytes that come out of archives
	Ratio        int64         `json:"ratio"`    // bytes out for each byte in
	Document     int64         `json:"document"` // bytes of a document held in memory, packed or not
	Pages        int           `json:"pages"`
	Time         time.Duration `json:"time"`
	DocumentTime time.Duration `json:"document_time"`
}

// Usual are limits for a workplace: generous to honest files, and bounded.
func Usual() Limits {
	return Limits{
		Depth: 8, Entries: 100_000, Expanded: 4 << 30, Ratio: 200, Document: 64 << 20, Pages: 2000,
		Time: 10 * time.Minute, DocumentTime: time.Minute,
	}
}

// Tools are programs of others that read pictures; an empty path is one that is not installed.
type Tools struct {
	Tesseract string `json:"tesseract,omitempty"`
	Languages string `json:"languages,omitempty"` // for Tesseract: ind+eng
	Pdftoppm  string `json:"pdftoppm,omitempty"`  // makes pictures of the pages of a scanned PDF
	Ignore    bool   `json:"ignore,omitempty"`    // pictures are left out by choice, and not said to be uninspected
}

// Task is a document to parse.
type Task struct {
	Kind   Kind
	Data   []byte
	Limits Limits
	Tools  Tools
}

// Sink takes what a parser finds: origins hold only what lies within the document.
type Sink interface {
	Visitor
	Part(name string, data []byte) error // a file within the document
}

// Documents parses documents of the dangerous formats. A Reason as an error (or one wrapped) says why a document could not be read;
// any other error is the sink's own, or the end of the context.
type Documents interface {
	Parse(ctx context.Context, task Task, sink Sink) error
}

// Error makes a Reason an error.
func (r Reason) Error() string { return "not inspected: " + string(r) }
