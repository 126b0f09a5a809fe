package pdf

import (
	"bytes"
	"errors"
	"math"
	"sort"
	"strings"
)

// matrix is a transformation: a b c d e f.
type matrix [6]float64

var identity = matrix{1, 0, 0, 1, 0, 0}

// times applies m first, then n.
func (m matrix) times(n matrix) matrix {
	return matrix{
		m[0]*n[0] + m[1]*n[2], m[0]*n[1] + m[1]*n[3], m[2]*n[0] + m[3]*n[2], m[2]*n[1] + m[3]*n[3],
		m[4]*n[0] + m[5]*n[2] + n[4], m[4]*n[1] + m[5]*n[3] + n[5],
	}
}

// state is the state of drawing.
type state struct {
	ctm                                      matrix
	font                                     *font
	size, chars, words, scale, leading, rise float64
}

// run is a piece of text with its place.
type run struct {
	text      string
	x, y, end float64
	size      float64
	down      bool // written from top to bottom or from bottom to top
	serial    int
}

// reading is the reading of one page.
type reading struct {
	d     *Document
	page  Page
	runs  []run
	bytes int
}

// Page reads the page with an index from 0.
func (d *Document) Page(i int) (Page, error) {
	r := &reading{d: d}
	p := d.pages[i]
	var content []byte
	for _, v := range d.list(p["Contents"]) {
		s, ok := d.get(v).(*stream)
		if !ok {
			continue
		}
		body, err := d.decode(s)
		if errors.Is(err, ErrBudget) || errors.Is(err, ErrEncrypted) {
			return Page{}, err
		}
		r.page.Broken = r.page.Broken || err != nil
		content = append(append(content, body...), '\n')
	}
	if err := r.content(content, d.dict(p["Resources"]), state{ctm: identity, scale: 1}, 0); err != nil {
		return Page{}, err
	}
	for _, v := range d.array(p["Annots"]) { // what notes and fields look like
		looks := d.dict(d.dict(v)["AP"])
		s, ok := d.get(looks["N"]).(*stream)
		if !ok {
			continue
		}
		if err := r.form(s, nil, state{ctm: identity, scale: 1}, 0); err != nil {
			return Page{}, err
		}
	}
	r.page.Text = r.laid()
	return r.page, nil
}

// form draws a form, which is content of its own.
func (r *reading) form(s *stream, outer dict, g state, depth int) error {
	if depth > maxForms {
		r.page.Broken = true
		return nil
	}
	body, err := r.d.decode(s)
	if errors.Is(err, ErrBudget) || errors.Is(err, ErrEncrypted) {
		return err
	}
	r.page.Broken = r.page.Broken || err != nil
	if m := r.d.array(s.dict["Matrix"]); len(m) == 6 {
		g.ctm = r.matrix(m).times(g.ctm)
	}
	resources := r.d.dict(s.dict["Resources"])
	if resources == nil {
		resources = outer
	}
	return r.content(body, resources, g, depth+1)
}

func (r *reading) matrix(a []any) (m matrix) {
	for i := range min(6, len(a)) {
		m[i] = r.d.number(a[i])
	}
	return m
}

// maxText bounds the text of a page: drawing a form again and again must not grow without end.
const maxText = 16 << 20

// content reads drawing operators and keeps the text.
func (r *reading) content(body []byte, resources dict, g state, depth int) error {
	d := r.d
	l := lexer{data: body, content: true}
	var args []any
	var stack []state
	tm, line := identity, identity
	arg := func(i int) float64 { // counted from the end, which is what operators take
		if i = len(args) - i; i >= 0 && i < len(args) {
			return asNumber(args[i])
		}
		return 0
	}
	next := func(x, y float64) {
		line = matrix{1, 0, 0, 1, x, y}.times(line)
		tm = line
	}
	for n := 0; ; n++ {
		if n%1024 == 0 {
			if err := d.check(); err != nil {
				return err
			}
		}
		v := l.value(0)
		if _, ok := v.(end); ok {
			return nil
		}
		o, ok := v.(op)
		if !ok {
			if len(args) < 64 {
				args = append(args, v)
			}
			continue
		}
		switch o {
		case "q":
			if len(stack) < 1024 {
				stack = append(stack, g)
			}
		case "Q":
			if k := len(stack) - 1; k >= 0 {
				g, stack = stack[k], stack[:k]
			}
		case "cm":
			g.ctm = r.matrix(args).times(g.ctm)
		case "BT":
			tm, line = identity, identity
		case "Tf":
			if len(args) >= 2 {
				if k, ok := args[len(args)-2].(name); ok {
					g.font = d.font(d.dict(resources["Font"])[k])
				}
				g.size = arg(1)
			}
		case "Tc":
			g.chars = arg(1)
		case "Tw":
			g.words = arg(1)
		case "Tz":
			g.scale = arg(1) / 100
		case "TL":
			g.leading = arg(1)
		case "Ts":
			g.rise = arg(1)
		case "Td":
			next(arg(2), arg(1))
		case "TD":
			g.leading = -arg(1)
			next(arg(2), arg(1))
		case "Tm":
			line = r.matrix(args)
			tm = line
		case "T*":
			next(0, -g.leading)
		case "Tj", "'", "\"":
			if o == "\"" {
				g.words, g.chars = arg(3), arg(2)
			}
			if o != "Tj" {
				next(0, -g.leading)
			}
			if len(args) > 0 {
				tm = r.show(args[len(args)-1], &g, tm)
			}
		case "TJ":
			if len(args) > 0 {
				list, _ := args[len(args)-1].([]any)
				for _, x := range list {
					if move, ok := x.(float64); ok {
						tm = matrix{1, 0, 0, 1, -move / 1000 * g.size * g.scale, 0}.times(tm)
					} else {
						tm = r.show(x, &g, tm)
					}
				}
			}
		case "Do":
			if len(args) > 0 {
				k, _ := args[len(args)-1].(name)
				if err := r.object(d.dict(resources["XObject"])[k], resources, g, depth); err != nil {
					return err
				}
			}
		case "BI":
			r.inlinePicture(&l)
		}
		args = args[:0]
	}
}

