// Package trail shows the audit trail to those whose work it is to look at it: the search
// over all entries, one entry with its proof, everything about one customer, and how the
// log itself stands.
//
// Reading the log is an act like any other: each verb of trust/audit that this room calls
// first commits an `audit.read` entry in the reader's name, so whoever looks into a
// customer's trail appears in it. The pages leave these entries out until they are asked
// for, and say so. Nothing shown here is personal: an entry holds ids, field names and
// decisions, which are shown in the reader's language (words.go). The sealed details beside
// the entries stay sealed; only their presence is shown.
//
// What leaves this room can be checked without trusting the operator: a .tlog-proof file
// for one entry, and the bundle that `amanah audit export` writes for all of them; both
// are read by cmd/amanah-verify and package proof.
//
// UU PDP art. 31 (record of processing), art. 32 (the customer's right to the trail of
// processing); PROCEDURE lines U3, A1 and I5.
package trail

import "github.com/amanah-id/amanah/internal/trust/actor"

// readers may look into the log. A supervisor is not among them: what agents do is seen
// on the live list and in reports, the log is for those who control.
var readers = []actor.Role{actor.DPO, actor.Security, actor.Auditor}
