package letter

import (
	"bufio"
	"strings"
	"testing"
)

// However many multiparts are around a line, and however long their boundaries, what it is compared with is not copied.
func TestALineCostsNoMoreUnderManyLongBoundaries(t *testing.T) {
	line := "--" + strings.Repeat("b", 60)
	steps := func(levels, length int) float64 {
		l := New(bufio.NewReader(strings.NewReader("")))
		for range levels {
			l.Bounds = append(l.Bounds, strings.Repeat("b", length))
		}
		return testing.AllocsPerRun(20, func() {
			if l.boundary([]byte(line)) {
				t.Fatal("it is no boundary")
			}
		})
	}
	for _, length := range []int{70, 1000, 100_000} {
		if one, many := steps(1, length), steps(29, length); many > one {
			t.Errorf("boundaries of %d letters: %v allocations under one multipart, %v under 29", length, one, many)
		}
	}
}
