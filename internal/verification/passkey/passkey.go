// Package passkey keeps the passkeys that customers register for a company on their own page, and checks them.
//
// A passkey (WebAuthn Level 3) is the strongest thing that a customer can show: it cannot be read out, forwarded or typed into
// a false page, and it needs no telephone number. It is registered by somebody who has been verified strongly a moment ago,
// in the browser in which they were, and counts like any registered contact: by its age. Whoever stole one call
// therefore gains nothing for days, and the customer is told on the old contact.
//
// What is stored: the public key and its counter, sealed; the credential's id as a keyed hash, so that one passkey belongs to
// one customer; a random user handle that says nothing about anybody; the moment of registration. The page offers passkeys
// with one small script; without the script, or without a passkey, the page is what it always was.
//
// It refuses: a challenge used twice, late, or of another page; an answer for another origin; a counter that ran backwards; a
// passkey that was revoked, that is another customer's, or that was not unlocked by its owner (user verification). It decides nothing about levels: the rules of
// package method do, from the age that is given back here.
//
// Limit: the rows are sealed under the deployment's key, not the customer's, because they must be read before anybody is
// verified; an erasure deletes them (EraseTx). Serves UU PDP articles 35 and 39.
package passkey

import "time"

// Lasts is how long a challenge may be answered, and Most how many passkeys a customer may have.
const (
	Lasts = 5 * time.Minute
	Most  = 5
)
