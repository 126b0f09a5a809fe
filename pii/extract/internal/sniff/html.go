package sniff

import "strings"

// blocks are elements of HTML that end a line.
var blocks = words(`address article aside blockquote body br button caption center dd details dialog dir div dl dt fieldset figcaption figure footer form frame frameset h1 h2 h3 h4 h5 h6
	head header hr html input legend li main menu nav ol optgroup option p pre search section select summary table tbody textarea tfoot thead title tr ul`)

func words(list string) map[string]bool {
	out := map[string]bool{}
	for _, w := range strings.Fields(list) {
		out[w] = true
	}
	return out
}

// Block says whether an element ends a line; any other, known or not, stands within one.
func Block(name string) bool { return blocks[name] }
