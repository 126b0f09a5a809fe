package archtest

import (
	"slices"
	"strings"
	"testing"
)

// Groups of rooms, for the right-hand side of the table.
var (
	kit   = []string{"kit/errs", "kit/id", "kit/db", "kit/column", "kit/i18n", "kit/jobs", "kit/config", "kit/spool"}
	trust = []string{"trust/actor", "trust/catalog", "trust/policy", "trust/audit", "trust/gate", "trust/keyring", "trust/identity", "trust/approval"}
)

func rooms(groups ...[]string) []string { return slices.Concat(groups...) }
func only(names ...string) []string     { return names }

// table is DESIGN 3: which rooms a room may import. A capability may import kit, trust, web and what stands here.
var table = map[string][]string{
	// public libraries: nothing of ours
	"pii": nil, "pii/replace": only("pii", "pii/internal/token"),
	"pii/extract": only("pii/extract/internal/archive", "pii/extract/internal/cell", "pii/extract/internal/letter", "pii/extract/internal/pdf", "pii/extract/internal/picture", "pii/extract/internal/rtf", "pii/extract/internal/sniff", "pii/extract/packed"), "pii/extract/child": only("pii/extract"), "pii/extract/packed": nil,
	"pii/extract/internal/archive": nil, "pii/extract/internal/cell": nil, "pii/extract/internal/letter": only("pii/extract/internal/sniff"), "pii/extract/internal/pdf": nil, "pii/extract/internal/picture": nil, "pii/extract/internal/rtf": nil, "pii/extract/internal/sniff": nil,
	"pii/internal/check": only("pii/internal/region"), "pii/internal/region": nil, "pii/internal/shadow": only("pii/internal/fold"), "pii/internal/word": nil,
	"pii/internal/token": only("pii/internal/check", "pii/internal/shadow", "pii/internal/word"), "pii/internal/sign": only("pii/internal/check", "pii/internal/token"),
	"pii/internal/code": only("pii/internal/token", "pii/internal/word"), "pii/internal/date": only("pii/internal/check", "pii/internal/token", "pii/internal/word"),
	"pii/internal/kin": only("pii/internal/token", "pii/internal/word"), "pii/internal/secret": only("pii/internal/token", "pii/internal/word"), "pii/internal/said": only("pii/internal/check", "pii/internal/token", "pii/internal/word"),
	"pii/internal/piece":   only("pii/internal/check", "pii/internal/said", "pii/internal/token", "pii/internal/word"),
	"pii/internal/address": only("pii/internal/region", "pii/internal/token", "pii/internal/word"), "pii/internal/table": only("pii/internal/token", "pii/internal/word"), "pii/internal/rule": only("pii/internal/check", "pii/internal/region", "pii/internal/token"),
	"pii/exact": only("pii/internal/siphash", "pii/internal/fold"), "pii/shingle": only("pii/internal/siphash", "pii/internal/fold"),
	"pii/internal/siphash": nil, "pii/internal/fold": nil,
	"proof": nil, "proof/folder": nil, "anonymise": nil, "client": nil,
	"pii/names": only("pii/names/internal/tagger"), "pii/names/internal/tagger": nil, "pii/names/train": only("pii/names/internal/tagger"),

	"kit/spool": nil, "kit/errs": nil, "kit/id": nil, "kit/column": nil, "kit/i18n": only("kit/errs"),
	"kit/db": only("kit/errs"), "kit/jobs": only("kit/db", "kit/errs", "kit/id"), "kit/config": only("kit/errs"),
	"kit/db/dbtest": kit, "kit/testkit": kit, "kit/testkit/authenticator": nil,

	"trust/actor":             only("kit/id"),
	"trust/catalog":           kit,
	"trust/policy":            rooms(kit, only("trust/actor", "trust/catalog")),
	"trust/audit":             rooms(kit, only("trust/actor", "trust/audit/cosign", "trust/audit/plain", "trust/audit/word", "proof", "proof/folder")),
	"trust/audit/cosign":      rooms(kit, only("proof")), // asks the witnesses
	"trust/audit/plain":       only("proof"),
	"trust/audit/word":        only("proof"),
	"trust/audit/witness":     rooms(kit, only("trust/audit", "proof")), // what another administrator runs
	"trust/gate":              rooms(kit, only("trust/actor", "trust/catalog", "trust/policy", "trust/audit")),
	"trust/keyring":           rooms(kit, only("trust/actor", "trust/gate", "trust/audit")),
	"trust/keyring/kmstest":   only("trust/keyring"),                                         // the suite every KMS adapter passes
	"trust/keyring/keytest":   only("kit/db", "trust/actor", "trust/audit", "trust/keyring"), // real keys and a real log for tests
	"web":                     rooms(kit, only("trust/actor")),
	"web/idempotency":         only("kit/db", "kit/errs"), // answers for repeated requests
	"trust/identity":          rooms(kit, only("trust/actor", "trust/audit", "trust/gate", "trust/keyring", "web", "trust/approval")),
	"trust/identity/page":     rooms(kit, only("trust/actor", "trust/audit", "trust/keyring", "trust/identity", "trust/identity/password", "web")), // the pages of identity, its second room
	"trust/identity/password": only("kit/errs"),
	"trust/identity/scim":     rooms(kit, only("trust/actor", "trust/audit", "trust/keyring", "trust/identity", "web", "web/read")), // staff from the company's directory
	"trust/identity/ticket":   nil,
	"trust/identity/together": only("kit/errs"),
	"trust/identity/totp":     nil,
	"trust/identity/oidc":     rooms(kit, only("trust/actor", "trust/audit", "trust/keyring", "trust/identity", "trust/identity/page", "trust/identity/ticket", "web")), // sign-in at a provider
	"trust/approval":          rooms(kit, trust, only("web")),

	// capabilities: kit, trust and web go without saying
	"purpose":              nil,
	"consent":              only("purpose"),
	"interaction":          only("purpose"),
	"interaction/page":     only("interaction", "purpose"), // the list and the operations, its second room
	"vault":                nil,
	"vault/name":           only("kit/id"),                      // the index of names in memory
	"intake":               only("vault", "purpose", "consent"), // the import of files: the vault's second room
	"message":              only("vault"),
	"verification":         only("interaction", "vault", "message", "purpose"),
	"verification/check":   only("interaction", "web/limit"),                                   // anybody finds out whether a call is ours
	"verification/mandate": only("interaction", "vault", "message", "purpose", "verification"), // who may speak for a customer
	"verification/page":    only("verification", "verification/check", "interaction"),          // its pages and operations, its second room
	"verification/passkey": nil,                                                                // customers' passkeys
	"desk":                 only("vault", "consent", "verification", "interaction", "purpose", "message", "dlp"),
	"desk/act":             only("desk", "vault", "verification", "interaction", "message", "telephony/recorder"),        // what is done without showing, and what the customer gives
	"desk/page":            only("desk", "vault", "consent", "verification", "interaction", "purpose", "message", "dlp"), // the screens of the desk, its second room
	"supervision":          only("interaction"),
	"telephony":            only("interaction", "telephony/pbx"),
	"telephony/recorder":   only("interaction", "purpose", "telephony", "telephony/pbx"), // pauses what records a call; its tests make calls for a purpose
	"telephony/pbx":        nil,                                                          // speaks with exchanges; knows nothing of calls
	"watchlist":            only("interaction", "vault"),
	"drill":                nil, // plays the known attacks from the console
	"dlp":                  only("pii", "pii/replace", "pii/extract", "pii/extract/packed", "pii/names"),
	"dlp/crowd":            only("pii"),                                    // how many persons texts tell of
	"dlp/evidence":         nil,                                            // what a reviewer sees of a text that is masked
	"dlp/pasted":           only("dlp/known", "pii", "pii/extract/packed"), // what people paste packed and in letters
	"dlp/trace":            only("dlp/known", "pii", "pii/extract"),        // what machines write for machines
	"dlp/malware":          nil,                                            // asks a clamd; knows nothing of rules
	"dlp/file":             only("dlp", "pii/extract"),                     // files that come in or go out
	"dlp/file/strip":       only("pii/extract"),                            // takes out of files what travels with them unseen; its tests read the words of documents
	"trail":                only("proof"),                                  // writes proof files
	"dlp/known":            only("vault", "pii", "pii/exact", "pii/names"), // whose values a text holds
	"dlp/mail":             only("dlp", "pii/extract"),                     // the filter beside Postfix
	"dlp/icap":             nil,                                            // speaks with web proxies; knows nothing of rules
	"dlp/proxy":            only("dlp", "dlp/icap", "pii/extract"),         // requests to the web, for a proxy that asks

	"app":               nil, // everything; checked below
	"apitest":           nil, // tests of the whole API; its files may know every room
	"story":             nil, // tests in a browser; likewise
	"archtest":          nil,
	"cmd/amanah":        only("app/command"),
	"cmd/amanah-verify": only("proof"),
}

