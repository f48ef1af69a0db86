package redact

import (
	"html"
	"slices"
	"strings"

	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/decode/dialect"
)

// maxNested is how deep XML inside the text of XML is read: notifications have one level of it.
const maxNested = 3

// markup replaces what XML says about people. Elements, the names of attributes and everything
// between them stay, so that lists are still lists.
type markup struct {
	v     *values
	learn bool // collect handles, replace nothing
	depth int  // how many documents this one is nested in

	out    []byte
	open   []string // the open elements
	domain string   // that of the enclosing d element, in which contacts have only the part before the @
	begun  bool     // the outermost element has begun
	fixed  bool     // the document says nothing about people
}

// documents lists the outermost elements of documents that are the same for all users: the settings
// that servers send.
var documents = []string{"Policies", "config"}

// isMarkup reports whether s may be XML.
func isMarkup(s string) bool { return strings.HasPrefix(strings.TrimLeft(s, " \t\r\n"), "<") }

// markup returns XML with stand-ins. It returns false for what is not XML.
func (v *values) markup(s string) (string, bool) {
	m := markup{v: v}
	return m.document(s)
}

// learnMarkup collects the handles in some XML.
func (v *values) learnMarkup(s string) {
	m := markup{v: v, learn: true}
	m.document(s)
}

func (m *markup) document(s string) (string, bool) {
	if !isMarkup(s) {
		return "", false
	}
	for s != "" {
		text, rest, found := strings.Cut(s, "<")
		m.text(text)
		if !found {
			break
		}
		n, ok := m.special(rest)
		if !ok {
			n, ok = m.tag(rest)
		}
		if !ok {
			return "", false
		}
		s = rest[n:]
	}
	return string(m.out), true
}

// special handles a declaration, a comment or a section of plain text that begins after a <. It
// returns the length, and false for anything else.
func (m *markup) special(s string) (int, bool) {
	for _, p := range [...]struct{ begin, end string }{{"?", "?>"}, {"!--", "-->"}, {"![CDATA[", "]]>"}} {
		if !strings.HasPrefix(s, p.begin) {
			continue
		}
		size := strings.Index(s[len(p.begin):], p.end)
		if size < 0 {
			return 0, false
		}
		inside := s[len(p.begin) : len(p.begin)+size]
		if p.begin != "?" {
			inside = m.value("", inside)
		}
		m.out = append(m.out, "<"+p.begin+inside+p.end...)
		return len(p.begin) + size + len(p.end), true
	}
	return 0, false
}

// element matches the rest of a tag: a slash, the name, the attributes, a slash.
var element = pattern(
	`^(/?)([A-Za-z_][\w:.-]*)((?:\s+[\w:.-]+\s*=\s*(?:"[^"<]*"|'[^'<]*'))*)\s*(/?)>`)

// tag handles the tag of an element that begins after a <. It returns its length, and false if it
// is none.
func (m *markup) tag(s string) (int, bool) {
	part := element().FindStringSubmatchIndex(s)
	if part == nil {
		return 0, false
	}
	name := s[part[4]:part[5]]
	if !m.begun {
		m.begun, m.fixed = true, slices.Contains(documents, name)
	}
	closing, empty := part[2] < part[3], part[8] < part[9]
	if !closing {
		m.open = append(m.open, name)
		if name == "d" || name == "t" {
			m.domain = ""
		}
	}
	m.out = append(append(m.out, '<'), s[:part[6]]...)
	m.attributes(s[part[6]:part[7]])
	m.out = append(m.out, s[part[7]:part[1]]...)
	if (closing || empty) && len(m.open) > 0 {
		m.open = m.open[:len(m.open)-1]
	}
	return part[1], true
}

// attributes appends the attributes of the innermost element.
func (m *markup) attributes(s string) {
	for s != "" {
		name, rest, _ := strings.Cut(s, "=")
		quote := strings.IndexAny(rest, `"'`)
		if quote < 0 {
			m.out = append(m.out, s...)
			return
		}
		value := rest[quote+1:]
		end := strings.IndexByte(value, rest[quote])
		m.out = append(append(append(m.out, name...), '='), rest[:quote+1]...)
		m.out = append(m.out, m.escaped(strings.TrimSpace(name), value[:end])...)
		m.out = append(m.out, rest[quote])
		s = value[end+1:]
	}
}

// text appends the text between two tags.
func (m *markup) text(s string) {
	inside := strings.TrimSpace(s)
	if inside == "" {
		m.out = append(m.out, s...)
		return
	}
	at := strings.Index(s, inside)
	m.out = append(append(append(m.out, s[:at]...), m.escaped("", inside)...), s[at+len(inside):]...)
}

