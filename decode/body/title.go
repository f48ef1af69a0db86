package body

import (
	"encoding/base64"
	"strconv"
	"strings"
	"unicode/utf8"
)

// maxTitle is the number of runes up to which a title quotes a text, the name of a file or the
// like: enough to recognise it.
const maxTitle = 60

// Title returns a description of the body in a few words, for lists: `typing`, `file invitation
// "readme.txt" (60,904 bytes)`; for text its first words in quotation marks; for an unknown type
// the type itself. The title is valid UTF-8 in one line and contains no secret. It may contain
// control characters other than line ends, and must be sanitized for a terminal.
func (b *Body) Title() string {
	t := find(b.Type)
	var title string
	switch {
	case t == nil:
		title = words(toText(b.Type, ""))
	case t.title == nil:
		title = t.Name
	case b.Type == "" && (!b.isText() || b.holdsSecret()):
		title = size(len(b.Data))
	default:
		title = t.title(&t.TypeInfo, b, b.items(t))
	}
	return title + b.part()
}

// part returns which part of a long message the body is, such as " (part 1 of 3)", and "" if it is
// not a part.
func (b *Body) part() string {
	c, ok := b.chunk()
	switch {
	case !ok || c.of == 1:
		return ""
	case c.of > 0:
		return " (part 1 of " + strconv.Itoa(c.of) + ")"
	}
	return " (part " + strconv.Itoa(c.index+1) + ")"
}

// quote returns the first words of the text in quotation marks.
func quote(_ *TypeInfo, b *Body, _ []item) string {
	// In any code page, these bytes contain at least as many runes as a title shows, unless they
	// are mostly blanks.
	head := Body{Charset: b.Charset, Data: b.Data[:cutAt(b.Data, 16*maxTitle)]}
	text, _ := head.Text()
	return quoted(text)
}

// words returns s in one line, cut to maxTitle runes.
func words(s string) string {
	s = strings.Join(strings.Fields(s), " ")
	if utf8.RuneCountInString(s) <= maxTitle {
		return s
	}
	return string([]rune(s)[:maxTitle-1]) + "…"
}

func quoted(s string) string { return `"` + words(toText(s[:cutAt(s, 16*maxTitle)], "")) + `"` }

// valueOf returns the value of the first item with that name, regardless of case, "" if there is
// none.
func valueOf(items []item, name string) string {
	for _, it := range items {
		if strings.EqualFold(it.name, name) {
			return it.value
		}
	}
	return ""
}

func controlTitle(t *TypeInfo, b *Body, _ []item) string {
	if b.TypingUser() != "" {
		return t.Name
	}
	if user, _ := b.Get("RecordingUser"); user != "" {
		return "recording a voice clip"
	}
	return "control message"
}

func inviteTitle(t *TypeInfo, _ *Body, items []item) string {
	get := func(name string) string { return words(toText(valueOf(items, name), "")) }
	switch command := get("Invitation-Command"); strings.ToUpper(command) {
	case "INVITE":
		return invitation(t, get)
	case "ACCEPT":
		if at := get("IP-Address"); at != "" {
			return strings.TrimSuffix("invitation accepted: connect to "+at+":"+get("Port"), ":")
		}
		return "invitation accepted"
	case "CANCEL":
		code := get("Cancel-Code")
		if means := t.meaning("Cancel-Code", code); means != "" {
			code = means
		}
		return strings.TrimSuffix("invitation cancelled: "+code, ": ")
	case "":
		return t.Name
	default:
		return t.Name + " " + command
	}
}

func invitation(t *TypeInfo, get func(string) string) string {
	file, guid := get("Application-File"), get("Application-GUID")
	if file == "" && !strings.EqualFold(guid, fileTransfer) {
		if name := get("Application-Name"); name != "" {
			return t.Name + ` "` + name + `"`
		}
		return strings.TrimSuffix(t.Name+" to "+t.meaning("Application-GUID", guid), " to ")
	}
	title := `file invitation "` + file + `"`
	if n, err := strconv.ParseUint(get("Application-FileSize"), 10, 63); err == nil {
		title += " (" + size(int(n)) + ")"
	}
	return title
}

