package redact

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"net/netip"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/decode/dialect"
)

// values are the stand-ins, by what they stand for.
type values struct {
	handles   map[string]string // in lower case
	names     map[string]string
	texts     map[string]string
	addresses map[string]string
	shapes    map[string]string
	taken     map[string]bool // shapes that stand for something
	v4, v6    int
	hosts     int
	settled   bool
}

func newValues() values {
	return values{
		handles: map[string]string{}, names: map[string]string{}, texts: map[string]string{}, addresses: map[string]string{},
		shapes: map[string]string{}, taken: map[string]bool{},
	}
}

// proper reports whether a handle is one by the protocol's rules (§5.4): 129 bytes of ASCII with a domain.
func proper(handle string) bool {
	user, domain, _ := strings.Cut(handle, "@")
	return user != "" && domain != "" && len(handle) <= 129 && !strings.ContainsAny(domain, "@%") &&
		strings.IndexFunc(handle, func(r rune) bool { return r <= ' ' || r >= 0x7f }) < 0
}

func (v *values) learn(handle string) {
	if proper(handle) {
		v.handles[strings.ToLower(handle)] = ""
	}
}

// settle numbers the handles, once. Who comes later gets the next numbers.
func (v *values) settle() {
	if v.settled {
		return
	}
	v.settled = true
	width := max(2, len(strconv.Itoa(len(v.handles))))
	for i, handle := range slices.Sorted(maps.Keys(v.handles)) {
		v.name(handle, fmt.Sprintf("user%0*d", width, i+1))
	}
}

func (v *values) name(handle, user string) {
	v.handles[handle] = user + "@example.com"
	local, _, _ := strings.Cut(handle, "@")
	if _, twice := v.names[local]; !twice {
		v.names[local] = user
	}
}

// system is who speaks for the server: no person.
const system = "Hotmail"

func (v *values) handle(s string) string {
	key := strings.ToLower(s)
	switch {
	case s == "" || s == system:
		return s
	case !proper(s):
		return v.shape(s)
	case v.handles[key] == "":
		v.name(key, fmt.Sprintf("user%02d", len(v.handles)+1))
	}
	return v.handles[key]
}

// longName is how long a name is, as it is written, whose length may be what matters: groups have at most 61 bytes, users 387.
const longName = 60

// friendly returns the stand-in of a friendly name as it is written on the wire.
func (v *values) friendly(word string) string {
	name := decode.Unescape(word)
	switch {
	case name == "" || name == system || v.shape(word) == word:
		return word // it names nobody: ~ is the group of those who are in none
	case len(word) > longName || strings.ContainsAny(word, "%") && name == word:
		return v.shape(word) // too long, or badly escaped: so it stays
	case v.handles[strings.ToLower(name)] != "":
		return v.handle(name)
	}
	return numbered(v.names, name, "name")
}

// text returns what stands for something that a person wrote. Blanks alone say nothing.
func (v *values) text(s string) string {
	if strings.TrimSpace(s) == "" {
		return s
	}
	return numbered(v.texts, s, "text ")
}

func numbered(all map[string]string, s, prefix string) string {
	if _, ok := all[s]; !ok {
		all[s] = prefix + itoa(len(all)+1)
	}
	return all[s]
}

// endpoint returns the stand-in of host:port, of a host alone, or of several of them: the port stays.
func (v *values) endpoint(s string) string {
	if ap, err := netip.ParseAddrPort(s); err == nil {
		return netip.AddrPortFrom(v.address(ap.Addr()), ap.Port()).String()
	}
	if a, err := netip.ParseAddr(s); err == nil {
		return v.address(a).String()
	}
	switch host, port, found := strings.Cut(s, ":"); {
	case s == "" || s == "0" || strings.Trim(s, "0123456789") == "":
		return s
	case strings.ContainsAny(s, " ,;"):
		return some.ReplaceAllStringFunc(s, v.endpoint)
	case found && number(port):
		return v.host(host) + ":" + port
	}
	return v.host(s)
}

// some finds the words of a list of addresses.
var some = regexp.MustCompile(`[^ ,;]+`)

func (v *values) address(a netip.Addr) netip.Addr {
	key := a.Unmap().WithZone("").String()
	if s, ok := v.addresses[key]; ok {
		return netip.MustParseAddr(s)
	}
	var stand netip.Addr
	if a.Unmap().Is4() {
		v.v4++
		stand = netip.AddrFrom4([4]byte{10, byte(v.v4 >> 16), byte(v.v4 >> 8), byte(v.v4)})
	} else {
		v.v6++
		stand = netip.AddrFrom16([16]byte{0x20, 0x01, 0x0d, 0xb8, 12: byte(v.v6 >> 24), 13: byte(v.v6 >> 16), 14: byte(v.v6 >> 8), 15: byte(v.v6)})
	}
	v.addresses[key] = stand.String()
	return stand
}

// host returns the stand-in of a host's name. Those of RFC 2606 are nobody's and stay.
func (v *values) host(name string) string {
	if a, err := netip.ParseAddr(strings.Trim(name, "[]")); err == nil {
		return v.address(a).String()
	}
	key := strings.ToLower(name)
	if last := key[strings.LastIndexByte(key, '.')+1:]; last == "invalid" || last == "test" {
		return name
	}
	if _, ok := v.addresses[key]; !ok {
		v.hosts++
		v.addresses[key] = "host" + itoa(v.hosts) + ".example"
	}
	return v.addresses[key]
}

