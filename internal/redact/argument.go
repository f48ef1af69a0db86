package redact

import (
	"strconv"
	"strings"

	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/decode/dialect"
)

// software lists the arguments of kind Text that name a program or a page: their values are the
// same for all users.
var software = map[string]bool{
	"Os": true, "OsVersion": true, "Arch": true, "Library": true, "ClientVersion": true, "Client": true,
	"Recommended": true, "Recommended2": true, "Minimum": true, "Rru": true, "SiteID": true, "ClientID": true,
}

// clients is the domain of the names with which programs, not people, answer challenges, such as
// msmsgs@msnmsgr.com.
const clients = "@msnmsgr.com"

// argument returns the stand-in of an argument's value.
func (v *values) argument(a *dialect.Arg, value string) string {
	switch a.Kind {
	case dialect.Self, dialect.Handle:
		return v.handle(value)
	case dialect.Name:
		return v.friendly(value)
	case dialect.HostPort:
		return v.endpoint(value)
	case dialect.Cookie, dialect.Session:
		return v.shape(value)
	case dialect.Secret:
		return v.secret(value)
	case dialect.Object:
		return v.object(value)
	case dialect.Text:
		return v.argText(a, value)
	case dialect.Number, dialect.Serial, dialect.Length, dialect.Flags:
		if first, second, _ := strings.Cut(value, ":"); number(first) && (second == "" || number(second)) {
			return value
		}
		return v.unknown(value)
	}
	return v.token(a, value)
}

func (v *values) argText(a *dialect.Arg, value string) string {
	switch key, rest, pair := strings.Cut(value, "="); {
	case software[a.Name] && !strings.ContainsAny(strings.TrimSuffix(value, clients), "@?=%:"):
		return value
	case len(value) == 1:
		return value // Y or N
	case strings.Contains(value, "://"):
		return v.link(value)
	case pair && a.Name == "Field":
		return key + "=" + v.shape(rest)
	}
	return v.unknown(value)
}

// token returns a word of a small set unchanged, and a stand-in for any other value. If the set is
// known, a word that is not in it counts as one of a later dialect if it looks like the others:
// AWY, PHW.
func (v *values) token(a *dialect.Arg, value string) string {
	strange := (a.Is != "" || len(a.Values) > 0) &&
		(len(value) > 4 || strings.Trim(value, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") != "")
	if strange || len(value) > 16 || strings.ContainsAny(value, "@:%") {
		return v.unknown(value)
	}
	return value
}

func isHex(c byte) bool { return digit(c) || c|0x20 >= 'a' && c|0x20 <= 'f' }

func digit(c byte) bool { return c >= '0' && c <= '9' }

func number(s string) bool { return s != "" && len(s) <= 10 && strings.Trim(s, "0123456789") == "" }

func itoa(n int) string { return strconv.Itoa(n) }

// secret returns the stand-in of a ticket or of another proof: the names of its parts stay, as in
// t=…&p=… or lc=1033,id=507.
func (v *values) secret(value string) string {
	return secretPart().ReplaceAllStringFunc(value, func(part string) string {
		name := ""
		if at := secretPart().FindStringSubmatchIndex(part); at[3] > 0 {
			name = part[:at[3]+1]
		}
		return name + v.shape(part[len(name):])
	})
}

// secretPart matches a part of a secret with its name, or without one.
var secretPart = pattern(`(t|p|ct|rver|wp|lc|id|ru|tw|kpp|kv|ver|rn|tpf|ticket)=[^&,]*|[^&,]+`)

// object returns the stand-in of the description of a picture, which is XML with %XX in place of
// its special characters; 0 is none.
func (v *values) object(value string) string {
	stand, ok := v.markup(decode.Unescape(value))
	switch {
	case value == "0":
		return value
	case !ok:
		return v.shape(value)
	}
	var out []byte
	for i := range len(stand) {
		c := stand[i]
		letter := c|0x20 >= 'a' && c|0x20 <= 'z'
		if letter || digit(c) || c != '%' && strings.IndexByte(value, c) >= 0 {
			out = append(out, c)
			continue
		}
		out = append(out, '%', "0123456789ABCDEF"[c>>4], "0123456789ABCDEF"[c&15])
	}
	return string(out)
}
