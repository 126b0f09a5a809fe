package scan

import (
	"context"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"

	offered "github.com/amanah-id/amanah/internal/dlp/file"
	"github.com/amanah-id/amanah/internal/dlp/malware"
	"github.com/amanah-id/amanah/pii/extract"
)

// Malware is a kind of this command, beside those of people: its sample is what the scanner calls it.
const Malware = "malware"

// unchecked is the reason of a file that the scanner of malware could not check, infected that of a copy that is not made.
const (
	unchecked extract.Reason = "malware_unchecked"
	infected  extract.Reason = Malware
)

// harmless has a file checked for malware. false: it is infected, and nothing else is done with it.
func (r *run) harmless(ctx context.Context, path string, again io.ReaderAt, v *visitor) (bool, error) {
	if again == nil { // a stream is read once
		return true, v.Skip(extract.Skip{Reason: unchecked})
	}
	err := r.Malware(ctx, io.NewSectionReader(again, 0, math.MaxInt64))
	if err == nil {
		return true, nil
	}
	if ctx.Err() != nil {
		return false, ctx.Err()
	}
	name, found := malware.Found(err)
	if !found {
		return true, v.Skip(extract.Skip{Reason: unchecked})
	}
	r.sum.Malware++
	if err := r.report.finding(Finding{File: v.file, Kind: "file", Type: Malware, Sample: name, Confidence: 1, Reason: "clamd"}); err != nil {
		return false, err
	}
	if r.Redact != "" || r.Strip != "" {
		if err := r.refuse(path, infected); err != nil {
			return false, err
		}
	}
	return false, r.report.endFile()
}

// strip writes a copy of a file without what travels with it unseen.
func (r *run) strip(path, inside string, again io.ReaderAt, v *visitor) error {
	if again == nil {
		return r.refuse(path, extract.Unsupported)
	}
	data, err := io.ReadAll(io.NewSectionReader(again, 0, r.Limits.Document+1))
	if err != nil {
		return r.refuse(path, extract.Unreadable)
	}
	if int64(len(data)) > r.Limits.Document {
		return r.refuse(path, extract.TooBig)
	}
	clean, gone, left := offered.Strip(data, extract.KindOf(data, path))
	if left != offered.LeftNot {
		return r.refuse(path, extract.Reason("strip_"+string(left)))
	}
	to, free, err := r.target(r.Strip, path, inside)
	if err != nil {
		return err
	}
	if !free {
		return r.refuse(path, exists)
	}
	out, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return fmt.Errorf("%w: %w", errWrite, err)
	}
	_, err = out.Write(clean)
	if closed := out.Close(); err == nil {
		err = closed
	}
	if err != nil {
		_ = os.Remove(to)
		return fmt.Errorf("%w: %w", errWrite, err)
	}
	r.sum.Copies++
	return r.report.copied(v.file, r.eye.hidePath(filepath.ToSlash(to)), append([]string{}, gone...))
}
