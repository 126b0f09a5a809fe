package icap

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"net"
	"strconv"
	"strings"
)

// readLine reads one line that ends with CR LF, without them. The bytes are good until the next read.
func readLine(r *bufio.Reader, most int) ([]byte, error) {
	line, err := r.ReadSlice('\n')
	if errors.Is(err, bufio.ErrBufferFull) || len(line) > most+2 {
		return nil, malformed("a line is over the limit")
	}
	if err != nil {
		return nil, broken(err, len(line) > 0)
	}
	if len(line) < 2 || line[len(line)-2] != '\r' {
		return nil, malformed("a line does not end with CR LF")
	}
	line = line[:len(line)-2]
	if bytes.IndexByte(line, '\r') >= 0 || bytes.IndexByte(line, 0) >= 0 {
		return nil, malformed("a line holds CR or NUL")
	}
	return line, nil
}

// broken makes an end in the middle, and a wait that was too long, faults.
func broken(err error, inside bool) error {
	var n net.Error
	switch {
	case errors.As(err, &n) && n.Timeout():
		return fault{408, "the client took too long"}
	case errors.Is(err, io.EOF) && !inside:
		return io.EOF
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return fault{400, "the message broke off"}
	}
	return err
}

// readFields reads the lines of a head to its empty line.
func readFields(r *bufio.Reader, l Limits) (out Fields, err error) {
	for size := 0; ; {
		line, err := readLine(r, l.Line)
		if errors.Is(err, io.EOF) {
			err = fault{400, "the head broke off"}
		}
		if err != nil {
			return nil, err
		}
		if len(line) == 0 {
			return out, nil
		}
		if size += len(line) + 2; size > l.Head || len(out) == l.Fields {
			return nil, malformed("the head is over the limit")
		}
		f, err := readField(line)
		if err != nil {
			return nil, err
		}
		out = append(out, f)
	}
}

func readField(line []byte) (Field, error) {
	name, value, found := bytes.Cut(line, []byte(":"))
	if !found || !token(name) {
		return Field{}, malformed("a field has no name")
	}
	return Field{string(name), string(bytes.Trim(value, " \t"))}, nil
}

// token is a word as the names of methods and fields are.
func token(b []byte) bool {
	for _, c := range b {
		if c <= ' ' || c >= 0x7f || strings.IndexByte(`"(),/:;<=>?@[\]{}`, c) >= 0 {
			return false
		}
	}
	return len(b) > 0
}

// start is the first line of an ICAP request.
type start struct{ method, path string }

// readStart reads it. The end of the connection before its first byte is io.EOF.
func readStart(r *bufio.Reader, l Limits) (s start, err error) {
	line, err := readLine(r, l.Line)
	if err != nil {
		return s, err
	}
	words := strings.Split(string(line), " ")
	if len(words) != 3 || !token([]byte(words[0])) {
		return s, malformed("the first line is not of three words")
	}
	if !strings.HasPrefix(words[2], "ICAP/") {
		return s, malformed("the first line is not of ICAP")
	}
	if words[2] != "ICAP/1.0" {
		return s, fault{505, "another version of ICAP"}
	}
	scheme, rest, found := strings.Cut(words[1], "://")
	if !found || !strings.EqualFold(scheme, "icap") && !strings.EqualFold(scheme, "icaps") {
		return s, malformed("the address is not of ICAP")
	}
	rest, _, _ = strings.Cut(rest, "?")
	host, path, _ := strings.Cut(rest, "/")
	if host == "" {
		return s, malformed("the address has no host")
	}
	return start{words[0], "/" + path}, nil
}

// part is one of Encapsulated.
type part struct {
	name string
	at   int
}

// The parts.
const (
	requestHead  = "req-hdr"
	responseHead = "res-hdr"
	requestBody  = "req-body"
	responseBody = "res-body"
	optionsBody  = "opt-body"
	noBody       = "null-body"
)

// orders are the parts that each method may have, in their order, behind the heads the body.
var orders = map[string][]string{
	Request:   {requestHead, requestBody},
	Response:  {requestHead, responseHead, responseBody},
	"OPTIONS": {optionsBody},
}

// readEncapsulated reads where the parts begin. The last is the body, or says that there is none.
func readEncapsulated(method, text string, most int) (out []part, err error) {
	order, next := orders[method], 0
	for one := range strings.SplitSeq(text, ",") {
		name, at, found := strings.Cut(strings.Trim(one, " \t"), "=")
		n, ok := number(at, 10)
		if !found || !ok || len(out) == 0 && n != 0 || len(out) > 0 && n <= int64(out[len(out)-1].at) || n > int64(len(order)*most) {
			return nil, malformed("Encapsulated gives no good places")
		}
		if len(out) > 0 && strings.HasSuffix(out[len(out)-1].name, "-body") {
			return nil, malformed("Encapsulated has something behind the body")
		}
		if name != noBody {
			for next < len(order) && order[next] != name {
				next++
			}
			if next == len(order) {
				return nil, malformed("Encapsulated has a part that has no place here")
			}
			next++
		}
		out = append(out, part{name, int(n)})
	}
	if !strings.HasSuffix(out[len(out)-1].name, "-body") {
		return nil, malformed("Encapsulated names no body")
	}
	return out, nil
}

// number reads digits and nothing else, at most twelve.
func number(text string, base int) (int64, bool) {
	if text == "" || len(text) > 12 || text[0] == '+' || text[0] == '-' {
		return 0, false
	}
	n, err := strconv.ParseInt(text, base, 64)
	return n, err == nil
}

// readHead reads the head of an HTTP message, which is so many bytes long.
func readHead(r *bufio.Reader, size int, l Limits) (*Head, error) {
	if size > l.Head {
		return nil, malformed("the head is over the limit")
	}
	raw := make([]byte, size)
	if _, err := io.ReadFull(r, raw); err != nil {
		return nil, broken(err, true)
	}
	return ParseHead(raw, l)
}

// ParseHead reads the head of an HTTP message with its empty line.
func ParseHead(raw []byte, l Limits) (*Head, error) {
	in := bufio.NewReaderSize(bytes.NewReader(raw), l.Line+2)
	first, err := readLine(in, l.Line)
	if err != nil {
		return nil, notWhole(err)
	}
	h := &Head{First: string(first), Raw: raw}
	if h.Fields, err = readFields(in, l); err != nil {
		return nil, notWhole(err)
	}
	if _, err := in.ReadByte(); err == nil {
		return nil, malformed("a head is longer than it says")
	}
	return h, nil
}

func notWhole(err error) error {
	if errors.Is(err, io.EOF) {
		return malformed("a head is shorter than it says")
	}
	return err
}
