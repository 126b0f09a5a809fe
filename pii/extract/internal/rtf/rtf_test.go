package rtf

import (
	"encoding/binary"
	"errors"
	"strings"
	"testing"
)

func read(t *testing.T, text string) (string, bool) {
	t.Helper()
	var b strings.Builder
	object, err := Text([]byte(text), &b, func() error { return nil })
	if err != nil {
		t.Fatal(err)
	}
	return b.String(), object
}

func TestTheTextIsWhatAReaderSees(t *testing.T) {
	for text, want := range map[string]string{
		`{\rtf1\ansi a\par b\tab c}`: "a\nb\tc", `{\rtf1 \'e9\u8217?x}`: "é’x", `{\rtf1\uc0\u8217 x}`: "’x", `{\rtf1 \u-3? x}`: "\ufffd x", `{\rtf1{\fonttbl{\f0 Arial;}}a}`: "a",
		`{\rtf1 a\{b\}\\}`: `a{b}\`, `{\rtf1{\*\annotation n}a}`: "na", `{\rtf1 a\bin4 }}}}b}`: "ab", `{\rtf1 32\b 73\b0 01}`: "327301", `}}}a`: "a", `{\rtf1 a\`: "a", `\'`: "", `{\rtf1 a\~b\_c}`: "a b-c",
	} {
		if got, _ := read(t, text); got != want {
			t.Errorf("%s: %q, want %q", text, got, want)
		}
	}
	if _, object := read(t, `{\rtf1{\object{\objdata 00}}}`); !object {
		t.Error("an object is not said")
	}
}

func TestReadingEndsWithTheCheck(t *testing.T) {
	late := errors.New("late")
	if _, err := Text([]byte("x"), &strings.Builder{}, func() error { return late }); !errors.Is(err, late) {
		t.Error(err)
	}
}

func compressed(body ...byte) []byte {
	b := binary.LittleEndian.AppendUint32(nil, uint32(len(body)+12))
	b = append(b, 0, 0, 0, 0, 'L', 'Z', 'F', 'u', 0, 0, 0, 0)
	return append(b, body...)
}

// The example of [MS-OXRTFCP] 4.1.
func TestOutlooksRTFIsUnpacked(t *testing.T) {
	example := []byte{
		0x03, 0x00, 0x0a, 0x00, 0x72, 0x63, 0x70, 0x67, 0x31, 0x32, 0x35, 0x42, 0x32, 0x0a, 0xf3, 0x20, 0x68, 0x65, 0x6c, 0x09, 0x00, 0x20, 0x62, 0x77, 0x05, 0xb0, 0x6c, 0x64, 0x7d, 0x0a, 0x80, 0x0f, 0xa0,
	}
	got, err := Unpack(compressed(example...), 1<<20)
	if err != nil || string(got) != "{\\rtf1\\ansi\\ansicpg1252\\pard hello world}\r\n" {
		t.Errorf("%q %v", got, err)
	}
	plain := compressed([]byte("{\\rtf1 x}")...)
	copy(plain[8:], "MELA")
	if got, err := Unpack(plain, 1<<20); err != nil || string(got) != "{\\rtf1 x}" {
		t.Errorf("%q %v", got, err)
	}
	if _, err := Unpack([]byte("short"), 1<<20); !errors.Is(err, ErrDamaged) {
		t.Error(err)
	}
	if _, err := Unpack(compressed(example...), 10); !errors.Is(err, ErrTooBig) {
		t.Error(err)
	}
}
