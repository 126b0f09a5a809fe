package proof

import (
	"archive/zip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/tlog"
)

// BundleFormat is what bundle.json says it is. A bundle is a folder, or a zip file of one, with everything that Verify needs:
//
//	bundle.json                what it is
//	policy                     whom to trust, as the exporter sees it; the reader brings his own
//	manifest                   signed note that lists the deployment's logs
//	<log>/checkpoint           newest signed checkpoint
//	<log>/checkpoints          older ones, each with its length in two bytes before it
//	<log>/tile/<L>/<N>[.p/<W>] tree hashes (C2SP tlog-tiles)
//	<log>/tile/entries/<N>…    leaves
//	<log>/side/<N>             what stands beside those leaves (CBOR sequence of Side)
//
// An extract holds some leaves of a log instead of all:
//
//	<log>/proof/<index>.tlog-proof, <log>/sides
const BundleFormat = "amanah-bundle@v1"

// Manifest of a bundle's files.
type bundleFile struct {
	Format string      `json:"format"`
	Kind   string      `json:"kind"` // "log" or "extract"
	Logs   []bundleLog `json:"logs"`
}

type bundleLog struct {
	Origin string `json:"origin"`
	Dir    string `json:"dir"`
}

// Files is where a bundle is written to.
type Files interface {
	Create(name string) (io.Writer, error)
}

// Zip writes a bundle as one zip file, uncompressed: hashes do not compress, and a
// verifier reads it as fast as a folder.
type Zip struct{ z *zip.Writer }

// NewZip starts a zip file.
func NewZip(w io.Writer) *Zip { return &Zip{zip.NewWriter(w)} }

// Create implements Files.
func (z *Zip) Create(name string) (io.Writer, error) {
	return z.z.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Store})
}

// Close finishes the file.
func (z *Zip) Close() error { return z.z.Close() }

// OpenBundle opens a bundle that is a folder or a zip file.
func OpenBundle(path string) (fs.FS, io.Closer, error) {
	if root, err := os.OpenRoot(path); err == nil {
		return root.FS(), root, nil
	}
	z, err := zip.OpenReader(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil, err
	}
	if err != nil {
		return nil, nil, fmt.Errorf("%w: not a bundle", ErrMalformed)
	}
	for _, f := range z.File {
		if f.UncompressedSize64 > mostSmall && f.UncompressedSize64/mostPacked > f.CompressedSize64 {
			return nil, nil, errors.Join(fmt.Errorf("%w: the zip file unpacks to too much", ErrMalformed), z.Close())
		}
	}
	return z, z, nil
}

// How much a file of a zip file may unpack to: as little as mostSmall always, else so many
// times its size. Ours are not packed at all; whoever packs them anew gets a few times.
const (
	mostSmall  = 1 << 20
	mostPacked = 50
)

// Bundle is what is to be written.
type Bundle struct {
	Policy   []byte // of the exporter, for readers who have none
	Manifest []byte // signed note
	Logs     []Log
}

// WriteBundle writes whole logs, each up to its newest checkpoint.
func WriteBundle(f Files, b Bundle) error {
	head := bundleFile{Format: BundleFormat, Kind: "log", Logs: []bundleLog{}}
	for i, l := range b.Logs {
		dir := fmt.Sprintf("%04d", i+1)
		origin, err := writeLog(f, dir, l)
		if err != nil {
			return err
		}
		head.Logs = append(head.Logs, bundleLog{origin, dir})
	}
	return writeHead(f, head, b.Policy, b.Manifest)
}

func writeHead(f Files, head bundleFile, policy, manifest []byte) error {
	text, _ := json.MarshalIndent(head, "", "  ") // strings only: cannot fail
	return errors.Join(
		writeFile(f, "policy", policy),
		writeFile(f, "manifest", manifest),
		writeFile(f, "bundle.json", append(text, '\n')),
	)
}

