package keyring

import "github.com/amanah-id/amanah/internal/kit/errs"

// The kinds that the keyring's errors have, under short names.
const (
	invalid     = errs.Invalid
	denied      = errs.Denied
	notFound    = errs.NotFound
	conflict    = errs.Conflict
	unavailable = errs.Unavailable
	internal    = errs.Internal
	unknown     = errs.Unauthenticated
)

// must is for calls whose only errors would be a wrong constant of ours.
func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// fail makes an error with the code keyring.reason. Causes come from our own code, the
// operating system or the database and never quote a key or a value.
func fail(kind errs.Kind, reason string, cause error) *errs.E {
	return errs.Wrap(kind, "keyring."+reason, cause)
}
