package main

import (
	"archive/zip"
	"bytes"
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/mod/sumdb/note"

	"github.com/amanah-id/amanah/proof"
)

func signer() (note.Signer, string) {
	k := ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize))
	pub := k.Public().(ed25519.PublicKey)
	return proof.LogSigner("dep", pub, func(m []byte) ([]byte, error) { return ed25519.Sign(k, m), nil }), proof.VerifierKey("dep", pub)
}

func sign(t *testing.T, text string) []byte {
	t.Helper()
	s, _ := signer()
	msg, err := note.Sign(&note.Note{Text: text}, s)
	if err != nil {
		t.Fatal(err)
	}
	return msg
}

// one writes a proof and an extract bundle of a log of one entry, and the old checkpoint.
func one(t *testing.T) (dir, key string) {
	t.Helper()
	_, key = signer()
	leaf, err := (&proof.Leaf{Version: 1, Time: 1_795_449_600_000_000, Action: "reveal", Decision: "allowed", ActorKind: "staff", Actor: "stf_1"}).Append(nil)
	if err != nil {
		t.Fatal(err)
	}
	tree := &proof.Tree{}
	tree.Append(proof.LeafHash(leaf), nil)
	msg := sign(t, proof.Checkpoint{Origin: "dep/main/1", Size: 1, Root: tree.Root()}.Text())
	dir = t.TempDir()
	text, err := proof.Inclusion{Extra: leaf, Checkpoint: msg}.MarshalText()
	if err != nil {
		t.Fatal(err)
	}
	f, err := os.Create(filepath.Join(dir, "bundle.zip"))
	if err != nil {
		t.Fatal(err)
	}
	z := proof.NewZip(f)
	err = proof.WriteExtract(z, []byte("log "+key+"\nquorum none\n"), sign(t, proof.Manifest{Deployment: "dep", Origins: []string{"dep/main/1"}}.Text()),
		[]proof.Extract{{Checkpoint: msg, Leaves: []proof.ExtractLeaf{{Leaf: leaf}}}})
	for name, data := range map[string][]byte{
		"receipt.tlog-proof":  text,
		"bad.tlog-proof":      bytes.Replace(text, []byte("extra p"), []byte("extra q"), 1),
		"leafless.tlog-proof": []byte("c2sp.org/tlog-proof@v1\nindex 0\n\n" + string(msg)),
		"edited.tlog-proof":   bytes.Replace(text, []byte("index 0"), []byte("index 1"), 1),
		"garbage.tlog-proof":  []byte("x"),
		"checkpoint":          msg,
		"policy":              []byte("log " + key + "\nquorum none\n"),
	} {
		err = errors.Join(err, os.WriteFile(filepath.Join(dir, name), data, 0o600))
	}
	if err = errors.Join(err, z.Close(), f.Close()); err != nil {
		t.Fatal(err)
	}
	tamper(t, dir)
	return dir, key
}

