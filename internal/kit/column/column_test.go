package column_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/amanah-id/amanah/internal/kit/column"
)

func TestAMomentComesBackAndNoneIsNone(t *testing.T) {
	at := time.Date(2026, 11, 30, 13, 22, 21, 123456000, time.FixedZone("WIB", 7*60*60))
	if got := column.Moment(column.Micros(at)); !got.Equal(at) || got.Location() != time.UTC {
		t.Errorf("%v came back as %v", at, got)
	}
	if got := column.Micros(time.Time{}); got != 0 {
		t.Errorf("no moment is kept as %d", got)
	}
	if got := column.Moment(0); !got.IsZero() {
		t.Errorf("no moment came back as %v", got)
	}
}

func TestAListIsAskedForByParametersAndAnEmptyOneFindsNothing(t *testing.T) {
	type state string
	condition, args := column.In("state", []state{"dead", "' or 1 = 1"}, []any{7})
	if condition != "state in ($2, $3)" || !cmp.Equal(args, []any{7, "dead", "' or 1 = 1"}) {
		t.Errorf("%s with %v", condition, args)
	}
	condition, args = column.In("state", []state(nil), []any{7})
	if condition != "1 = 0" || !cmp.Equal(args, []any{7}) {
		t.Errorf("an empty list: %s with %v", condition, args)
	}
}
