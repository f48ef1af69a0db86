package dialect

import (
	"bytes"
	"slices"
	"strings"

	"github.com/msnscope/msnscope/decode"
)

// Arg describes one argument of a command.
type Arg struct {
	// Name is the argument's name in the draft, without # and with a capital first letter.
	Name string
	Kind Kind
	// Is is the word that must stand here for the row to apply, "" if any word may.
	Is string
	// Prefix is how the word begins, such as "N=" (MSNP10 and later). It is not part of the value.
	Prefix string
	// Pattern is how the value is written, if not as in the draft.
	Pattern Pattern
	// Optional arguments may be absent; they stand after all others. A Many argument repeats up to
	// the end of the line.
	Optional, Many bool
	// Values lists the words that the draft allows, nil if it allows any.
	Values []string
}

// Pattern is the way in which an argument is written.
type Pattern uint8

// The patterns. Later dialects packed more into one word, by which their commands are told apart.
const (
	// AsIs is a word that is the value and nothing else.
	AsIs Pattern = iota
	// Mail is a handle with an @; a word without one may be another argument.
	Mail
	// Contact is a handle, or the 36 characters that identify a contact in the address book (MSNP10
	// and later).
	Contact
	// AtEndpoint is a handle, a semicolon and, in braces, an endpoint: the client from which the
	// user is logged on (MSNP16 and later).
	AtEndpoint
	// MaybeAtEndpoint is a handle with or without an endpoint.
	MaybeAtEndpoint
	// Networked is the number of a network, a colon and a handle (MSNP18 and later).
	Networked
	// Paired is two numbers with a colon between them (MSNP16 and later).
	Paired
)

// Value returns the part of the word that is the argument's value: without the prefix and, for a
// handle, without network and endpoint. The result is part of word.
func (a *Arg) Value(word []byte) []byte {
	word = bytes.TrimPrefix(word, []byte(a.Prefix))
	if a.Pattern == Networked {
		_, word = cutNetwork(word)
	}
	if a.Kind == Handle || a.Kind == Self {
		if i := bytes.IndexByte(word, ';'); i >= 0 && a.Pattern != AsIs {
			word = word[:i]
		}
	}
	return word
}

// Endpoint returns the endpoint that follows a handle: the braces with the name of the client from
// which the user is logged on. It returns nil if there is none. The result is part of word.
func (a *Arg) Endpoint(word []byte) []byte {
	if a.Pattern != AtEndpoint && a.Pattern != MaybeAtEndpoint {
		return nil
	}
	_, endpoint, _ := bytes.Cut(word, []byte{';'})
	return endpoint
}

// Network returns the number of the network that precedes a handle, nil if there is none. The
// result is part of word.
func (a *Arg) Network(word []byte) []byte {
	if a.Pattern != Networked {
		return nil
	}
	number, _ := cutNetwork(word)
	return number
}

func cutNetwork(word []byte) (number, handle []byte) {
	if number, handle, ok := bytes.Cut(word, []byte{':'}); ok && digits(number) {
		return number, handle
	}
	return nil, word
}

// word returns the notation of the argument in [Row.Grammar].
func (a *Arg) word() string {
	switch {
	case a.Is != "":
		return a.Is
	case len(a.Values) > 0 && len(a.Values) <= 4:
		return "[" + strings.Join(a.Values, " | ") + "]"
	}
	switch a.Pattern {
	case AtEndpoint, MaybeAtEndpoint:
		return a.Prefix + a.Name + ";Place"
	case Networked:
		return a.Prefix + "Network:" + a.Name
	case Paired:
		return a.Prefix + a.Name + ":More"
	}
	return a.Prefix + a.Name
}

// decides reports whether fits can return false.
func (a *Arg) decides() bool {
	return a.Is != "" || a.Prefix != "" || a.Pattern != AsIs || a.Kind == Self || a.Kind == Length
}

// fits reports whether the word can be this argument. It checks only what distinguishes the rows of
// a table: the fixed word or prefix, the domain of the user's own handle (§5.4), the digits of a
// length. A nil word stands for an absent argument.
func (a *Arg) fits(word []byte) bool {
	if word == nil {
		return a.Is == "" && (a.Prefix == "" || a.Optional)
	}
	switch {
	case a.Is != "":
		return string(word) == a.Is
	case !bytes.HasPrefix(word, []byte(a.Prefix)):
		return false
	case a.Kind == Self:
		return bytes.IndexByte(word, '@') >= 0
	case a.Kind == Length:
		return digits(word)
	}
	return a.Pattern == AsIs || a.Pattern.fits(word)
}

// fits reports whether the word is written in the pattern.
func (p Pattern) fits(word []byte) bool {
	switch p {
	case Mail, MaybeAtEndpoint:
		return bytes.IndexByte(word, '@') >= 0
	case Contact:
		return bytes.IndexByte(word, '@') >= 0 || len(word) == 36 && bytes.Count(word, []byte{'-'}) == 4
	case AtEndpoint:
		return bytes.IndexByte(word, '@') >= 0 && bytes.Contains(word, []byte(";{"))
	case Networked:
		number, _, ok := bytes.Cut(word, []byte{':'})
		return ok && digits(number)
	case Paired:
		first, second, ok := bytes.Cut(word, []byte{':'})
		return ok && digits(first) && digits(second)
	}
	return true
}

// admits reports whether the word is a valid value for this argument in this dialect. It is
// stricter than fits, in order to exclude words that only another dialect allows.
func (a *Arg) admits(word []byte) bool {
	if !a.fits(word) || len(a.Values) > 0 && !slices.Contains(a.Values, string(word)) {
		return false
	}
	switch a.Kind {
	case Number, Serial, Length:
		return digits(word)
	case Flags:
		return a.Pattern == Paired || digits(word)
	case Object:
		return string(word) == "0" || word[0] == '%' || word[0] == '<'
	case Self, Handle:
		return a.admitsHandle(bytes.TrimPrefix(word, []byte(a.Prefix)))
	}
	return true
}

// admitsHandle reports whether a handle is written as the pattern requires. An endpoint, a network
// or N= where the pattern has none belongs to a later dialect.
func (a *Arg) admitsHandle(word []byte) bool {
	if len(word) > 1 && word[1] == '=' {
		return false
	}
	switch a.Pattern {
	case AtEndpoint:
		return AtEndpoint.fits(word)
	case Networked:
		return true
	case MaybeAtEndpoint:
		return !Networked.fits(word)
	}
	return !Networked.fits(word) && !bytes.Contains(word, []byte(";{"))
}

func digits(word []byte) bool {
	for _, c := range word {
		if c < '0' || c > '9' {
			return false
		}
	}
	return len(word) > 0
}

// wordsOf gives access to the words of a message after its verb, including one that may or may not
// be a TrID: that depends on the row.
type wordsOf struct{ m *decode.Message }

func (w wordsOf) word(i int) []byte {
	if trid := w.m.TrIDText(); trid != nil {
		if i == 0 {
			return trid
		}
		i--
	}
	return w.m.Arg(i)
}

func (w wordsOf) len() int {
	if w.m.TrIDText() != nil {
		return w.m.NumArgs() + 1
	}
	return w.m.NumArgs()
}
