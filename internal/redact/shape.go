package redact

import (
	"math/rand/v2"
	"net/netip"
	"regexp"
	"strings"
	"sync"
)

// unknown returns the stand-in of a word of unknown kind.
func (v *values) unknown(word string) string {
	if key := strings.ToLower(word); proper(word) && v.handles[key] != "" {
		return v.handles[key]
	}
	if strings.Contains(word, "://") {
		return v.link(word)
	}
	if a, err := netip.ParseAddrPort(word); err == nil {
		return v.endpoint(a.String())
	}
	if domainName().MatchString(word) {
		return v.host(word)
	}
	return v.shape(word)
}

// domainName matches the names of hosts: the last label has letters only.
var domainName = pattern(`^([A-Za-z0-9-]+\.)+[A-Za-z]{2,}$`)

// shape returns s with its letters and digits replaced by others, those of GUIDs and of long
// hexadecimal numbers by hexadecimal ones. All other characters stay, and so do the escapes of a
// text (§5.5), whose bytes change.
func (v *values) shape(s string) string {
	var out []byte
	for {
		at := hexNumber().FindStringIndex(s)
		if at == nil {
			break
		}
		out = append(append(out, v.plain(s[:at[0]])...), v.hex(s[at[0]:at[1]])...)
		s = s[at[1]:]
	}
	if out == nil {
		return v.plain(s)
	}
	return string(append(out, v.plain(s)...))
}

// hex returns the stand-in of a hexadecimal number or a GUID, which is the same in capitals and in
// lower case: programs write the same GUID in either.
func (v *values) hex(s string) string {
	digits := strings.TrimPrefix(s, "0x")
	stand := v.stand(strings.ToLower(digits), true)
	if strings.ContainsAny(digits, "ABCDEF") && !strings.ContainsAny(digits, "abcdef") {
		stand = strings.ToUpper(stand)
	}
	return s[:len(s)-len(digits)] + stand
}

// plain is shape for what has no hexadecimal numbers in it.
func (v *values) plain(s string) string {
	if strings.IndexFunc(s, func(r rune) bool {
		return r >= '0' && r <= '9' || r >= 'A' && r <= 'Z' || r >= 'a' && r <= 'z' || r > 0x7f
	}) < 0 {
		return s
	}
	return v.stand(s, false)
}

func (v *values) stand(s string, hex bool) string {
	if stand, ok := v.shapes[s]; ok {
		return stand
	}
	for try := uint64(0); ; try++ {
		stand := scramble(s, hex, rand.New(rand.NewPCG(uint64(len(v.shapes)), try)))
		// Short stand-ins run out when many are taken: from then on two values may share one.
		if short := len(s) < 4 && try > 100; short || stand != s && !v.taken[stand] {
			v.shapes[s], v.taken[stand] = stand, true
			return stand
		}
	}
}

func scramble(s string, hex bool, random *rand.Rand) string {
	hex = hex && strings.ContainsAny(s, "abcdef")
	out := []byte(s)
	for i := 0; i < len(out); i++ {
		c := out[i]
		switch {
		case c == '%' && i+2 < len(out) && isHex(out[i+1]) && isHex(out[i+2]):
			out[i+1], out[i+2] = '3', '0'+byte(random.IntN(10)) // a valid escape stays valid
			i += 2
		case hex && isHex(c):
			out[i] = "0123456789abcdef"[random.IntN(16)]
		case c >= '1' && c <= '9' && (i == 0 || !digit(out[i-1])):
			out[i] = '1' + byte(random.IntN(9)) // a number keeps its length
		case digit(c):
			out[i] = '0' + byte(random.IntN(10))
		case c >= 'A' && c <= 'Z':
			out[i] = 'A' + byte(random.IntN(26))
		case c >= 'a' && c <= 'z':
			out[i] = 'a' + byte(random.IntN(26))
		case c >= 0x80:
			out[i] = 'a' + byte(random.IntN(26))
		}
	}
	return string(out)
}

const hexForms = `[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}` +
	`|0x[0-9A-Fa-f]{5,}|[0-9a-f]{16,}|[0-9A-F]{16,}`

// hexNumber matches GUIDs, digests and other long hexadecimal numbers, hexWord a whole word that is
// one or several.
var (
	hexNumber = pattern(hexForms)
	hexWord   = pattern(`^[{]?(` + hexForms + `)(:(` + hexForms + `))*[}]?$`)
)

// pattern returns what compiles a regular expression when it is first needed: most runs of the
// program redact nothing.
func pattern(expr string) func() *regexp.Regexp {
	return sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(expr) })
}
