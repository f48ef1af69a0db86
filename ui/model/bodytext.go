package model

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/decode/body"
	"github.com/msnscope/msnscope/internal/edit"
	"github.com/msnscope/msnscope/internal/format"
)

// The parts of a payload that people read: its headers, as decode.Quote writes them, and its text,
// in which BreakSign stands for a line end.
const (
	headersPart = "headers"
	textPart    = "text"
	// BreakSign stands for a line end in the text of a message while it is edited.
	BreakSign = "⏎"
)

// splitBody replaces a payload that is text for people by two fields, its headers and its text, so
// that it is edited as text. Any other payload stays one field.
func splitBody(fields []edit.Field) []edit.Field {
	last := len(fields) - 1
	if last < 0 || fields[last].Name != "" {
		return fields
	}
	payload, err := decode.Unquote(fields[last].Value)
	if err != nil {
		return fields
	}
	head, text, ok := strings.Cut(string(payload), "\r\n\r\n")
	if b := body.Parse(payload); !ok || text == "" || b.Type != "text/plain" || !editable(&b, text) {
		return fields
	}
	return append(fields[:last:last], edit.Field{Name: headersPart, Value: decode.Quote([]byte(head))},
		edit.Field{Name: textPart, Value: strings.ReplaceAll(text, "\r\n", BreakSign)})
}

// editable reports whether a text stays the same when it is shown, typed and put together again.
func editable(b *body.Body, text string) bool {
	lines := strings.ReplaceAll(text, "\r\n", "")
	if strings.Contains(text, BreakSign) || !utf8.ValidString(text) || len(text) > MaxTyped/2 ||
		format.Printable(lines) != lines {
		return false
	}
	ascii := !strings.ContainsFunc(lines, func(r rune) bool { return r >= utf8.RuneSelf })
	return ascii || strings.EqualFold(b.Charset, "utf-8")
}

// joinBody undoes splitBody.
func joinBody(fields []edit.Field) ([]edit.Field, error) {
	last := len(fields) - 1
	if last < 1 || fields[last].Name != textPart {
		return fields, nil
	}
	head, err := decode.Unquote(fields[last-1].Value)
	if err != nil {
		return nil, fmt.Errorf("in the headers: %w", err)
	}
	text := strings.ReplaceAll(fields[last].Value, BreakSign, "\r\n")
	payload := append(append(append([]byte{}, head...), "\r\n\r\n"...), text...)
	return append(fields[:last-1:last-1], edit.Field{Value: decode.Quote(payload)}), nil
}