// escaped returns the stand-in of a value as it is written in XML. What stays is written as it was.
func (m *markup) escaped(attribute, raw string) string {
	value := html.UnescapeString(raw)
	stand := m.value(attribute, value)
	if stand == value {
		return raw
	}
	return html.EscapeString(stand)
}

// value returns the stand-in of an attribute's value or, where attribute is "", of a text.
func (m *markup) value(attribute, value string) string {
	inner := ""
	if n := len(m.open); n > 0 {
		inner = m.open[n-1]
	}
	switch {
	case m.fixed || strings.TrimSpace(value) == "" || strings.HasPrefix(attribute, "xmlns"):
		return value
	case inner == "d" && attribute == "n":
		m.domain = value
		if m.learn {
			return value
		}
		return domain
	case (inner == "s" || inner == "sep") && attribute == "n" && service().MatchString(value):
		return value
	case inner == "c" && attribute == "n":
		return m.contact(value)
	case isMarkup(value) && m.depth < maxNested:
		nested := markup{v: m.v, learn: m.learn, depth: m.depth + 1}
		if stand, ok := nested.document(value); ok {
			return stand
		}
	}
	if network, handle, ok := handleIn(value); ok {
		if m.learn {
			m.v.learn(handle)
			return value
		}
		return network + m.v.handle(handle) + m.v.shape(value[len(network)+len(handle):])
	}
	if m.learn {
		return value
	}
	if attribute != "" {
		return m.v.said(attribute, value)
	}
	return m.v.said(inner, value)
}

// contact returns the stand-in of a contact in a list: the part of the handle before the @, since
// the d element around it has the domain.
func (m *markup) contact(value string) string {
	handle := value
	if m.domain != "" {
		handle += "@" + m.domain
	}
	number, phone := strings.CutPrefix(value, "tel:")
	switch {
	case m.learn:
		m.v.learn(handle)
		return value
	case phone:
		return "tel:" + m.v.shape(number)
	case m.domain == "" || !proper(handle):
		return m.v.handle(value)
	}
	user, _, _ := strings.Cut(m.v.handle(handle), "@")
	return user
}

// handleIn returns the handle at the beginning of a value and what stands before it: nothing, or
// the number of a network. A semicolon ends the handle. It returns false for any other value.
func handleIn(value string) (network, handle string, ok bool) {
	handle, _, _ = strings.Cut(value, ";")
	if before, after, found := strings.Cut(handle, ":"); found && number(before) {
		network, handle = before+":", after
	}
	return network, handle, proper(handle)
}

var (
	numbers = pattern(`^-?\d{1,6}$`)
	moments = pattern(`^\d{4}-\d\d-\d\d(T[\d:.]+(Z|[+-]\d\d:\d\d)?)?$`)
	service = pattern(`^[A-Z]{1,12}$`)
)

// telling lists the elements and attributes whose values say what something is and not whose:
// capabilities, sizes, versions of services.
var telling = []string{"Capabilities", "Size", "ver", "siteid", "agent", "Service"}

// opaque lists those whose values are not text: pictures and their digests.
var opaque = []string{"Location", "Friendly", "SHA1D", "SHA1C", "contenttype"}

// said returns the stand-in of the value of an element or an attribute with the given name.
func (v *values) said(name, value string) string {
	lower := strings.ToLower(value)
	switch {
	case len(value) == 1, numbers().MatchString(value), moments().MatchString(value), lower == "true", lower == "false",
		slices.Contains(dialect.States, value), slices.Contains(telling, name) && len(value) <= maxKept:
		return value
	case slices.Contains(opaque, name):
		return v.shape(value)
	case name == "f" || name == "FriendlyName":
		return decode.Unescape(v.friendly(decode.Escape(decode.Unescape(value))))
	case name == "CurrentMedia":
		return v.media(value)
	case strings.Contains(value, "://"):
		return v.link(value)
	case hexWord().MatchString(value), allDigits(value):
		return v.shape(value)
	case domainName().MatchString(value):
		return v.host(value)
	}
	return v.text(value)
}

// media returns the stand-in of what a user listens to: the program, the kind, whether it is shown,
// the format, then title, artist and more, separated by \0.
func (v *values) media(value string) string {
	parts := strings.Split(value, `\0`)
	for i, p := range parts {
		if i != 1 && p != "" && p != "0" && p != "1" && !strings.Contains(p, "{0}") {
			parts[i] = v.text(p)
		}
	}
	return strings.Join(parts, `\0`)
}

func allDigits(s string) bool { return strings.Trim(s, "0123456789") == "" }
