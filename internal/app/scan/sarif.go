package scan

import (
	"encoding/json"
	"io"
	"net/url"
	"strings"
)

// sarif is the report in SARIF 2.1.0, which code hosts and CI systems show. Findings are written as they come; what was not
// inspected stands at the end, in the tool's notifications.
type sarif struct {
	out     io.Writer
	version string
	results int
	notes   []any
	missed  bool
}

const sarifSchema = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"

type object = map[string]any

func (s *sarif) begin() error {
	var rules []any
	for _, name := range TypeNames() {
		rules = append(rules, object{"id": name, "shortDescription": object{"text": "Personal data: " + strings.ReplaceAll(name, "_", " ")}})
	}
	driver, err := json.Marshal(object{"driver": object{"name": "amanah scan", "version": s.version, "informationUri": "https://github.com/amanah-id/amanah", "rules": rules}})
	if err != nil {
		return err
	}
	return write(s.out, `{"$schema":"`+sarifSchema+`","version":"2.1.0","runs":[{"tool":`+string(driver)+`,"results":[`)
}

// where is a location of SARIF.
func where(file, entry, place string, line int) object {
	physical := object{"artifactLocation": object{"uri": (&url.URL{Path: file}).EscapedPath()}}
	if line > 0 && entry == "" {
		physical["region"] = object{"startLine": line}
	}
	l := object{"physicalLocation": physical}
	if name := strings.Trim(entry+" "+place, " "); name != "" {
		l["logicalLocations"] = []any{object{"fullyQualifiedName": name}}
	}
	return l
}

func (s *sarif) finding(f Finding) error {
	level := "warning"
	switch {
	case f.never:
		level = "error"
	case f.Confidence < 0.7:
		level = "note"
	}
	place := strings.Join(strings.Fields(strings.Join([]string{f.Sheet, f.Part, f.Place}, " ")), " ")
	result, err := json.Marshal(object{
		"ruleId": f.Type, "level": level, "message": object{"text": f.Type + " " + f.Sample + " (" + f.Reason + ")"}, "rank": f.Confidence * 100,
		"locations":  []any{where(f.File, f.Entry, place, f.Line)},
		"properties": object{"confidence": f.Confidence, "kind": f.Kind},
	})
	if err != nil {
		return err
	}
	comma := ""
	if s.results > 0 {
		comma = ","
	}
	s.results++
	return write(s.out, comma+"\n"+string(result))
}

// maxNotes bounds what is kept until the end.
const maxNotes = 10_000

func (s *sarif) note(text string, at object) {
	s.missed = true
	if len(s.notes) < maxNotes {
		s.notes = append(s.notes, object{"level": "warning", "message": object{"text": text}, "locations": []any{at}})
	}
}

func (s *sarif) unread(u Unread) error {
	s.note("not inspected: "+u.Reason, where(u.File, u.Entry, "", 0))
	return nil
}

func (s *sarif) endFile() error { return nil }

func (s *sarif) copied(string, string, []string) error { return nil }

func (s *sarif) refused(file, why string) error {
	s.note("not redacted: "+why, where(file, "", "", 0))
	return nil
}

func (s *sarif) end(Summary) error {
	if s.notes == nil {
		s.notes = []any{}
	}
	invocation, err := json.Marshal([]any{object{"executionSuccessful": !s.missed, "toolExecutionNotifications": s.notes}})
	if err != nil {
		return err
	}
	return write(s.out, "\n],\"invocations\":"+string(invocation)+"}]}\n")
}