func allowed(room string) ([]string, bool) {
	row, ok := table[room]
	if !ok {
		// A room's own sub-folders (testdata builders, generated data) follow the room's row.
		parent, _, cut := strings.Cut(room, "/")
		if row, ok = table[parent]; !cut || !ok {
			return nil, false
		}
		room = parent
		row = append(slices.Clone(row), parent)
	}
	if IsCapability(room) {
		row = rooms(row, kit, trust, only("web"))
	}
	return row, true
}

func load(t *testing.T) []File {
	t.Helper()
	files, err := Load(Root())
	if err != nil {
		t.Fatal(err)
	}
	if len(files) < 50 {
		t.Fatalf("only %d files found: the test looks in the wrong place", len(files))
	}
	return files
}

func TestEveryRoomImportsOnlyWhatTheTableAllows(t *testing.T) {
	for _, f := range load(t) {
		row, ok := allowed(f.Room)
		if !ok {
			t.Errorf("%s: the room %q has no row in the import table", f.Path, f.Room)
			continue
		}
		for _, ours := range f.Ours() {
			testOnly := ours == "kit/db/dbtest" || ours == "kit/testkit" || ours == "kit/testkit/authenticator" || ours == "trust/keyring/keytest" || ours == "web/webtest"
			switch {
			case ours == f.Room, strings.HasPrefix(ours, f.Room+"/"): // itself (a test package) or its own sub-folder
			case testOnly && f.Test, testOnly && strings.HasPrefix(f.Room, "kit/"):
			case testOnly:
				t.Errorf("%s imports %s, which is for tests", f.Path, ours)
			case f.Room == "app", strings.HasPrefix(f.Room, "app/"):
			case f.Test && (f.Room == "apitest" || f.Room == "story"): // they stand where app stands
			case f.Test && f.Room == "client" && ours == "app": // the client's tests drive the real server
			case f.Test && f.Room == "trust/keyring" && ours == "trust/policy": // the test with the real gate makes the policies a gate needs
			case f.Test && f.Room == "pii/exact" && ours == "pii": // measures both tiers over the same text
			case f.Test && slices.Contains(kit, ours): // a test may use the kit
			case !slices.Contains(row, ours):
				t.Errorf("%s imports %s; the import table does not allow it", f.Path, ours)
			}
		}
	}
}

