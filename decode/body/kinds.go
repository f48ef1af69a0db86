package body

import (
	"encoding/base64"
	"mime"
	"strconv"
	"strings"
	"time"

	"github.com/msnscope/msnscope/decode"
)

// Kind is the type of a field's value.
type Kind uint8

// The kinds.
const (
	KindText        Kind = iota
	KindNumber           // decimal
	KindBool             // 1 or 0, TRUE or FALSE
	KindSize             // a number of bytes
	KindTime             // Unix seconds
	KindHandle           // a mail address that names a user
	KindAddress          // host, host:port, or several
	KindPort             // a TCP port
	KindSwappedPort      // a TCP port with its two bytes in the other order
	KindURL
	KindGUID
	KindLocale   // a Windows locale
	KindStyle    // font, effects and colour of a text
	KindSecret   // hidden unless somebody asks for it
	KindEscaped  // text in which %XX stands for a byte
	KindEncoded  // text in base64
	KindWords    // text that may contain encoded words (RFC 2047)
	KindMailData // XML that describes the contents of a mailbox
	KindObject   // XML that describes a picture
	KindReversed // text written backwards
	KindFlags    // a number whose bits have meanings
)

var kindNames = [...]string{
	"text", "number", "yes or no", "bytes", "time", "handle", "address", "port", "port, bytes swapped", "URL", "GUID",
	"locale", "style",
	"secret", "escaped text", "base64 text", "encoded text", "mailbox XML", "object XML", "text backwards", "flags",
}

// String returns the kind in words.
func (k Kind) String() string {
	if int(k) >= len(kindNames) {
		return "unknown"
	}
	return kindNames[k]
}

// note returns the meaning of a value of the field, "" if there is nothing to say.
func (f *FieldInfo) note(value string) string {
	switch f.Kind {
	case KindFlags:
		return f.flags(value)
	case KindObject:
		if n, err := strconv.Atoi(attribute(value, "Size")); err == nil && n >= 0 {
			return size(n)
		}
	}
	if len(value) > maxName { // longer than any value in the table
		return ""
	}
	return f.meaning(strings.TrimSpace(value))
}

// flags returns the names of the bits that are set in value, "" if it is not a number.
func (f *FieldInfo) flags(value string) string {
	set, err := strconv.ParseUint(value, 0, 32)
	if err != nil {
		return ""
	}
	var names []string
	for _, v := range f.Values {
		bit, err := strconv.ParseUint(v.Value, 0, 32)
		if err == nil && set&bit != 0 {
			names = append(names, v.Means)
			set &^= bit
		}
	}
	if set != 0 {
		names = append(names, "0x"+strconv.FormatUint(set, 16)+" unknown")
	}
	return strings.Join(names, ", ")
}

// parts returns the fields that can be derived from a value, nil if there are none.
func (k Kind) parts(value string) []item {
	full := value
	value = strings.TrimSpace(value[:cutAt(value, maxValue)])
	switch k {
	case KindTime:
		// The upper limit is the end of the year 9999.
		if n, err := strconv.ParseInt(value, 10, 64); err == nil && 0 < n && n < 253402300800 {
			return []item{{"time", time.Unix(n, 0).UTC().Format("2006-01-02 15:04:05 UTC"), "the same as a date"}}
		}
	case KindSwappedPort:
		if n, err := strconv.ParseUint(value, 10, 16); err == nil {
			return []item{{"port", strconv.FormatUint(n>>8|n<<8&0xff00, 10), "the port with its bytes in order"}}
		}
	case KindStyle:
		return styleParts(value)
	case KindMailData:
		return mailParts(full)
	case KindEscaped:
		return otherwise(value, "text", decode.Unescape(value))
	case KindEncoded:
		if text, err := base64.StdEncoding.DecodeString(value); err == nil {
			return otherwise(value, "text", string(text))
		}
	case KindWords:
		if text, err := new(mime.WordDecoder).DecodeHeader(value); err == nil {
			return otherwise(value, "text", text)
		}
	case KindReversed:
		return otherwise("", "forward", reversed(value))
	}
	return nil
}

// otherwise returns an item for the decoded form of a value, nil if that is equal to the value.
func otherwise(value, name, read string) []item {
	if read == value {
		return nil
	}
	return []item{{name, read, "the same, decoded"}}
}

func reversed(s string) string {
	b := []byte(s)
	for i, j := 0, len(b)-1; i < j; i, j = i+1, j-1 {
		b[i], b[j] = b[j], b[i]
	}
	return string(b)
}

// mailParts returns the counts in the XML of a mailbox: the elements IU and OU, and the number of
// offline messages, which are the elements M.
func mailParts(xml string) []item {
	if !strings.HasPrefix(xml, "<") { // not XML, such as "too-large"
		return nil
	}
	var parts []item
	for _, e := range []struct{ name, means string }{
		{"IU", "unread mails in the inbox"},
		{"OU", "unread mails in other folders"},
	} {
		_, rest, _ := strings.Cut(xml, "<"+e.name+">")
		if n, _, ok := strings.Cut(rest, "</"+e.name+">"); ok {
			parts = append(parts, item{e.name, n, e.means})
		}
	}
	return append(parts, item{"M", strconv.Itoa(strings.Count(xml, "<M>")), "offline messages"})
}

// attribute returns the value of the first attribute of that name in some XML, "" if there is none.
func attribute(xml, name string) string {
	_, rest, _ := strings.Cut(xml, " "+name+`="`)
	value, _, ok := strings.Cut(rest, `"`)
	if !ok {
		return ""
	}
	return value
}
