package catalog

import (
	"fmt"
	"io"
	"log/slog"
)

// Sealed is what every type that holds something secret prints as.
const Sealed = "[sealed]"

// Value is an opened value on its way from the keyring to a screen. However it is
// printed, logged or put into JSON, it reads [sealed]; only Text gives the value, so that
// the places where one leaves the process can be found by looking for that word.
type Value struct{ text string }

// NewValue wraps an opened value.
func NewValue(text string) Value { return Value{text} }

// Text returns the value. Call it where the value is handed to the person who may see
// it, and nowhere else.
func (v Value) Text() string { return v.text }

// String returns [sealed].
func (v Value) String() string { return Sealed }

// GoString returns [sealed].
func (v Value) GoString() string { return Sealed }

// Format writes [sealed] whatever the verb.
func (v Value) Format(s fmt.State, _ rune) { _, _ = io.WriteString(s, Sealed) }

// LogValue returns [sealed].
func (v Value) LogValue() slog.Value { return slog.StringValue(Sealed) }

// MarshalText returns [sealed].
func (v Value) MarshalText() ([]byte, error) { return []byte(Sealed), nil }
