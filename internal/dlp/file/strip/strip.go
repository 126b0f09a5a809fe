// Package strip takes out of files what travels with them unseen: where and with what a photograph was taken, who wrote a document.
//
// There is one promise: what a reader sees stays, bit for bit. The pixels that a decoder makes of a picture are the same, and so is the
// way up that a camera noted for it; the text of a document is the same. What is not understood to its end is not touched: it is an
// error, and the caller says that the file was not stripped. No picture is decoded and encoded again; an archive is packed anew, with
// nothing but the names and bytes of its entries.
//
// What goes: of JPEG all of Exif but the orientation, XMP, IPTC, thumbnails, comments, other vendors' data and whatever follows the
// picture; of PNG, GIF and WebP texts, comments, times, Exif but the orientation, XMP, signatures and unknown data that a reader may ignore; of TIFF
// every field that says nothing of pixels, and what no page needs; of HEIC and AVIF Exif, XMP, descriptions, times, other notes, the film of the
// moment before, and what stands between its parts; of PDF who made it, when and with what, all XMP in it, remarks, what stands before it, and the
// notes of its photographs; of Office and OpenDocument who made, changed and printed a document, company and manager, the thumbnail, the folder that a
// workbook was kept in, the archive's comment, and the same of pictures in it.
//
// What stays: profiles of colours, because they change what is seen; titles and keywords, because they are the document's own words; custom
// properties of Office, because labels of confidentiality live there; comments and tracked changes with their authors, because a reader sees them; small
// copies in HEIC and TIFF, and maps of depth; what programs leave for themselves within a PDF (PieceInfo), files attached to it, and objects of it that nothing
// refers to; the settings of printers in Office. A signed document is left alone: its signature would break. So is a PDF that is encrypted, or was
// changed by appending, because its older versions are in it still; a HEIC that moves; and a document with a picture in it that is not understood.
// BMP, which holds nothing but pixels, is not read here.
//
// Bounds: memory is a few times the file's size; of an archive at most maxEntries entries and maxInside bytes are opened, of a PDF at most maxUnpacked
// bytes of a stream and maxInside in all.
package strip

import (
	"errors"
	"slices"
)

// ErrNotUnderstood says that a file is not built as its kind is, or holds what cannot be told apart, and was left alone.
var ErrNotUnderstood = errors.New("strip: not understood")

// ErrSigned says that a document is signed.
var ErrSigned = errors.New("strip: signed")

// ErrOlder says that a document was changed by appending: its older versions are in it still.
var ErrOlder = errors.New("strip: older versions")

// The words for what goes.
const (
	Exif      = "exif"
	XMP       = "xmp"
	IPTC      = "iptc"
	Thumbnail = "thumbnail"
	Comment   = "comment"
	Text      = "text"
	Time      = "time"
	Author    = "author"
	Company   = "company"
	Trailer   = "trailer" // what follows the end
	Vendor    = "vendor"  // data of programs that a reader may ignore
)

// removed collects words, each once, sorted.
type removed []string

func (r *removed) add(what string) {
	if i, found := slices.BinarySearch(*r, what); !found {
		*r = slices.Insert(*r, i, what)
	}
}