// The attacks come through the doors that everybody has. What the suite may know beside them is how an installation is made
// and filled, how a proof is checked, and how a value is found.
var attackers = slices.Concat(kit, only("client", "proof", "trust/actor", "trust/audit", "trust/identity", "app/bench", "app/fiction", "app/leak", "app/terminal", "proof/folder"))

func TestTheAttackSuiteUsesTheDoorsThatEverybodyHas(t *testing.T) {
	seen := 0
	for _, f := range load(t) {
		if f.Test || f.Room != "app/attack" {
			continue
		}
		seen++
		for _, ours := range f.Ours() {
			if !slices.Contains(attackers, ours) {
				t.Errorf("%s imports %s; an attack comes through the public API and the pages", f.Path, ours)
			}
		}
	}
	if seen == 0 {
		t.Error("there is no attack suite")
	}
}

func TestTheStandaloneVerifierNeedsAlmostNothing(t *testing.T) {
	for _, f := range load(t) {
		if f.Test || f.Room != "cmd/amanah-verify" && f.Room != "proof" {
			continue
		}
		for _, i := range f.Imports {
			std := !strings.Contains(strings.Split(i, "/")[0], ".")
			if !std && !strings.HasPrefix(i, "golang.org/x/mod/") && i != Module+"/proof" {
				t.Errorf("%s imports %s; an outsider who checks the log needs the standard library, x/mod and proof only", f.Path, i)
			}
		}
	}
}

