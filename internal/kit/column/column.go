// Package column writes what the columns of every room hold alike, and asks for it.
//
// A moment stands in a column as microseconds since 1970, UTC; none as 0, so that no column is null for it. A list of values
// to look for stands in a condition as parameters, one for each, as both engines take them.
//
// It promises: Moment gives back what Micros took, to the microsecond; no value ever stands in the text of a condition; a
// list that is empty finds nothing, never everything.
//
// It does not know tables, and runs no query.
package column

import (
	"strconv"
	"strings"
	"time"
)

// Micros is a moment as a column holds it.
func Micros(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMicro()
}

// Moment is what a column holds, as a moment.
func Moment(micros int64) time.Time {
	if micros == 0 {
		return time.Time{}
	}
	return time.UnixMicro(micros).UTC()
}

// In is the condition that a column holds one of these, and the query's arguments with theirs behind.
func In[S ~string](name string, these []S, args []any) (string, []any) {
	if len(these) == 0 {
		return "1 = 0", args
	}
	places := make([]string, len(these))
	for i, one := range these {
		args = append(args, string(one))
		places[i] = "$" + strconv.Itoa(len(args))
	}
	return name + " in (" + strings.Join(places, ", ") + ")", args
}
