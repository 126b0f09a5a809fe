package tagger

// The labels: outside, and the first and the further tokens of a person, of a place and of something else that has a name. The
// third kind is no result; that the tagger knows it keeps companies and products out of the other two.
const (
	Outside     uint8 = 0
	FirstPerson uint8 = 1
	FirstPlace  uint8 = 3
	FirstOther  uint8 = 5
	Labels            = 7
)

// Begins says whether the label is outside or begins a name.
func Begins(y int) bool { return y == 0 || y&1 == 1 }

// Follows says whether label b may stand after label a.
func Follows(a, b int) bool { return Begins(b) || a == b || a == b-1 }