func writeFile(f Files, name string, data []byte) error {
	w, err := f.Create(name)
	if err == nil {
		_, err = w.Write(data)
	}
	return err
}

var errNoCheckpoint = errors.New("the log has no signed checkpoint")

func writeLog(f Files, dir string, l Log) (origin string, err error) {
	notes, err := l.Checkpoints()
	if err != nil {
		return "", err
	}
	if len(notes) == 0 {
		return "", errNoCheckpoint
	}
	newest := notes[len(notes)-1]
	c, err := ParseCheckpoint(string(newest))
	if err != nil {
		return "", err
	}
	if err := writeFile(f, dir+"/checkpoint", newest); err != nil {
		return "", err
	}
	var older []byte
	for _, n := range notes[:len(notes)-1] {
		older = AppendEntry(older, n)
	}
	if err := writeFile(f, dir+"/checkpoints", older); err != nil {
		return "", err
	}
	for level := 0; c.Size>>(tileBits*level) > 0; level++ {
		hashes := c.Size >> (tileBits * level)
		for n := int64(0); n*TileWidth < hashes; n++ {
			ref := TileRef{level, n, int(min(TileWidth, hashes-n*TileWidth))}
			data, err := l.Tile(ref)
			if err != nil {
				return "", err
			}
			if err := writeFile(f, dir+"/"+ref.Path(), data[:min(len(data), ref.Width*tlog.HashSize)]); err != nil {
				return "", err
			}
		}
	}
	var entries []Entry
	var leaves, sides []byte
	for n := int64(0); n*TileWidth < c.Size; n++ {
		width := int(min(TileWidth, c.Size-n*TileWidth))
		if entries, err = l.Entries(n*TileWidth, width, entries[:0]); err != nil {
			return "", err
		}
		leaves, sides = leaves[:0], sides[:0]
		for i := range entries {
			leaves = AppendEntry(leaves, entries[i].Leaf)
			if entries[i].Side != nil {
				sides = entries[i].Side.Append(sides)
			}
		}
		if err := errors.Join(
			writeFile(f, dir+"/"+EntriesPath(n, width), leaves),
			writeFile(f, dir+"/"+sidePath(n), sides),
		); err != nil {
			return "", err
		}
	}
	return c.Origin, nil
}

func sidePath(n int64) string {
	return "side/" + EntriesPath(n, TileWidth)[len("tile/entries/"):]
}

// VerifyBundle checks a bundle. With a nil policy it takes the one in the bundle and
// says so in the report (SelfKeyed). An error wraps ErrMalformed, or is of the file system.
func VerifyBundle(files fs.FS, o Options) (*Report, error) {
	var head bundleFile
	text, err := fs.ReadFile(files, "bundle.json")
	if err != nil {
		return nil, err
	}
	if json.Unmarshal(text, &head) != nil || head.Format != BundleFormat {
		return nil, malformed("bundle.json")
	}
	self := o.Policy == nil
	if self {
		text, err := fs.ReadFile(files, "policy")
		if err != nil {
			return nil, err
		}
		if o.Policy, err = ParsePolicy(text); err != nil {
			return nil, err
		}
	}
	if len(o.Policy.logs) == 0 {
		return nil, malformed("policy names no log key")
	}
	var r *Report
	switch head.Kind {
	case "log":
		var logs []Log
		for _, l := range head.Logs {
			sub, err := fs.Sub(files, l.Dir)
			if err != nil {
				return nil, malformed("bundle.json")
			}
			logs = append(logs, &bundled{files: sub})
		}
		r, err = Verify(logs, o)
	case "extract":
		r, err = verifyExtracts(files, head, o)
	default:
		return nil, malformed("bundle.json: kind")
	}
	if err != nil {
		return nil, err
	}
	r.SelfKeyed = self
	if head.Kind == "log" {
		if err := checkManifest(files, o.Policy, r); err != nil {
			return nil, err
		}
	}
	return r, nil
}

