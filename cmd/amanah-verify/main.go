// Command amanah-verify checks an audit bundle of Amanah offline, without trusting who
// made it. It is built from the standard library, golang.org/x/mod and package proof
// alone, so that it can be read in an afternoon.
//
//	amanah-verify --key KEY bundle.zip          the log key, got from somebody else
//	amanah-verify --policy policy.txt bundle/   log keys and witnesses (C2SP tlog-policy)
//	amanah-verify --held old-checkpoint …       also a continuation of what you kept
//	amanah-verify --key KEY receipt.tlog-proof  one entry's proof
//
// It exits with 0 when all is good, 1 when tampering was found (it names the first bad
// index), and 2 when the check could not be made.
package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/amanah-id/amanah/proof"
)

const (
	good     = 0
	tampered = 1
	unusable = 2
)

func main() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) }

type held [][]byte

func (h *held) String() string { return "" }

func (h *held) Set(path string) error {
	text, err := os.ReadFile(path)
	if err == nil {
		*h = append(*h, text)
	}
	return err
}

// languageOf follows the environment, as `amanah` does: Indonesian if it asks for it, else
// English.
func languageOf(lang string) string {
	if strings.HasPrefix(lang, "id") {
		return "id"
	}
	return "en"
}

func run(args []string, out, problems io.Writer) int {
	flags := flag.NewFlagSet("amanah-verify", flag.ContinueOnError)
	flags.SetOutput(problems)
	key := flags.String("key", "", "the log's verifier `key`")
	policyFile := flags.String("policy", "", "`file` with log keys, witnesses and quorum")
	asJSON := flags.Bool("json", false, "write the report as JSON")
	lang := flags.String("lang", languageOf(os.Getenv("LANG")), "language of the report: id or en")
	var kept held
	flags.Var(&kept, "held", "`file` with a signed checkpoint kept from earlier; may be repeated")
	flags.Usage = func() {
		_, _ = fmt.Fprintln(problems, "usage: amanah-verify [--key KEY | --policy FILE] [--held FILE]… [--json] [--lang id|en] BUNDLE|PROOF")
		flags.PrintDefaults()
	}
	err := flags.Parse(args)
	if errors.Is(err, flag.ErrHelp) {
		return good
	}
	if err != nil || flags.NArg() != 1 || *key != "" && *policyFile != "" || *lang != "id" && *lang != "en" {
		if err == nil {
			flags.Usage()
		}
		return unusable
	}
	fail := func(err error) int {
		_, _ = fmt.Fprintln(problems, "amanah-verify:", err)
		return unusable
	}
	policy, err := trust(*key, *policyFile)
	if err != nil {
		return fail(err)
	}
	path := flags.Arg(0)
	if strings.HasSuffix(path, ".tlog-proof") {
		return single(path, policy, *asJSON, out, fail)
	}
	files, closer, err := proof.OpenBundle(path)
	if err != nil {
		return fail(err)
	}
	defer func() { _ = closer.Close() }()
	report, err := proof.VerifyBundle(files, proof.Options{Policy: policy, Held: kept})
	if err != nil {
		return fail(err)
	}
	if *asJSON {
		err = writeJSON(out, struct {
			OK bool `json:"ok"`
			*proof.Report
		}{report.OK(), report})
	} else {
		err = report.Text(out, proof.Language(*lang))
	}
	if err != nil {
		return fail(err)
	}
	if !report.OK() {
		return tampered
	}
	return good
}

// trust is whom the user trusts; nil means that he said nothing.
func trust(key, file string) (*proof.Policy, error) {
	switch {
	case key != "":
		return proof.TrustKey(key)
	case file != "":
		text, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		return proof.ParsePolicy(text)
	}
	return nil, nil
}

// single checks one .tlog-proof file, which holds its leaf.
func single(path string, policy *proof.Policy, asJSON bool, out io.Writer, fail func(error) int) int {
	if policy == nil {
		return fail(errors.New("a single proof needs --key or --policy"))
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return fail(err)
	}
	p, err := proof.ParseInclusion(text)
	if err != nil {
		return fail(err)
	}
	leaf, err := proof.ParseLeaf(p.Extra)
	if err != nil {
		return fail(err)
	}
	signed, verr := p.Verify(nil, policy)
	if asJSON {
		err = writeJSON(out, struct {
			OK     bool       `json:"ok"`
			Error  string     `json:"error,omitempty"`
			Origin string     `json:"origin,omitempty"`
			Index  int64      `json:"index"`
			Leaf   proof.Leaf `json:"leaf"`
		}{verr == nil, errorText(verr), signed.Origin, p.Index, leaf})
	} else if verr != nil {
		_, err = fmt.Fprintf(out, "BAD: index %d: %v\n", p.Index, verr)
	} else {
		_, err = fmt.Fprintf(out, "GOOD: %s by %s %q at %s is entry %d of log %q\n", leaf.Action, leaf.ActorKind, leaf.Actor,
			time.UnixMicro(leaf.Time).UTC().Format(time.RFC3339), p.Index, signed.Origin)
	}
	if err != nil {
		return fail(err)
	}
	if verr != nil {
		return tampered
	}
	return good
}

func errorText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

func writeJSON(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	return e.Encode(v)
}
