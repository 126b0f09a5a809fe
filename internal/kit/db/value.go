package db

import (
	"database/sql/driver"
	"errors"
	"fmt"
	"reflect"

	"github.com/jackc/pgx/v5/pgconn"
	sqlite3 "modernc.org/sqlite/lib"
)

// toValue turns an argument into one of the types that SQLite stores.
func toValue(a any) (driver.Value, error) {
	switch v := a.(type) {
	case nil:
		return nil, nil
	case int64, float64, string:
		return v, nil
	case []byte:
		if v == nil {
			return nil, nil
		}
		return v, nil
	case int:
		return int64(v), nil
	case driver.Valuer:
		return v.Value()
	}
	rv := reflect.ValueOf(a)
	switch rv.Kind() {
	case reflect.Pointer:
		if rv.IsNil() {
			return nil, nil
		}
		return toValue(rv.Elem().Interface())
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return rv.Int(), nil
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		u := rv.Uint()
		if u > 1<<63-1 {
			return nil, errors.New("unsigned number past 63 bits")
		}
		return int64(u), nil
	case reflect.String:
		return rv.String(), nil
	case reflect.Bool:
		if rv.Bool() {
			return int64(1), nil
		}
		return int64(0), nil
	case reflect.Slice:
		if rv.Type().Elem().Kind() == reflect.Uint8 {
			if rv.IsNil() {
				return nil, nil
			}
			return rv.Bytes(), nil
		}
	}
	return nil, fmt.Errorf("type %T is not storable", a)
}

// scan copies the columns of a SQLite row into dest. Byte slices are the driver's fresh
// copies, so they are handed on.
func scan(values []driver.Value, dest []any) error {
	if len(values) != len(dest) {
		return fmt.Errorf("db: %d columns for %d destinations", len(values), len(dest))
	}
	for i, d := range dest {
		if err := assign(values[i], d); err != nil {
			return fmt.Errorf("db: column %d: %w", i+1, err)
		}
	}
	return nil
}

func assign(v driver.Value, d any) error {
	switch d := d.(type) {
	case *any:
		*d = v
		return nil
	case *int64:
		if n, ok := v.(int64); ok {
			*d = n
			return nil
		}
	case *string:
		switch s := v.(type) {
		case string:
			*d = s
			return nil
		case int64: // pragmas
			*d = fmt.Sprint(s)
			return nil
		}
	case *[]byte:
		switch b := v.(type) {
		case nil:
			*d = nil
			return nil
		case []byte:
			*d = b
			return nil
		}
	case *float64:
		switch f := v.(type) {
		case float64:
			*d = f
			return nil
		case int64:
			*d = float64(f)
			return nil
		}
	default:
		rv := reflect.ValueOf(d)
		if rv.Kind() != reflect.Pointer || rv.IsNil() {
			return fmt.Errorf("destination %T is no pointer", d)
		}
		return assignKind(v, rv.Elem())
	}
	return fmt.Errorf("%T does not fit %T", v, d)
}

// assignKind serves named types and pointers that may become nil.
func assignKind(v driver.Value, to reflect.Value) error {
	if to.Kind() == reflect.Pointer {
		if v == nil {
			to.SetZero()
			return nil
		}
		p := reflect.New(to.Type().Elem())
		if err := assign(v, p.Interface()); err != nil {
			return err
		}
		to.Set(p)
		return nil
	}
	switch to.Kind() {
	case reflect.String:
		if s, ok := v.(string); ok {
			to.SetString(s)
			return nil
		}
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		if n, ok := v.(int64); ok && !to.OverflowInt(n) {
			to.SetInt(n)
			return nil
		}
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		if n, ok := v.(int64); ok && n >= 0 && !to.OverflowUint(uint64(n)) {
			to.SetUint(uint64(n))
			return nil
		}
	case reflect.Bool:
		if n, ok := v.(int64); ok && (n == 0 || n == 1) {
			to.SetBool(n == 1)
			return nil
		}
	case reflect.Slice:
		if b, ok := v.([]byte); ok && to.Type().Elem().Kind() == reflect.Uint8 {
			to.SetBytes(b)
			return nil
		}
	}
	return fmt.Errorf("%T does not fit %s", v, to.Type())
}

func pgCode(err error) string {
	var e *pgconn.PgError
	if errors.As(err, &e) {
		return e.Code
	}
	return ""
}

// IsUnique reports whether err says that a unique constraint was hit.
func IsUnique(err error) bool { return sqliteUnique(err) || pgCode(err) == "23505" }

// isSerialization: the engine asks for the transaction to be run again.
func isSerialization(err error) bool {
	switch pgCode(err) {
	case "40001", "40P01":
		return true
	}
	return sqliteCode(err)&0xff == sqlite3.SQLITE_BUSY
}

func isFull(err error) bool {
	lite, code := sqliteCode(err)&0xff, pgCode(err)
	return lite == sqlite3.SQLITE_FULL || lite == sqlite3.SQLITE_IOERR || len(code) == 5 && code[:2] == "53"
}

func isGone(err error) bool {
	var ce *pgconn.ConnectError
	code := pgCode(err)
	return errors.As(err, &ce) || len(code) == 5 && (code[:2] == "57" || code[:2] == "08") || errors.Is(err, errLost)
}
