package strip

import "bytes"

// blocks of GIF (GIF89a, section 15 on).
const (
	gifImage       = 0x2c
	gifExtension   = 0x21
	gifTrailer     = 0x3b
	gifControl     = 0xf9 // how the next picture is shown
	gifPlain       = 0x01 // text that is shown
	gifComment     = 0xfe
	gifApplication = 0xff
)

// GIF gives back a picture, moving or not, without what travels with it, and the words for what went.
func GIF(data []byte) (clean []byte, what []string, err error) {
	if len(data) < 13 || !bytes.HasPrefix(data, []byte("GIF87a")) && !bytes.HasPrefix(data, []byte("GIF89a")) {
		return nil, nil, ErrNotUnderstood
	}
	at := 13 + colours(data[10])
	if at > len(data) {
		return nil, nil, ErrNotUnderstood
	}
	out := append(make([]byte, 0, len(data)), data[:at]...)
	var gone removed
	shown := false
	for at < len(data) {
		from, next := at, 0
		keep := true
		switch data[at] {
		case gifTrailer:
			if !shown {
				return nil, nil, ErrNotUnderstood
			}
			if at+1 < len(data) {
				gone.add(Trailer)
			}
			return append(out, gifTrailer), gone, nil
		case gifImage:
			if at+10 > len(data) {
				return nil, nil, ErrNotUnderstood
			}
			next = subBlocks(data, at+10+colours(data[at+9])+1)
			shown = true
		case gifExtension:
			if at+2 > len(data) {
				return nil, nil, ErrNotUnderstood
			}
			next = subBlocks(data, at+2)
			if next > 0 {
				if keep, err = gone.extension(data[at+1], data[at+2:next]); err != nil {
					return nil, nil, err
				}
			}
		}
		if next <= 0 {
			return nil, nil, ErrNotUnderstood
		}
		if keep {
			out = append(out, data[from:next]...)
		}
		at = next
	}
	return nil, nil, ErrNotUnderstood
}

// colours is the size of the table that a byte of flags announces.
func colours(flags byte) int {
	if flags&0x80 == 0 {
		return 0
	}
	return 3 << (flags&7 + 1)
}

// subBlocks is where the pieces that begin at a place end, or -1.
func subBlocks(data []byte, at int) int {
	for at < len(data) {
		size := int(data[at])
		at += 1 + size
		if size == 0 {
			return at
		}
	}
	return -1
}

// most of what an extension that stays may have: how often a picture plays, and a buffer; how the next picture is shown.
const (
	gifPlays = 12 + 4 + 6 + 1
	gifShows = 1 + 4 + 1
)

// extension says whether a block that is no picture stays, and notes it if not. What stays has no room for anything else.
func (r *removed) extension(label byte, blocks []byte) (keep bool, err error) {
	begins := func(name string) bool { return len(blocks) > 11 && blocks[0] == 11 && string(blocks[1:12]) == name }
	plays := label == gifApplication && (begins("NETSCAPE2.0") || begins("ANIMEXTS1.0"))
	switch {
	case label == gifControl && len(blocks) > gifShows, plays && len(blocks) > gifPlays:
		return false, ErrNotUnderstood
	case label == gifControl, label == gifPlain, plays, label == gifApplication && begins("ICCRGBG1012"): // the last: colours
		return true, nil
	case label == gifApplication && begins("XMP DataXMP"):
		r.add(XMP)
	case label == gifComment:
		r.add(Comment)
	default:
		r.add(Vendor)
	}
	return false, nil
}
