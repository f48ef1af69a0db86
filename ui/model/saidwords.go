package model

import (
	"fmt"
	"strings"

	"github.com/msnscope/msnscope/internal/format"
)

// maxSaidWords is how many bytes of a text are looked at for its first line.
const maxSaidWords = 4 << 10

// Wrote reports whether somebody wrote the line, or sent something in place of a text.
func (s *Said) Wrote() bool { return s.Kind == SaidText || s.Kind == SaidOther }

// Moved reports whether somebody came or went.
func (s *Said) Moved() bool { return s.Kind == SaidCame || s.Kind == SaidWent }

// Bad reports whether something failed.
func (s *Said) Bad() bool { return s.Kind == SaidLost || s.Kind == SaidError }

// Happened returns a line that nobody wrote in words, printable. Handles are without their host if
// that is the host of home.
func (s *Said) Happened(home string) string {
	name := KnownAs(s.Who, home)
	switch s.Kind {
	case SaidTyping:
		if s.Times > 1 {
			return fmt.Sprintf("%s is typing, %d notices", name, s.Times)
		}
		return name + " is typing"
	case SaidCame:
		return name + " is here"
	case SaidCalled:
		return name + " is called"
	case SaidWent:
		return name + " has left"
	case SaidLost:
		return "not delivered: " + firstLine(s.Text)
	case SaidError:
		if s.Who != "" {
			return name + ": " + format.Printable(s.Text)
		}
	}
	return format.Printable(s.Text)
}

func firstLine(text string) string {
	text, _, _ = strings.Cut(text[:min(len(text), maxSaidWords)], "\n")
	return format.Printable(strings.TrimRight(text, "\r"))
}

// Look describes how the writer wanted the text to look, printable; "" if it looks like any other.
func (s *Said) Look() string {
	var words []string
	for _, word := range []string{s.Font, s.Effects, s.Colour} {
		if word != "" && word != "#000000" {
			words = append(words, format.Printable(word))
		}
	}
	return strings.Join(words, ", ")
}

// KnownAs returns a handle in printable form: without its host if that is the host of own.
func KnownAs(handle, own string) string {
	_, host, _ := strings.Cut(handle, "@")
	if _, home, _ := strings.Cut(own, "@"); own != "" && !strings.EqualFold(host, home) {
		return format.Printable(handle)
	}
	return ShortName(format.Printable(handle))
}

// Others names the others who are, or were, at a switchboard, printable; it returns "nobody" before
// anybody came.
func (c *Conn) Others() string {
	if len(c.With) == 0 {
		return "nobody"
	}
	names := make([]string, len(c.With))
	for i, handle := range c.With {
		names[i] = KnownAs(handle, c.User)
	}
	return strings.Join(names, ", ")
}

// Title names a connection by its role and number, whom it is with and its session, printable.
func (c *Conn) Title() string {
	title := c.Role.String()
	if title == "" {
		title = "??"
	}
	title = fmt.Sprintf("%s#%d", title, c.ID)
	if len(c.With) > 0 {
		title += " with " + c.Others()
	}
	if c.Session != "" {
		title += " " + format.Printable(c.Session)
	}
	return title
}
