// Package pii finds personal data in Indonesian and English text: chat, notes, mail, transcripts, tables.
//
// A Scanner goes over the bytes once. It notes numbers, the thousand-odd words that matter, and signs like '@'; then it
// reads those notes: numbers are put together from their pieces (digits in groups, spoken digits in both languages, one
// digit a line), every piece of a number is asked what it can be (check digits, calendars, code tables), and the words on
// both sides, in the same turn, in the question before it, or at the head of its column, say what it is. Prices, orders,
// parcels and versions are turned away by the words that announce them. Where findings overlap, the stronger evidence wins.
//
// Text that hides (Unicode digits, look-alikes, zero-width signs, escapes, base64) is scanned in a normalised copy with a
// map back, which is made only when something in the text asks for it. Findings always point into the original bytes.
//
// What it promises: no allocation for a message once the scanner has warmed up; time linear in the length whatever the
// text; the same findings however a stream is cut into pieces. What it saw stays in the scanner's working memory until later
// texts write over it, and nowhere else. What it refuses: free regular expressions, guessing at names (package names of this
// folder does names and places), and calling a number valid because a model likes it. Numbers that have no check rule are
// reported only beside words that say what they are.
//
// Rules and their sources are in internal/check, words in internal/word, codes in internal/region, licences in NOTICE.
// The vectors in testdata/vectors.json let other languages check themselves against this package.
package pii

// Type is the kind of a finding.
type Type uint8

// The kinds. FamilyCard has the shape of NIK: without a word beside it such a number is reported as NIK.
const (
	NIK Type = iota + 1
	FamilyCard
	TaxNumber
	TaxPlace
	Card
	Phone
	Account
	HealthInsurance
	WorkInsurance
	Passport
	DrivingLicence
	Plate
	BirthDate
	MotherName
	PIN
	OTP
	CVV
	Password
	Email
	Address
	IBAN
	IP
	MAC
	CredentialURL
	IMEI
	Wallet
	APIKey
	PrivateKey
	Custom // of a rule pack; Finding.Rule names it
	types
)

var typeNames = [types]string{ //nolint:gosec // names of kinds
	NIK: "nik", FamilyCard: "family_card", TaxNumber: "tax_number", TaxPlace: "tax_place", Card: "card", Phone: "phone", Account: "bank_account",
	HealthInsurance: "health_insurance", WorkInsurance: "work_insurance", Passport: "passport", DrivingLicence: "driving_licence", Plate: "plate",
	BirthDate: "birth_date", MotherName: "mother_name", PIN: "pin", OTP: "otp", CVV: "cvv", Password: "password", Email: "email", Address: "address",
	IBAN: "iban", IP: "ip", MAC: "mac", CredentialURL: "credential_url", IMEI: "imei", Wallet: "wallet", APIKey: "api_key", PrivateKey: "private_key", Custom: "custom",
}

// String is the word of the kind in JSON and policies.
func (t Type) String() string {
	if t >= types {
		return ""
	}
	return typeNames[t]
}

// ParseType reads what String wrote.
func ParseType(s string) (Type, bool) {
	for t := NIK; t < types; t++ {
		if typeNames[t] == s {
			return t, true
		}
	}
	return 0, false
}

// NeverStore reports whether a value of this kind must not be kept at all, not even for the one who gave it.
func (t Type) NeverStore() bool {
	switch t {
	case PIN, OTP, CVV, Password, PrivateKey:
		return true
	default:
		return false
	}
}

// Finding is one piece of personal data in the text that was scanned.
type Finding struct {
	Type       Type
	Start, End int     // bytes of the text as it was given
	Confidence float32 // 0 to 1
	Rule       string  // of Custom: the rule's name
	why        why
}

// Options choose what a scanner looks for.
type Options struct {
	Types []Type  // nil: all
	Least float32 // findings below this confidence are dropped; 0 means 0.5
	Packs []Pack  // rules of one's own
}