// smallest picture that could hold something to read, in points of its own.
const smallest = 64

func (r *reading) object(v any, resources dict, g state, depth int) error {
	s, ok := r.d.get(v).(*stream)
	if !ok {
		return nil
	}
	switch r.d.get(s.dict["Subtype"]) {
	case name("Form"):
		return r.form(s, resources, g, depth)
	case name("Image"):
		if r.d.number(s.dict["Width"]) >= smallest && r.d.number(s.dict["Height"]) >= smallest {
			r.page.Picture = true
		}
	}
	return nil
}

// inlinePicture skips a picture within the content.
func (r *reading) inlinePicture(l *lexer) {
	width, height := 0.0, 0.0
	for {
		k := l.value(0)
		if _, ok := k.(end); ok {
			return
		}
		if k == op("ID") {
			break
		}
		if n, ok := k.(name); ok {
			v := l.value(0)
			switch n {
			case "W", "Width":
				width = asNumber(v)
			case "H", "Height":
				height = asNumber(v)
			}
		}
	}
	r.page.Picture = r.page.Picture || width >= smallest && height >= smallest
	for i := l.at; i+2 < len(l.data); i++ {
		if isSpace(l.data[i]) && l.data[i+1] == 'E' && l.data[i+2] == 'I' && (i+3 == len(l.data) || isSpace(l.data[i+3])) {
			l.at = i + 3
			return
		}
	}
	l.at = len(l.data)
}

// show writes a string and moves on behind it.
func (r *reading) show(v any, g *state, tm matrix) matrix {
	s, ok := v.(text)
	if !ok || r.bytes > maxText {
		r.page.Broken = r.page.Broken || ok
		return tm
	}
	f := g.font
	if f == nil {
		f = r.d.font(nil)
		g.font = f
	}
	at := matrix{g.size * g.scale, 0, 0, g.size, 0, g.rise}.times(tm).times(g.ctm)
	var b strings.Builder
	wide := 0.0
	for _, c := range f.decode(string(s)) {
		r.page.Glyphs++
		if c.text == "" {
			r.page.Unknown++
			b.WriteRune('\ufffd')
		}
		b.WriteString(c.text)
		x := c.width*g.size + g.chars
		if c.space {
			x += g.words
		}
		wide += x * g.scale
	}
	after := matrix{1, 0, 0, 1, wide, 0}.times(tm)
	stop := after.times(g.ctm)
	p := run{text: b.String(), x: at[4], y: at[5], end: stop[4], size: math.Hypot(at[2], at[3]), serial: len(r.runs)}
	if math.Abs(at[1]) > math.Abs(at[0]) { // turned by a quarter
		sign := math.Copysign(1, at[1])
		p.x, p.y, p.end, p.down = sign*at[5], -sign*at[4], sign*stop[5], true
	}
	for _, f := range []float64{p.x, p.y, p.end, p.size} {
		if math.IsNaN(f) || math.IsInf(f, 0) {
			p.x, p.y, p.end, p.size = 0, 0, 0, 1
		}
	}
	r.bytes += len(p.text)
	r.runs = append(r.runs, p)
	return after
}

// laid puts the runs in lines, from top to bottom and from left to right.
func (r *reading) laid() string {
	runs := r.runs
	sort.SliceStable(runs, func(i, j int) bool {
		if runs[i].down != runs[j].down {
			return runs[j].down
		}
		return runs[i].y > runs[j].y
	})
	var b bytes.Buffer
	for i := 0; i < len(runs); {
		j := i + 1
		for j < len(runs) && runs[j].down == runs[i].down && runs[j-1].y-runs[j].y <= 0.35*math.Max(1, runs[i].size) && runs[i].y-runs[j].y <= 0.5*math.Max(1, runs[i].size) {
			j++
		}
		row := runs[i:j]
		sort.SliceStable(row, func(a, b int) bool {
			if row[a].x != row[b].x {
				return row[a].x < row[b].x
			}
			return row[a].serial < row[b].serial
		})
		for k, p := range row {
			if k > 0 {
				gap, size := p.x-row[k-1].end, math.Max(1, p.size)
				if p.text == row[k-1].text && p.x-row[k-1].x < 0.2*size {
					continue // drawn twice, to look bold
				}
				switch {
				case gap < -0.5*size: // drawn over the text before
					b.WriteByte(' ')
				case gap > 1.5*size:
					b.WriteByte('\t')
				case gap > 0.15*size:
					b.WriteByte(' ')
				}
			}
			b.WriteString(p.text)
		}
		b.WriteByte('\n')
		i = j
	}
	return b.String()
}
