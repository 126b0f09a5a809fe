package sniff

import "bytes"

// Armoured tells of text whether it holds a file that is written in letters and not read: one that is encrypted, or one of
// another sort (uuencode, BinHex, yEnc), which some mail programs show as an attachment.
func Armoured(b []byte) (encrypted, packed bool) {
	for _, begin := range []string{"-----BEGIN PGP MESSAGE-----", "-----BEGIN PKCS7-----", "-----BEGIN CMS-----", "-----BEGIN AGE ENCRYPTED FILE-----"} {
		encrypted = encrypted || bytes.Contains(b, []byte(begin))
	}
	packed = bytes.Contains(b, []byte("(This file must be converted with BinHex")) || bytes.Contains(b, []byte("=ybegin ")) || bytes.Contains(b, []byte("begin-base64 "))
	for rest := b; !packed; {
		i := bytes.Index(rest, []byte("begin "))
		if i < 0 {
			break
		}
		starts := len(rest) == len(b) && i == 0 || i > 0 && rest[i-1] == '\n'
		rest = rest[i+len("begin "):]
		packed = starts && uuencoded(rest)
	}
	return encrypted, packed
}

// uuencoded tells what follows the word begin: three or four digits below eight, a name, and a line as long as its first letter says.
func uuencoded(b []byte) bool {
	line, rest, _ := bytes.Cut(b, []byte("\n"))
	mode, name, named := bytes.Cut(line, []byte(" "))
	if !named || len(bytes.TrimSpace(name)) == 0 || len(mode) < 3 || len(mode) > 4 || len(bytes.Trim(mode, "01234567")) > 0 {
		return false
	}
	line = bytes.TrimRight(firstLine(rest), " ")
	if len(line) == 0 || line[0] <= ' ' || line[0] > '`' {
		return false
	}
	want := (int(line[0]-' ')&63 + 2) / 3 * 4
	return len(line)-1 <= want+1 && len(line)-1 > want-8 // blanks at the end may be gone, a sum may be there
}