// link returns the stand-in of a URL: scheme and host, and the rest as one word.
func (v *values) link(s string) string {
	scheme, rest, found := strings.Cut(s, "://")
	if !found || strings.ContainsAny(scheme, "@%. ") {
		return v.shape(s)
	}
	end := strings.IndexAny(rest, "/?#")
	if end < 0 {
		end = len(rest)
	}
	host, rest := rest[:end], strings.Trim(rest[end:], "/")
	if i := strings.LastIndexByte(host, '@'); i >= 0 {
		host, rest = host[i+1:], host[:i]+rest
	}
	if rest != "" {
		rest = strings.ReplaceAll(v.text(rest), " ", "")
	}
	return scheme + "://" + v.endpoint(host) + "/" + rest
}

// unknown returns the stand-in of a word of which nobody knows what it is.
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
	return v.shape(word)
}

// shape returns s with other letters and digits in place of its own: hexadecimal ones where s is a long number of that kind.
// What stands between them stays, and so do the escapes of a text (§5.5), whose bytes change.
func (v *values) shape(s string) string {
	if strings.IndexFunc(s, func(r rune) bool {
		return r >= '0' && r <= '9' || r >= 'A' && r <= 'Z' || r >= 'a' && r <= 'z' || r > 0x7f
	}) < 0 {
		return s
	}
	if stand, ok := v.shapes[s]; ok {
		return stand
	}
	for try := uint64(0); ; try++ {
		stand := scramble(s, rand.New(rand.NewPCG(uint64(len(v.shapes)), try)))
		// Few short words are left when many stand for something: then two may share one.
		if short := len(s) < 4 && try > 100; short || stand != s && !v.taken[stand] {
			v.shapes[s], v.taken[stand] = stand, true
			return stand
		}
	}
}

func scramble(s string, random *rand.Rand) string {
	hex := hexNumber.MatchString(s) && strings.ContainsAny(s, "abcdefABCDEF")
	out := []byte(s)
	for i := 0; i < len(out); i++ {
		c := out[i]
		switch {
		case c == '%' && i+2 < len(out) && isHex(out[i+1]) && isHex(out[i+2]):
			out[i+1], out[i+2] = '3', '0'+byte(random.IntN(10)) // an escape that is right stays right
			i += 2
		case c >= '1' && c <= '9' && (i == 0 || !digit(out[i-1])):
			out[i] = '1' + byte(random.IntN(9)) // a number keeps its length
		case digit(c) && !hex:
			out[i] = '0' + byte(random.IntN(10))
		case hex && c >= 'A' && c <= 'F':
			out[i] = "0123456789ABCDEF"[random.IntN(16)]
		case hex && (digit(c) || c >= 'a' && c <= 'f'):
			out[i] = "0123456789abcdef"[random.IntN(16)]
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

// hexNumber is what a digest looks like, and a GUID.
var hexNumber = regexp.MustCompile(`^\{?([0-9a-f-]{16,}|[0-9A-F-]{16,})\}?$`)

// words replaces in a sentence of this program what stands in it of a person: addresses and handles.
func (v *values) words(s string) string {
	return inText.ReplaceAllStringFunc(s, func(word string) string {
		if strings.Contains(word, "@") {
			return v.handle(word)
		}
		return v.endpoint(word)
	})
}

// inText finds handles, and addresses of both families with and without a port.
var inText = regexp.MustCompile(`[^\s"'<>:;,]+@[^\s"'<>:;,]+|\b\d+\.\d+\.\d+\.\d+(:\d+)?|\[[0-9a-fA-F:.%a-z]+\](:\d+)?|\b[0-9a-fA-F]*:[0-9a-fA-F:]*:[0-9a-fA-F.:]+`)

// software are the arguments of kind Text that say what a program or a page is, the same for all who use it.
var software = map[string]bool{
	"Os": true, "OsVersion": true, "Arch": true, "Library": true, "ClientVersion": true, "Client": true, "Recommended": true,
	"Recommended2": true, "Minimum": true, "Rru": true, "SiteID": true, "ClientID": true,
}

// clients is the domain of the names that programs, not people, answer challenges with: msmsgs@msnmsgr.com.
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
	case dialect.Cookie, dialect.Session, dialect.Secret, dialect.Object:
		return v.shape(value)
	case dialect.Text:
		return v.argText(a, value)
	case dialect.Number, dialect.Serial, dialect.Length, dialect.Flags:
		if number(value) {
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
	case strings.Contains(value, "://"):
		return v.link(value)
	case pair && a.Name == "Field":
		return key + "=" + v.shape(rest)
	}
	return v.unknown(value)
}

// token keeps a word of a small set, but not what somebody put in its place. Where the set is known, a word beyond it is one of
// a later dialect if it looks like the others: AWY, PHW.
func (v *values) token(a *dialect.Arg, value string) string {
	strange := (a.Is != "" || len(a.Values) > 0) && (len(value) > 4 || strings.Trim(value, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") != "")
	if strange || len(value) > 16 || strings.ContainsAny(value, "@:%") {
		return v.unknown(value)
	}
	return value
}

func isHex(c byte) bool { return digit(c) || c|0x20 >= 'a' && c|0x20 <= 'f' }

func digit(c byte) bool { return c >= '0' && c <= '9' }

func number(s string) bool { return s != "" && len(s) <= 10 && strings.Trim(s, "0123456789") == "" }

func itoa(n int) string { return strconv.Itoa(n) }
