package proof

import (
	"embed"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"time"
)

// Language is a language in which a report can be written.
type Language string

// The languages.
const (
	Indonesian Language = "id"
	English    Language = "en"
)

//go:embed words/*.json
var files embed.FS

// words are the report's sentences by language. The Indonesian ones were written first.
var words = func() map[Language]map[string]string {
	all := map[Language]map[string]string{}
	for _, lang := range []Language{Indonesian, English} {
		text, _ := files.ReadFile("words/" + string(lang) + ".json") // it is part of the program
		one := map[string]string{}
		_ = json.Unmarshal(text, &one) // a test reads each sentence
		all[lang] = one
	}
	return all
}()

const shownFaults = 20

// Text writes the report for people. An unknown language is English.
func (r *Report) Text(w io.Writer, lang Language) error {
	t, ok := words[lang]
	if !ok {
		t = words[English]
	}
	var b []byte
	var total int64
	for _, l := range r.Logs {
		total += l.Size
	}
	if r.OK() {
		b = fmt.Appendf(b, t["good"], total, len(r.Logs))
	} else {
		f := r.Faults[0]
		b = fmt.Appendf(b, t["bad"], f.Index, strconv.Quote(f.Origin), t[string(f.Class)])
	}
	at := func(micros int64) string { return time.UnixMicro(micros).UTC().Format(time.RFC3339) }
	for _, l := range r.Logs {
		b = fmt.Appendf(b, t["log"], strconv.Quote(l.Origin), l.Size, at(l.From), at(l.To), l.Signed, l.Witnessed, l.Size-l.Witnessed, l.Root)
		if l.Size > l.Signed {
			b = fmt.Appendf(b, t["unsigned"], l.Size-l.Signed, l.Signed)
		}
		if l.Anchored > 0 {
			b = fmt.Appendf(b, t["anchored"], l.Anchored)
		}
		if l.Lost > 0 {
			b = fmt.Appendf(b, t["lost"], l.Lost)
		}
		b = fmt.Appendf(b, t["sides"], l.Subjects, l.Sides, l.Authorised)
		if l.Lingering > 0 {
			b = fmt.Appendf(b, t["lingering"], l.Lingering)
		}
		if l.Skewed > 0 {
			b = fmt.Appendf(b, t["skewed"], l.Skewed)
		}
	}
	if !r.OK() {
		b = append(b, t["faults"]...)
	}
	for i, f := range r.Faults {
		if i == shownFaults {
			b = fmt.Appendf(b, t["more"], len(r.Faults)-i)
			break
		}
		if f.Exact() {
			b = fmt.Appendf(b, t["exact"], f.Index, t[string(f.Class)])
		} else {
			b = fmt.Appendf(b, t["range"], f.Index, f.Through, t[string(f.Class)])
		}
	}
	if r.SelfKeyed {
		b = append(b, t["self_keyed"]...)
	}
	_, err := w.Write(b)
	return err
}
