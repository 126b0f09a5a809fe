package names

import "github.com/amanah-id/amanah/pii/names/internal/tagger"

// What looks like a name inside an e-mail address is none: "budi titik santoso at gmail titik com", "rara [dot] ayu (at) contoh [dot] id".

// spelled marks the tokens of the address whose "at" is token i. A word for it counts only where the name of a host follows soon.
func (f *finder) spelled(i int) {
	end := i + 1
	for host := false; ; {
		word := f.pastMarks(end, 1)
		if word >= len(f.tokens) || !f.letters(word) {
			break
		}
		host = host || f.at(word) == wHost
		end = word + 1
		dot := f.pastMarks(end, 1)
		if f.at(dot) != wDot && !f.isPunct(dot-1, '.') {
			if !host && f.at(i) == wAt {
				return
			}
			break
		}
		if f.at(dot) == wDot {
			end = dot + 1
		}
	}
	first := i
	for {
		word := f.pastMarks(first-1, -1)
		for word >= 0 && f.at(word) == wDot { // garis bawah
			word = f.pastMarks(word-1, -1)
		}
		if word < 0 || !f.letters(word) {
			break
		}
		first = word
		joint := f.pastMarks(first-1, -1)
		switch {
		case f.at(first) == wDigit && joint >= 0 && f.letters(joint): // sari sembilan satu
		case f.at(joint) == wDot && joint >= 0:
			first = joint
		case joint < first-1: // marks between them
		case joint >= 0 && f.single(joint) && f.single(first):
		default:
			for k := first; k < end; k++ {
				f.cues[k].nobody = true
			}
			return
		}
	}
	for k := first; k < end; k++ {
		f.cues[k].nobody = true
	}
}

// aheadOfDot is how many tokens may stand between the word for an address, or a part of it, and the next "dot" or "at".
const aheadOfDot = 4

// dictated marks what follows the word for an address, as long as a "dot" or an "at" comes soon: "email saya ratih strip kusuma".
func (f *finder) dictated(i int) {
	from := i + 1
	for from < len(f.tokens) && (f.words[from] == wSaya || f.words[from] == wNya || f.words[from] == wHesitation || f.isPunct(from, ':') || f.isPunct(from, ',')) {
		from++
	}
	for end := from; end < len(f.tokens); {
		joint := end
		for joint < min(len(f.tokens), end+aheadOfDot) && f.tokens[joint].Shape != tagger.Break && f.words[joint] != wDot && f.words[joint] != wAt {
			joint++
		}
		if joint == len(f.tokens) || f.words[joint] != wDot && f.words[joint] != wAt {
			return
		}
		for end = joint + 1; end < len(f.tokens) && (f.words[end] == wDot || f.words[end] == wAt); end++ {
		}
		end = min(end+1, len(f.tokens)) // the part behind it
		for ; from < end; from++ {
			f.cues[from].nobody = true
		}
	}
}

// leastCode is how long a run without a blank is that is no word, but a key.
const leastCode = 32

// keys marks the lines of keys, in the 64 signs that such are written in, and the rest of a key on the line below: their letters are no names.
func (f *finder) keys() {
	below := false // the line before was one of a key
	for line := 0; line < len(f.tokens); {
		end, key, digits := line, true, false
		for ; end < len(f.tokens) && f.tokens[end].Shape != tagger.Break; end++ {
			digits = digits || f.tokens[end].Shape == tagger.Alnum || f.tokens[end].Shape == tagger.Digits
			key = key && (end == line || f.touches(end)) && (f.tokens[end].Shape != tagger.Punct || f.isPunct(end, '+') || f.isPunct(end, '/') || f.isPunct(end, '='))
		}
		long := end > line && f.tokens[end-1].End-f.tokens[line].Start >= leastCode && digits
		if key = key && (long || below && end == line+1 && (digits || f.tokens[line].Shape == tagger.Mixed)); key {
			for k := line; k < end; k++ {
				f.cues[k].nobody = true
			}
		}
		below = key
		line = end + 1
	}
}

// titled marks the title of a work, between quotation marks, that the word at i announces: the book "Siti Nurbaya".
func (f *finder) titled(i int) {
	from := i + 1
	for from <= i+2 && !f.quotes(from) {
		from++
	}
	if !f.quotes(from) {
		return
	}
	for k := from + 1; k < min(len(f.tokens), from+longestTitle) && f.tokens[k].Shape != tagger.Break; k++ {
		if f.quotes(k) {
			for ; from < k; from++ {
				f.cues[from].nobody = true
			}
			return
		}
	}
}

// longestTitle is how many tokens a title may have.
const longestTitle = 10

// quotes says whether token i is a quotation mark; those beyond ASCII begin with one byte.
func (f *finder) quotes(i int) bool {
	return f.isPunct(i, '"') || f.isPunct(i, 0xe2) || f.isPunct(i, '\'')
}

// pastMarks is the next token from i that is no mark of those that stand between the parts of an address, at most three further on.
func (f *finder) pastMarks(i, step int) int {
	for range 3 {
		if !f.isPunct(i, '[') && !f.isPunct(i, ']') && !f.isPunct(i, '(') && !f.isPunct(i, ')') && !f.isPunct(i, '.') && !f.isPunct(i, ',') && !f.isPunct(i, '_') && !f.isPunct(i, '-') {
			break
		}
		i += step
	}
	return i
}

// letters says whether a token can be a part of an address.
func (f *finder) letters(i int) bool {
	t := &f.tokens[i]
	return t.Word() || t.Shape == tagger.Alnum || t.Shape == tagger.Digits
}

// single says whether a token is one letter, or one character beyond ASCII.
func (f *finder) single(i int) bool {
	t := &f.tokens[i]
	return t.End-t.Start == 1 || t.End-t.Start == 2 && t.Shape != tagger.Digits && t.Word()
}