// bundled is a log in a bundle.
type bundled struct {
	files  fs.FS
	leaves [][]byte
	sides  []Side
}

// Head implements Log.
func (b *bundled) Head() (Checkpoint, bool, error) { return Checkpoint{}, false, nil }

// Checkpoints implements Log.
func (b *bundled) Checkpoints() ([][]byte, error) {
	newest, err := fs.ReadFile(b.files, "checkpoint")
	if err != nil {
		return nil, err
	}
	older, err := fs.ReadFile(b.files, "checkpoints")
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	notes, err := ParseEntries(older, nil)
	if err != nil {
		return nil, err
	}
	return append(notes, newest), nil
}

// Tile implements Log.
func (b *bundled) Tile(ref TileRef) ([]byte, error) {
	data, err := fs.ReadFile(b.files, ref.Path())
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return data, err
}

// Entries implements Log.
func (b *bundled) Entries(first int64, count int, into []Entry) ([]Entry, error) {
	if first%TileWidth != 0 {
		// Only asked for to tell a hole from a cut, and for what follows the end; in a
		// bundle the index is the place in the file, so nothing follows.
		return into, nil
	}
	n := first / TileWidth
	data, err := fs.ReadFile(b.files, EntriesPath(n, count))
	if errors.Is(err, fs.ErrNotExist) {
		return into, nil
	}
	if err != nil {
		return into, err
	}
	// What cannot be read from here on counts as missing: the check will say from where.
	b.leaves, _ = ParseEntries(data, b.leaves[:0])
	data, err = fs.ReadFile(b.files, sidePath(n))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return into, err
	}
	var unreadable error
	b.sides, unreadable = ParseSides(data, b.sides[:0])
	at := len(into)
	for i, leaf := range b.leaves {
		into = append(into, Entry{Index: first + int64(i), Leaf: leaf})
	}
	for i := range b.sides {
		s := &b.sides[i]
		if k := s.Index - first; k >= 0 && k < int64(len(b.leaves)) {
			into[at+int(k)].Side = s
		}
	}
	if unreadable != nil && len(into) > at {
		into[at].Fault = BundleUnusable
	}
	return into, nil
}

// Manifest is a deployment's signed list of its logs.
type Manifest struct {
	Deployment string
	Time       int64 // UTC microseconds
	Origins    []string
}

const manifestHeader = "amanah-manifest@v1"

// Text is the note text that is signed.
func (m Manifest) Text() string {
	return manifestHeader + "\n" + m.Deployment + "\n" + strconv.FormatInt(m.Time, 10) + "\n" + strings.Join(m.Origins, "\n") + "\n"
}

// ParseManifest reads a manifest's note text.
func ParseManifest(text string) (Manifest, error) {
	lines := strings.Split(text, "\n")
	if len(lines) < 5 || lines[0] != manifestHeader || lines[len(lines)-1] != "" {
		return Manifest{}, malformed("manifest")
	}
	at, err := decimal(lines[2])
	if err != nil {
		return Manifest{}, err
	}
	m := Manifest{Deployment: lines[1], Time: at, Origins: lines[3 : len(lines)-1]}
	for _, o := range m.Origins {
		if !IsToken(o) {
			return Manifest{}, malformed("manifest")
		}
	}
	return m, nil
}

func checkManifest(files fs.FS, p *Policy, r *Report) error {
	msg, err := fs.ReadFile(files, "manifest")
	if err != nil {
		return err
	}
	m, err := p.OpenManifest(msg)
	if err != nil {
		r.Faults = append(r.Faults, Fault{Class: BadSignature})
		return nil
	}
	for _, origin := range m.Origins {
		if !slices.ContainsFunc(r.Logs, func(l LogReport) bool { return l.Origin == origin }) {
			r.Faults = append(r.Faults, Fault{Origin: origin, Class: ShardMissing})
		}
	}
	return nil
}
