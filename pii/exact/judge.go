package exact

import (
	"cmp"
	"slices"
)

// Alert is the score above which a finding should count.
const Alert = 0.5

// Crowd is how many people a text is taken to be about at least.
const Crowd = 10000

// Finding says how surely a text names a record.
type Finding struct {
	Record     Record
	Score      float64 // 0 to 1
	Start, End int     // what the score stands on
	Fields     uint32  // all fields of the record in the text, a bit for each: see Has
}

// Has reports whether the text has the field of the record.
func (f Finding) Has(field Field) bool { return f.Fields>>field&1 != 0 }

// Judge scores the hits per record and appends a finding for each, the surest first. It sorts the hits by record.
//
// A strong field scores 1. Two weak ones of different fields that begin within Window bytes of each other score 1/(1+a·b/n), where a
// and b are the numbers of records that share each, and n that of all records, or Crowd when they are fewer, since a text may name
// people who are in no record. a·b/n is how many records would have both by chance, so that a common name and a common birth date
// count for less than a rare street and a rare name. One weak field alone scores 0.5 divided by the number that share it, which is
// never above Alert.
func (x *Index) Judge(dst []Finding, hits []Hit) ([]Finding, error) {
	if len(hits) == 0 {
		return dst, nil
	}
	n, err := x.table.Records()
	if err != nil {
		return dst, err
	}
	slices.SortFunc(hits, func(a, b Hit) int {
		return cmp.Or(compareRecords(&a.Record, &b.Record), byPlace(a, b))
	})
	first := len(dst)
	for i := 0; i < len(hits); {
		j := i + 1
		for j < len(hits) && hits[j].Record == hits[i].Record {
			j++
		}
		dst = append(dst, judge(hits[i:j], max(n, Crowd)))
		i = j
	}
	slices.SortFunc(dst[first:], func(a, b Finding) int {
		return cmp.Or(cmp.Compare(b.Score, a.Score), cmp.Compare(a.Start, b.Start), compareRecords(&a.Record, &b.Record))
	})
	return dst, nil
}

// judge scores the hits of one record.
func judge(hits []Hit, n int) Finding {
	f := Finding{Record: hits[0].Record}
	better := func(score float64, start, end int) {
		if score > f.Score {
			f.Score, f.Start, f.End = score, start, end
		}
	}
	for i, a := range hits {
		f.Fields |= 1 << a.Field
		if !a.Weak {
			better(1, a.Start, a.End)
			continue
		}
		better(0.5/float64(max(a.Shared, 1)), a.Start, a.End)
		tried := 0
		for _, b := range hits[i+1:] {
			if b.Start-a.Start > Window || tried == nearby {
				break
			}
			if b.Weak && b.Field != a.Field {
				tried++
				better(1/(1+float64(a.Shared)*float64(b.Shared)/float64(n)), a.Start, max(a.End, b.End))
			}
		}
	}
	return f
}