// tamper makes tampered.zip: the proof's leaf is another.
func tamper(t *testing.T, dir string) {
	r, err := zip.OpenReader(filepath.Join(dir, "bundle.zip"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = r.Close() }()
	f, err := os.Create(filepath.Join(dir, "tampered.zip"))
	if err != nil {
		t.Fatal(err)
	}
	w := zip.NewWriter(f)
	for _, file := range r.File {
		in, err := file.Open()
		if err != nil {
			t.Fatal(err)
		}
		data, err := io.ReadAll(in)
		if strings.HasSuffix(file.Name, ".tlog-proof") {
			at := bytes.Index(data, []byte("extra ")) + 40
			data[at] ^= 1
		}
		out, err2 := w.Create(file.Name)
		_, err3 := out.Write(data)
		if err := errors.Join(err, err2, err3); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(w.Close(), f.Close()); err != nil {
		t.Fatal(err)
	}
}

func TestExitCodesAndWords(t *testing.T) {
	t.Setenv("LANG", "id_ID.UTF-8")
	dir, key := one(t)
	at := func(name string) string { return filepath.Join(dir, name) }
	for _, c := range []struct {
		args []string
		code int
		want string
	}{
		{[]string{"--key", key, at("bundle.zip")}, good, "BAIK"},
		{[]string{"--key", key, "--lang", "en", at("bundle.zip")}, good, "GOOD"},
		{[]string{"--policy", at("policy"), "--held", at("checkpoint"), at("bundle.zip")}, good, "BAIK"},
		{[]string{"--lang", "en", at("bundle.zip")}, good, "taken from this very file"},
		{[]string{"--key", key, "--lang", "en", at("tampered.zip")}, tampered, "First bad index: 0"},
		{[]string{"--key", key, "--json", at("tampered.zip")}, tampered, `"ok": false`},
		{[]string{"--key", key, "--json", at("bundle.zip")}, good, `"ok": true`},
		{[]string{"--key", key, at("receipt.tlog-proof")}, good, "entry 0 of log"},
		{[]string{"--key", key, "--json", at("receipt.tlog-proof")}, good, `"origin": "dep/main/1"`},
		{[]string{"--key", key, at("edited.tlog-proof")}, tampered, "BAD: index 1"},
		{[]string{"--key", key, "--json", at("edited.tlog-proof")}, tampered, `"error": "the proof`},
		{[]string{at("receipt.tlog-proof")}, unusable, "needs --key"},
		{[]string{"--key", key, at("leafless.tlog-proof")}, unusable, "malformed"},
		{[]string{"--key", key, at("garbage.tlog-proof")}, unusable, "malformed"},
		{[]string{"--key", key, at("nothing.tlog-proof")}, unusable, "no such file"},
		{[]string{"--key", key, at("nothing.zip")}, unusable, "no such file"},
		{[]string{"--key", key, at("policy")}, unusable, "not a bundle"},
		{[]string{"--key", "nonsense", at("bundle.zip")}, unusable, "log key is malformed"},
		{[]string{"--policy", at("nothing"), at("bundle.zip")}, unusable, "no such file"},
		{[]string{"--key", key, "--policy", at("policy"), at("bundle.zip")}, unusable, "usage"},
		{[]string{"--lang", "de", at("bundle.zip")}, unusable, "usage"},
		{[]string{"--held", at("nothing"), at("bundle.zip")}, unusable, "no such file"},
		{[]string{}, unusable, "usage"},
		{[]string{"--nonsense"}, unusable, "usage"},
		{[]string{"--help"}, good, "usage"},
	} {
		var out, problems bytes.Buffer
		code := run(c.args, &out, &problems)
		if code != c.code || !strings.Contains(out.String()+problems.String(), c.want) {
			t.Errorf("%v: %d\n%s%s", c.args, code, &out, &problems)
		}
	}
}

func TestTheJSONReportIsJSON(t *testing.T) {
	dir, key := one(t)
	var out bytes.Buffer
	run([]string{"--key", key, "--json", filepath.Join(dir, "tampered.zip")}, &out, io.Discard)
	var r struct {
		OK     bool
		Faults []proof.Fault
	}
	if err := json.Unmarshal(out.Bytes(), &r); err != nil || r.OK || len(r.Faults) == 0 || r.Faults[0].Class != proof.LeafEdited {
		t.Errorf("%+v %v\n%s", r, err, &out)
	}
}

type full struct{}

func (full) Write([]byte) (int, error) { return 0, errors.New("full") }

func TestAReportThatCannotBeWrittenIsNotGood(t *testing.T) {
	dir, key := one(t)
	for _, name := range []string{"bundle.zip", "receipt.tlog-proof", "edited.tlog-proof"} {
		if code := run([]string{"--key", key, filepath.Join(dir, name)}, full{}, io.Discard); code != unusable {
			t.Errorf("%s: %d", name, code)
		}
	}
}
