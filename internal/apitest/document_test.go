package apitest

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// golden is where the OpenAPI document lies for readers, for package client and for this comparison.
const golden = "../../docs/openapi.json"

// TestTheOpenAPIDocumentIsTheOneInDocs makes every change of the API a change of a file that somebody reads. Run it with
// AMANAH_UPDATE=1 to write the file.
func TestTheOpenAPIDocumentIsTheOneInDocs(t *testing.T) {
	w := open(t, "")
	served := w.send("GET", "/api/openapi.json", "")
	if served.status != 200 || !strings.HasPrefix(served.header.Get("Content-Type"), "application/openapi+json") {
		t.Fatalf("%d %v", served.status, served.header)
	}
	var document map[string]any
	if err := json.Unmarshal([]byte(served.body), &document); err != nil {
		t.Fatal(err)
	}
	if document["openapi"] != "3.1.0" {
		t.Errorf("openapi %v", document["openapi"])
	}
	if version := document["info"].(map[string]any)["version"]; version != "1" {
		t.Errorf("the document of /api/v1 calls itself %v", version)
	}
	text, err := json.MarshalIndent(document, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	text = append(text, '\n')
	if os.Getenv("AMANAH_UPDATE") != "" {
		if err := os.WriteFile(golden, text, 0o644); err != nil { //nolint:gosec // a document for everybody
			t.Fatal(err)
		}
	}
	kept, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(kept), string(text)); diff != "" {
		t.Errorf("the API and %s differ; AMANAH_UPDATE=1 writes it anew:\n%s", golden, diff)
	}
	for path, item := range document["paths"].(map[string]any) {
		for method, o := range item.(map[string]any) {
			op := o.(map[string]any)
			if op["summary"] == nil || op["operationId"] == nil {
				t.Errorf("%s %s has no summary or no name", method, path)
			}
			if _, ok := op["responses"].(map[string]any)["default"]; !ok {
				t.Errorf("%s %s does not say how it is refused", method, path)
			}
		}
	}
}
