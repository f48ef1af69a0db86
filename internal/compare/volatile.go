package compare

import (
	"strings"

	"github.com/msnscope/msnscope/decode/dialect"
	"github.com/msnscope/msnscope/decode/referral"
)

// Volatile is a value that is new in every session, or that only the server's clock or history
// gives: of two of them only the form is compared.
type Volatile struct {
	// Kind is what the values are in command lines; 0 for a header, which then has ContentType and
	// Header.
	Kind                dialect.Kind
	ContentType, Header string
	// Name and Why are for people: what it is, and why it is never the same.
	Name, Why string

	form func(value string) string // what is compared; nil: that there is one
}

// volatile is the table of what is new in every session. [Options.Ignore] has more, by name.
var volatile = []Volatile{
	{Kind: dialect.Secret, Name: "challenges and the responses to them", Why: "the server draws a new one (§7.3)"},
	{Kind: dialect.Cookie, Name: "cookies", Why: "each admits once (§8.1)"},
	{Kind: dialect.Session, Name: "session numbers", Why: "each talk has its own (§8.3)"},
	{
		Kind: dialect.HostPort, Name: "addresses and ports", Why: "the server is another, or elsewhere",
		form: addressForm,
	},
	{
		Kind: dialect.Serial, Name: "serials", Why: "they count all changes that there ever were (§7.5)",
		form: numberForm,
	},
	{
		ContentType: "text/x-msmsgsprofile", Header: "LoginTime", Name: "the time of the logon",
		Why: "it is the server's clock",
	},
}

// VolatileFields returns the table. The slice is the caller's.
func VolatileFields() []Volatile { return append([]Volatile(nil), volatile...) }

// form returns the part of a value that is compared: only the form of a value that is new in every
// session, else the value itself.
func form(kind dialect.Kind, value string) string {
	for i := range volatile {
		if v := &volatile[i]; v.Kind == kind && v.Header == "" {
			if v.form == nil {
				return "any"
			}
			return v.form(value)
		}
	}
	return value
}

// volatileHeader reports whether a header of a body of the content type is in the table.
func volatileHeader(contentType, header string) bool {
	for i := range volatile {
		if v := &volatile[i]; v.ContentType == contentType && strings.EqualFold(v.Header, header) && header != "" {
			return true
		}
	}
	return false
}

// addressForm returns the form of an address, as far as it matters to clients: no address, one with
// a port, one without, which several clients cannot use (§7.4). Any other value is its own form.
func addressForm(value string) string {
	full, ok := referral.Normalize(value)
	switch {
	case !ok:
		return value
	case full == value:
		return "host:port"
	}
	return "host"
}

// numberForm returns one form for all numbers. Any other value is its own form.
func numberForm(value string) string {
	if value == "" || strings.Trim(value, "0123456789") != "" {
		return value
	}
	return "number"
}