// cryptography lists who may use more than crypto/rand and crypto/subtle (DESIGN 5).
var cryptography = map[string][]string{
	"trust/keyring":           {"*"},
	"trust/audit":             {"*"},
	"trust/identity":          {"*"},
	"trust/identity/password": {"*"}, // argon2id, PBKDF2
	"trust/identity/ticket":   {"crypto/sha256"},
	"proof":                   {"*"},
	"cmd/amanah-verify":       {"*"},
	"pii":                     {"crypto/sha256", "crypto/hmac"},
	"dlp":                     {"crypto/sha256"},                // the digest of a stream, before it is keyed
	"pii/replace":             {"crypto/sha256", "crypto/hmac"}, // pseudonyms
	"pii/internal/check":      {"crypto/sha256"},                // the check sum inside a wallet's address
	"pii/names/train":         {"crypto/sha256"},                // digests of the model and its data
	"pii/exact":               {"crypto/sha256", "crypto/hmac"}, // keyed fingerprints of values
	"anonymise":               {"crypto/sha256", "crypto/hmac"},
	"app":                     {"crypto/tls", "crypto/x509", "crypto/x509/pkix", "crypto/ecdsa", "crypto/elliptic", "crypto/ed25519", "crypto/sha256"}, // certificates; the key of a witness, which is nobody's customer data; the plain hash of a value, to find it where it must not be
	"client":                  {"crypto/tls", "crypto/x509"},
	"kit/db":                  {"crypto/tls", "crypto/x509"},
	"kit/spool":               {"crypto/aes", "crypto/cipher"}, // a temporary file under a key that exists in memory only
	"message":                 {"crypto/tls"},                  // SMTP
	"web":                     {"crypto/sha256"},               // entity tags of static files
	"trust/policy":            {"crypto/sha256"},               // the policy set's hash, in every leaf

	// for tests
	"kit/testkit":               {"crypto/sha256"},
	"kit/testkit/authenticator": {"crypto/ecdsa", "crypto/elliptic", "crypto/sha256"}, // signs as a browser's would
}

func TestCryptographyStaysInItsRooms(t *testing.T) {
	for _, f := range load(t) {
		if f.Test {
			continue
		}
		room := f.Room
		if strings.HasPrefix(room, "app/") {
			room = "app"
		}
		for _, i := range f.Imports {
			if !strings.HasPrefix(i, "crypto/") && !strings.HasPrefix(i, "golang.org/x/crypto/") || i == "crypto/rand" || i == "crypto/subtle" {
				continue
			}
			if may := cryptography[room]; !slices.Contains(may, "*") && !slices.Contains(may, i) {
				t.Errorf("%s imports %s; ask keyring for a MAC, a token or a signature instead", f.Path, i)
			}
		}
	}
}
