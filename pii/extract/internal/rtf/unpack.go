package rtf

import (
	"encoding/binary"
	"errors"
)

// dictionary is what the packing of RTF in Outlook begins with ([MS-OXRTFCP]).
const dictionary = "{\\rtf1\\ansi\\mac\\deff0\\deftab720{\\fonttbl;}{\\f0\\fnil \\froman \\fswiss \\fmodern \\fscript \\fdecor MS Sans SerifSymbolArialTimes New RomanCourier{\\colortbl\\red0\\green0\\blue0\r\n\\par \\pard\\plain\\f0\\fs20\\b\\i\\u\\tab\\tx"

// What can be wrong with a packed document.
var (
	ErrDamaged = errors.New("no packed RTF")
	ErrTooBig  = errors.New("unpacks to more than its limit")
)

// Unpack unpacks the RTF of a message of Outlook.
func Unpack(data []byte, most int64) ([]byte, error) {
	if len(data) < 16 {
		return nil, ErrDamaged
	}
	switch binary.LittleEndian.Uint32(data[8:]) {
	case 0x414c454d: // not packed
		return data[16:], nil
	case 0x75465a4c:
	default:
		return nil, ErrDamaged
	}
	var window [4096]byte
	at := copy(window[:], dictionary)
	var out []byte
	put := func(c byte) {
		out = append(out, c)
		window[at] = c
		at = (at + 1) % len(window)
	}
	for i := 16; i < len(data); {
		flags := data[i]
		i++
		for bit := 0; bit < 8 && i < len(data); bit++ {
			if int64(len(out)) > most {
				return nil, ErrTooBig
			}
			if flags>>bit&1 == 0 {
				put(data[i])
				i++
				continue
			}
			if i+1 >= len(data) {
				return out, nil
			}
			from, n := int(data[i])<<4|int(data[i+1])>>4, int(data[i+1]&15)+2
			i += 2
			if from == at {
				return out, nil
			}
			for k := range n {
				put(window[(from+k)%len(window)])
			}
		}
	}
	return out, nil
}
