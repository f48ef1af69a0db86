package dialect

import (
	"bytes"
	"slices"
	"strings"

	"github.com/msnscope/msnscope/decode"
)

// Arg is one argument of a command.
type Arg struct {
	// Name is the draft's, with # dropped and the first letter in upper case.
	Name string
	Kind Kind
	// Is is the word that must stand here for the row to apply; "" for an argument that is free.
	Is string
	// Prefix is what the word begins with, such as "N=" (MSNP10 and later); it is no part of the value.
	Prefix string
	// Pattern says how the value is written where that is not as the draft does.
	Pattern Pattern
	// Optional arguments may be absent; only the last ones are. A Many argument repeats to the end of the line.
	Optional, Many bool
	// Values are the words that the draft allows, nil for any.
	Values []string
}

// Pattern is how an argument is written.
type Pattern uint8

// The patterns. Later dialects packed more into one word; that is what tells them apart.
const (
	AsIs      Pattern = iota
	Mail              // a handle that is an address with an @: elsewhere the word may be another argument
	Contact           // a handle, or the 36 characters that the address book has for a contact (MSNP10 and later)
	Placed            // a handle, a semicolon and the place where the user is logged on in braces (MSNP16 and later)
	MayPlaced         // the same, or the handle alone
	Networked         // the number of a network, a colon and a handle (MSNP18 and later)
	Paired            // two numbers with a colon between (MSNP16 and later)
)

// Value returns the part of the word that is the argument's value: without the prefix, and, of a handle, without network and
// place. The result is a part of word.
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

// Place returns the place behind a handle, nil where none is.
func (a *Arg) Place(word []byte) []byte {
	if a.Pattern != Placed && a.Pattern != MayPlaced {
		return nil
	}
	_, place, _ := bytes.Cut(word, []byte{';'})
	return place
}

// Network returns the number of the network that stands before a handle, nil where none does.
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

// word returns the argument as [Row.Grammar] writes it.
func (a *Arg) word() string {
	switch {
	case a.Is != "":
		return a.Is
	case len(a.Values) > 0 && len(a.Values) <= 4:
		return "[" + strings.Join(a.Values, " | ") + "]"
	}
	switch a.Pattern {
	case Placed, MayPlaced:
		return a.Prefix + a.Name + ";Place"
	case Networked:
		return a.Prefix + "Network:" + a.Name
	case Paired:
		return a.Prefix + a.Name + ":More"
	}
	return a.Prefix + a.Name
}

// decides reports whether fits may say no.
func (a *Arg) decides() bool {
	return a.Is != "" || a.Prefix != "" || a.Pattern != AsIs || a.Kind == Self || a.Kind == Length
}

// fits reports whether the word can be this argument, as far as rows of one table need it to be told apart: the fixed word or
// beginning is there, a handle of the user has its domain (§5.4), a length is a number. nil is an argument that is absent.
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

// fits reports whether the word is written so.
func (p Pattern) fits(word []byte) bool {
	switch p {
	case Mail, MayPlaced:
		return bytes.IndexByte(word, '@') >= 0
	case Contact:
		return bytes.IndexByte(word, '@') >= 0 || len(word) == 36 && bytes.Count(word, []byte{'-'}) == 4
	case Placed:
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

// admits is stricter than fits: the word is what this dialect writes here and another one may not.
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

// admitsHandle reports whether a handle is written as the pattern says: a place, a network or N= elsewhere is of a later dialect.
func (a *Arg) admitsHandle(word []byte) bool {
	if len(word) > 1 && word[1] == '=' {
		return false
	}
	switch a.Pattern {
	case Placed:
		return Placed.fits(word)
	case Networked:
		return true
	case MayPlaced:
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

// wordsOf are the words of a message after its verb: whether the first one is a TrID is for a row to say.
type wordsOf struct{ m *decode.Message }

func (w wordsOf) word(i int) []byte {
	if w.m.HasTrID {
		if i == 0 {
			return w.m.TrIDText()
		}
		i--
	}
	return w.m.Arg(i)
}

func (w wordsOf) len() int {
	if w.m.HasTrID {
		return w.m.NumArgs() + 1
	}
	return w.m.NumArgs()
}
