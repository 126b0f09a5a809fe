package proof

import (
	"bytes"
	"fmt"
	"io/fs"
	"slices"
)

// OpenManifest checks a signed manifest and reads it.
func (p *Policy) OpenManifest(msg []byte) (Manifest, error) {
	text, err := p.openNote(msg)
	if err != nil {
		return Manifest{}, err
	}
	return ParseManifest(text)
}

// Extract is some leaves of one log, such as those about one subject.
type Extract struct {
	Checkpoint []byte // signed note
	Leaves     []ExtractLeaf
}

// ExtractLeaf is a leaf with the proof that it is in the log.
type ExtractLeaf struct {
	Index  int64
	Leaf   []byte
	Hashes []Hash
	Side   *Side
}

// WriteExtract writes an extract as a bundle.
func WriteExtract(f Files, policy, manifest []byte, extracts []Extract) error {
	head := bundleFile{Format: BundleFormat, Kind: "extract", Logs: []bundleLog{}}
	for i, x := range extracts {
		dir := fmt.Sprintf("%04d", i+1)
		c, err := ParseCheckpoint(string(x.Checkpoint))
		if err != nil {
			return err
		}
		head.Logs = append(head.Logs, bundleLog{c.Origin, dir})
		if err := writeFile(f, dir+"/checkpoint", x.Checkpoint); err != nil {
			return err
		}
		var sides []byte
		for _, l := range x.Leaves {
			text, _ := Inclusion{Extra: l.Leaf, Index: l.Index, Hashes: l.Hashes, Checkpoint: x.Checkpoint}.MarshalText() // cannot fail
			if err := writeFile(f, fmt.Sprintf("%s/proof/%012d.tlog-proof", dir, l.Index), text); err != nil {
				return err
			}
			if l.Side != nil {
				sides = l.Side.Append(sides)
			}
		}
		if err := writeFile(f, dir+"/sides", sides); err != nil {
			return err
		}
	}
	return writeHead(f, head, policy, manifest)
}

// verifyExtracts checks each leaf of an extract against its log's checkpoint, what stands
// beside it, and that a subject's entries are numbered without an unexplained gap. What
// an extract cannot show is that nothing follows its last entry.
func verifyExtracts(files fs.FS, head bundleFile, o Options) (*Report, error) {
	v := verifier{o: o, covers: map[string][]cover{}}
	for _, l := range head.Logs {
		sub, err := fs.Sub(files, l.Dir)
		if err != nil {
			return nil, malformed("bundle.json")
		}
		if err := v.extract(sub); err != nil {
			return nil, err
		}
	}
	return v.finish(), nil
}

func (v *verifier) extract(files fs.FS) error {
	s := &logState{seen: map[string]*numbered{}, partial: true}
	v.states = append(v.states, s)
	checkpoint, err := fs.ReadFile(files, "checkpoint")
	if err != nil {
		return err
	}
	c, err := ParseCheckpoint(string(checkpoint))
	if err != nil {
		return err
	}
	s.report.Origin, s.report.Root = c.Origin, c.Root
	signed, err := v.o.Policy.Open(checkpoint)
	if err != nil {
		s.fault(BadSignature, 0, max(0, c.Size-1))
	} else {
		s.report.Signed = c.Size
		if !signed.Quorum {
			s.fault(NotWitnessed, 0, max(0, c.Size-1))
		} else if len(signed.Cosignatures) > 0 {
			s.report.Witnessed = c.Size
		}
	}
	data, err := fs.ReadFile(files, "sides")
	if err != nil {
		return err
	}
	list, err := ParseSides(data, nil)
	if err != nil {
		return err
	}
	sides := map[int64]*Side{}
	for i := range list {
		sides[list[i].Index] = &list[i]
	}
	names, _ := fs.Glob(files, "proof/*.tlog-proof") // the pattern is well-formed
	slices.Sort(names)
	w := walker{v: v, s: s, first: -1, hasher: newHasher()}
	for _, name := range names {
		text, err := fs.ReadFile(files, name)
		if err != nil {
			return err
		}
		p, err := ParseInclusion(text)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		if !bytes.Equal(p.Checkpoint, checkpoint) {
			return malformed(name + ": proof under another checkpoint")
		}
		if !included(p, c) {
			s.fault(LeafEdited, p.Index, p.Index)
			continue
		}
		s.report.Size++
		w.content(&Entry{Index: p.Index, Leaf: p.Extra, Side: sides[p.Index]})
		delete(sides, p.Index)
	}
	for index := range sides {
		s.fault(SideInserted, index, index)
	}
	s.report.Subjects = int64(len(s.seen))
	return nil
}
