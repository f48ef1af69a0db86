package redact

import (
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/msnscope/msnscope/decode"
)

// values holds the stand-ins, by the values that they replace.
type values struct {
	handles   map[string]string // in lower case
	names     map[string]string
	texts     map[string]string
	addresses map[string]string
	shapes    map[string]string
	taken     map[string]bool // stand-ins by shape that are in use
	v4, v6    int
	hosts     int
	settled   bool
}

func newValues() values {
	return values{
		handles: map[string]string{}, names: map[string]string{}, texts: map[string]string{},
		addresses: map[string]string{}, shapes: map[string]string{}, taken: map[string]bool{},
	}
}

// proper reports whether a handle obeys the protocol's rules (§5.4): at most 129 bytes of ASCII
// with a domain.
func proper(handle string) bool {
	user, domain, _ := strings.Cut(handle, "@")
	return user != "" && domain != "" && len(handle) <= 129 && !strings.ContainsAny(domain, "@%") &&
		strings.IndexFunc(handle, func(r rune) bool { return r <= ' ' || r >= 0x7f }) < 0
}

func (v *values) learn(handle string) {
	handle, _, _ = strings.Cut(handle, ";{")
	if proper(handle) {
		v.handles[strings.ToLower(handle)] = ""
	}
}

// settle numbers the handles, once. Handles that come later get the next numbers.
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
	v.handles[handle] = user + "@" + domain
	local, _, _ := strings.Cut(handle, "@")
	if _, twice := v.names[local]; !twice {
		v.names[local] = user
	}
}

// domain is that of all invented handles.
const domain = "example.com"

// system is the handle and the name under which servers send messages of their own. It belongs to
// nobody and is kept.
const system = "Hotmail"

// handle returns the stand-in of a handle, behind which the name of an endpoint may stand.
func (v *values) handle(s string) string {
	key := strings.ToLower(s)
	before, endpoint, found := strings.Cut(s, ";{")
	switch {
	case found:
		return v.handle(before) + v.shape(";{"+endpoint)
	case s == "" || s == system:
		return s
	case !proper(s):
		return v.shape(s)
	case v.handles[key] == "":
		v.name(key, fmt.Sprintf("user%02d", len(v.handles)+1))
	}
	return v.handles[key]
}

// longName is the length in bytes, as written on the wire, from which the length of a name may
// matter: names of groups may have at most 61 bytes, those of users 387.
const longName = 60

// friendly returns the stand-in of a friendly name as it is written on the wire.
func (v *values) friendly(word string) string {
	name := decode.Unescape(word)
	stand, known := v.names[name]
	switch {
	case name == "" || name == system || v.shape(word) == word:
		return word // no name: ~ is the group of contacts without a group
	case known:
		return stand // in whatever way it is escaped
	case len(word) > longName || strings.ContainsAny(word, "%") && name == word:
		v.names[name] = v.shape(word) // too long or badly escaped, which must stay so
		return v.names[name]
	case v.handles[strings.ToLower(name)] != "":
		return v.handle(name)
	}
	return numbered(v.names, name, "name")
}

// text returns the stand-in of a text that a person wrote. A text of blanks alone stays.
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

// endpoint returns the stand-in of host:port, of a host alone, or of a list of them. Ports stay.
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
		return some().ReplaceAllStringFunc(s, v.endpoint)
	case found && number(port):
		return v.host(host) + ":" + port
	}
	return v.host(s)
}

// some matches each word of a list of addresses.
var some = pattern(`[^ ,;]+`)

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
		stand = netip.AddrFrom16([16]byte{
			0x20, 0x01, 0x0d, 0xb8, 12: byte(v.v6 >> 24), 13: byte(v.v6 >> 16),
			14: byte(v.v6 >> 8), 15: byte(v.v6),
		})
	}
	v.addresses[key] = stand.String()
	return stand
}

// host returns the stand-in of a host name. The names that RFC 2606 reserves stay.
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

// link returns the stand-in of a URL: the scheme stays, the host gets a stand-in, and the rest
// becomes one word.
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

// words replaces the addresses and handles in a sentence that this program wrote.
func (v *values) words(s string) string {
	return inText().ReplaceAllStringFunc(s, func(word string) string {
		if strings.Contains(word, "@") {
			return v.handle(word)
		}
		return v.endpoint(word)
	})
}

// inText matches handles, and addresses of both families with and without a port.
var inText = pattern(`[^\s"'<>:;,]+@[^\s"'<>:;,]+` +
	`|\b\d+\.\d+\.\d+\.\d+(:\d+)?` +
	`|\[[0-9a-fA-F:.%a-z]+\](:\d+)?|\b[0-9a-fA-F]*:[0-9a-fA-F:]*:[0-9a-fA-F.:]+`)