func datacastTitle(t *TypeInfo, _ *Body, items []item) string {
	id := strings.TrimSpace(valueOf(items, "ID"))
	name := t.meaning("ID", id)
	switch text := valueOf(items, "Data"); {
	case name == "":
		return strings.TrimSpace(t.Name + " " + words(toText(id, "")))
	case id == "4" && text != "":
		return name + " " + quoted(text)
	}
	return name
}

func systemTitle(t *TypeInfo, _ *Body, items []item) string {
	minutes := words(toText(valueOf(items, "Arg1"), ""))
	if strings.TrimSpace(valueOf(items, "Type")) != "1" || minutes == "" {
		return t.Name
	}
	if minutes == "1" {
		return "server stops in 1 minute"
	}
	return "server stops in " + minutes + " minutes"
}

func mailTitle(t *TypeInfo, _ *Body, items []item) string {
	read := func(name string) string {
		value := valueOf(items, name)
		if parts := KindWords.parts(value); len(parts) > 0 {
			return parts[0].value
		}
		return value
	}
	switch from, subject := read("From"), read("Subject"); {
	case from != "" && subject != "":
		return "mail from " + quoted(from) + ": " + quoted(subject)
	case from != "":
		return "mail from " + quoted(from)
	}
	if strings.EqualFold(strings.TrimSpace(valueOf(items, "Dest-Folder")), folders[1].Value) {
		return "mail deleted"
	}
	unread := valueOf(items, "Inbox-Unread")
	if parts := KindMailData.parts(valueOf(items, "Mail-Data")); len(parts) > 0 && parts[0].name == "IU" {
		unread = parts[0].value
	}
	if unread = strings.TrimSpace(unread); unread != "" {
		return "mailbox, " + words(toText(unread, "")) + " unread"
	}
	return t.Name
}

func capsTitle(t *TypeInfo, _ *Body, items []item) string {
	if name := valueOf(items, "Client-Name"); name != "" {
		return t.Name + " of " + quoted(name)
	}
	return t.Name
}

func emoticonTitle(t *TypeInfo, _ *Body, items []item) string {
	n := 0
	for _, it := range items {
		if it.name == "Emoticon" {
			n++
		}
	}
	if n == 1 {
		return t.Name + " " + quoted(items[0].value)
	}
	return strings.TrimPrefix(strconv.Itoa(n)+" "+t.Name+"s", "0 ")
}

// emoticonItems returns the shortcuts and objects in the data, which are separated by tabs.
func emoticonItems(b *Body) []item {
	var items []item
	rest := strings.TrimRight(string(b.Data), "\r\n\t\x00")
	for rest != "" && len(items) < maxHeaders {
		var shortcut, object string
		shortcut, rest, _ = strings.Cut(rest, "\t")
		object, rest, _ = strings.Cut(rest, "\t")
		it := item{name: "Emoticon", value: shortcut}
		if object == "" {
			it.note = "without a picture"
			items = append(items, it)
			continue
		}
		items = append(items, it, item{name: "Emoticon.object", value: object})
	}
	return items
}

func pictureTitle(t *TypeInfo, _ *Body, items []item) string {
	if n := valueOf(items, "Data"); n != "" {
		return t.Name + ", " + n
	}
	return t.Name
}

// pictureItems returns the size of a picture, which is either the prefix `base64:` and its bytes in
// base64, or the bytes themselves.
func pictureItems(b *Body) []item {
	const prefix = "base64:"
	if c, ok := b.chunk(); ok && c.of != 1 { // cut at any point, even inside a byte's base64
		return []item{{"Data", size(len(b.Data)), "a part of it, as it was sent"}}
	}
	data := strings.TrimRight(string(b.Data), "\r\n\x00")
	encoded, ok := strings.CutPrefix(data, prefix)
	if !ok {
		if data == "" {
			return nil
		}
		return []item{{"Data", size(len(data)), ""}}
	}
	decoded, err := base64.RawStdEncoding.DecodeString(strings.TrimRight(encoded, "="))
	if err != nil {
		return []item{{"Data", size(len(decoded)), "then its base64 is damaged"}}
	}
	return []item{{"Data", size(len(decoded)), "in base64"}}
}
