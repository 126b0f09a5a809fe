package pii

import "bytes"

// identifying kinds have one value for one person; a second value is somebody else's.
const identifying = 1<<NIK | 1<<TaxNumber | 1<<Passport | 1<<DrivingLicence | 1<<HealthInsurance | 1<<WorkInsurance | 1<<BirthDate | 1<<MotherName

// Persons appends to dst, for each finding of one scan of the text, whose it seems to be: 0 for the first person, 1 for the next.
// A second value of what one person has once begins another person, with what stands on its line; lines with the same kinds in the
// same order are rows of a table, one person each. It counts people for a rule like "more than ten", and proves nothing.
func Persons(dst []int, text []byte, findings []Finding) []int {
	person, first := 0, len(dst)
	begin := 0 // where the current person begins
	for from := 0; from < len(findings); {
		to := from + 1
		for to < len(findings) && bytes.IndexByte(text[findings[to-1].End:findings[to].Start], '\n') < 0 {
			to++
		}
		row := findings[from:to]
		if from > begin && len(row) > 1 && sameKinds(findings, from, row) {
			person, begin = person+1, from
		}
		for i := from; i < to; i++ {
			if other(text, findings[begin:i], findings[i]) {
				person++
				if begin < from { // what stands before it on the line is the new person's too
					for k := from; k < i; k++ {
						dst[first+k] = person
					}
					begin = from
				} else {
					begin = i
				}
			}
			dst = append(dst, person)
		}
		from = to
	}
	return dst
}

// sameKinds reports whether the findings before from, as many as the row has, are of its kinds.
func sameKinds(findings []Finding, from int, row []Finding) bool {
	if from < len(row) {
		return false
	}
	for i, f := range row {
		if findings[from-len(row)+i].Type != f.Type {
			return false
		}
	}
	return true
}

// other reports whether the person has another value of this identifying kind already.
func other(text []byte, person []Finding, f Finding) bool {
	if identifying>>f.Type&1 == 0 {
		return false
	}
	for _, p := range person {
		if p.Type == f.Type && !bytes.Equal(text[p.Start:p.End], text[f.Start:f.End]) {
			return true
		}
	}
	return false
}
