package pdf

import (
	"bytes"
	"compress/zlib"
	"encoding/ascii85"
	"errors"
	"io"
)

var errPicture = errors.New("a picture")

// decode unpacks a stream. What came out before a fault is returned with the fault.
func (d *Document) decode(s *stream) ([]byte, error) {
	filters, params := d.list(s.dict["Filter"]), d.list(s.dict["DecodeParms"])
	data := s.raw
	for i, f := range filters {
		var p dict
		if i < len(params) {
			p = d.dict(params[i])
		}
		n, _ := d.get(f).(name)
		var err error
		if data, err = d.filter(data, n, p); err != nil {
			return data, err
		}
	}
	return data, nil
}

func (d *Document) list(v any) []any {
	v = d.get(v)
	if v == nil {
		return nil
	}
	if a, ok := v.([]any); ok {
		return a
	}
	return []any{v}
}

func (d *Document) filter(data []byte, n name, p dict) ([]byte, error) {
	switch n {
	case "FlateDecode", "Fl":
		z, err := zlib.NewReader(bytes.NewReader(data))
		if err != nil {
			return nil, ErrDamaged
		}
		out, err := d.all(z)
		if err != nil && (len(out) == 0 || errors.Is(err, ErrBudget)) {
			return out, err
		}
		return d.predict(out, p), nil // many files lack the last bytes of their streams
	case "LZWDecode", "LZW":
		early := 1
		if v, ok := d.get(p["EarlyChange"]).(float64); ok {
			early = int(v)
		}
		out, err := d.all(&lzw{in: data, early: early})
		return d.predict(out, p), err
	case "ASCIIHexDecode", "AHx":
		l := lexer{data: append([]byte("<"), data...)}
		return []byte(l.hex()), nil
	case "ASCII85Decode", "A85":
		data = bytes.TrimPrefix(bytes.TrimSpace(data), []byte("<~"))
		if i := bytes.IndexByte(data, '~'); i >= 0 {
			data = data[:i]
		}
		out, err := d.all(ascii85.NewDecoder(bytes.NewReader(data)))
		if err != nil && len(out) == 0 {
			return nil, err
		}
		return out, nil
	case "RunLengthDecode", "RL":
		return d.all(&runs{in: data})
	case "Crypt":
		return nil, ErrEncrypted
	case "DCTDecode", "DCT", "JPXDecode", "CCITTFaxDecode", "CCF", "JBIG2Decode":
		return nil, errPicture
	}
	return nil, ErrDamaged
}

// all reads within the budget.
func (d *Document) all(r io.Reader) ([]byte, error) {
	var buf bytes.Buffer
	n, err := io.Copy(&buf, io.LimitReader(asked{d, r}, d.budget+1))
	d.budget -= n
	if d.budget < 0 {
		d.budget = 0
		return nil, ErrBudget
	}
	return buf.Bytes(), err
}

type asked struct {
	d *Document
	r io.Reader
}

func (a asked) Read(p []byte) (int, error) {
	if err := a.d.check(); err != nil {
		return 0, err
	}
	return a.r.Read(p)
}

// predict takes back what made the rows of a stream easier to pack.
func (d *Document) predict(data []byte, p dict) []byte {
	kind := int(d.number(p["Predictor"]))
	if kind < 2 {
		return data
	}
	get := func(n name, usual int) int {
		if v, ok := d.get(p[n]).(float64); ok && v > 0 && v < 1<<20 {
			return int(v)
		}
		return usual
	}
	colors, bits, columns := get("Colors", 1), get("BitsPerComponent", 8), get("Columns", 1)
	pixel := max(1, colors*bits/8)
	row := (colors*bits*columns + 7) / 8
	if row > 1<<24 {
		return data
	}
	if kind == 2 {
		if bits == 8 {
			for start := 0; start+row <= len(data); start += row {
				for i := pixel; i < row; i++ {
					data[start+i] += data[start+i-pixel]
				}
			}
		}
		return data
	}
	out := make([]byte, 0, len(data))
	before := make([]byte, row)
	for len(data) > 1 {
		how := data[0]
		now := make([]byte, row)
		n := copy(now, data[1:])
		data = data[min(len(data), 1+row):]
		for i := range now {
			var left, corner byte
			if i >= pixel {
				left, corner = now[i-pixel], before[i-pixel]
			}
			switch up := before[i]; how {
			case 1:
				now[i] += left
			case 2:
				now[i] += up
			case 3:
				now[i] += byte((int(left) + int(up)) / 2)
			case 4:
				now[i] += paeth(left, up, corner)
			}
		}
		out = append(out, now[:n]...)
		before = now
	}
	return out
}

func paeth(a, b, c byte) byte {
	p := int(a) + int(b) - int(c)
	pa, pb, pc := distance(p, int(a)), distance(p, int(b)), distance(p, int(c))
	switch {
	case pa <= pb && pa <= pc:
		return a
	case pb <= pc:
		return b
	}
	return c
}

func distance(a, b int) int { return max(a-b, b-a) }

// runs reads run lengths.
type runs struct {
	in  []byte
	out []byte
}

func (r *runs) Read(p []byte) (int, error) {
	for len(r.out) == 0 {
		if len(r.in) < 2 || r.in[0] == 128 {
			return 0, io.EOF
		}
		if n := int(r.in[0]); n < 128 {
			k := min(n+1, len(r.in)-1)
			r.out, r.in = r.in[1:1+k], r.in[1+k:]
		} else {
			r.out, r.in = bytes.Repeat(r.in[1:2], 257-n), r.in[2:]
		}
	}
	n := copy(p, r.out)
	r.out = r.out[n:]
	return n, nil
}

// lzw reads PDF's variant, whose codes may grow one early.
type lzw struct {
	in      []byte
	early   int
	bit     int
	width   int
	table   [][]byte
	last    []byte
	pending []byte
}

func (z *lzw) Read(p []byte) (int, error) {
	for len(z.pending) == 0 {
		if z.table == nil {
			z.reset()
		}
		if z.bit+z.width > 8*len(z.in) {
			return 0, io.EOF
		}
		code := 0
		for range z.width {
			code = code<<1 | int(z.in[z.bit/8]>>(7-z.bit%8)&1)
			z.bit++
		}
		switch {
		case code == 256:
			z.reset()
			continue
		case code == 257:
			return 0, io.EOF
		case code < len(z.table):
			z.pending = z.table[code]
		case code == len(z.table) && z.last != nil:
			z.pending = append(z.last[:len(z.last):len(z.last)], z.last[0])
		default:
			return 0, ErrDamaged
		}
		if z.last != nil && len(z.table) < 4096 {
			z.table = append(z.table, append(z.last[:len(z.last):len(z.last)], z.pending[0]))
		}
		z.last = z.pending
		switch n := len(z.table) + z.early; {
		case n >= 2048:
			z.width = 12
		case n >= 1024:
			z.width = 11
		case n >= 512:
			z.width = 10
		}
	}
	n := copy(p, z.pending)
	z.pending = z.pending[n:]
	return n, nil
}

func (z *lzw) reset() {
	z.table, z.width, z.last = z.table[:0], 9, nil
	for i := range 258 {
		z.table = append(z.table, []byte{byte(i)}) //nolint:gosec // 256 and 257 are codes, whose bytes are not used
	}
}
