package model

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/decode/session"
	"github.com/msnscope/msnscope/internal/edit"
	"github.com/msnscope/msnscope/internal/format"
)

// MaxTyped is how many bytes can be typed in one line of an editor; of a value that is offered for
// editing half as many are shown. In a terminal each key costs time proportional to the line, half
// a second at 1 MB.
const MaxTyped = 16 << 10

// Editor is the state of the editor for a held command: its fields one by one, or its bytes as one
// quoted line.
type Editor struct {
	Held   edit.Held
	Fields []edit.Field
	Raw    string
	IsRaw  bool
	At     int // the selected field
}

// NewEditor returns the editor of a held command, on the field that most people want to edit.
func NewEditor(h edit.Held) *Editor {
	d := &Editor{Held: h, Fields: splitBody(edit.Fields(h.Event)), Raw: decode.Quote(h.Event.Sent().Raw)}
	d.IsRaw = len(d.Fields) == 0
	if last := len(d.Fields) - 1; last >= 0 && d.Fields[last].Name == textPart {
		d.At = last
	}
	return d
}

// Len returns the number of fields; the bytes are one.
func (d *Editor) Len() int {
	if d.IsRaw {
		return 1
	}
	return len(d.Fields)
}

// Value returns the text of the selected field.
func (d *Editor) Value() *string {
	if d.IsRaw {
		return &d.Raw
	}
	return &d.Fields[d.At].Value
}

// Bytes returns the command as it stands in the editor.
func (d *Editor) Bytes() ([]byte, error) {
	if d.IsRaw {
		return edit.Typed(d.Raw)
	}
	fields, err := joinBody(d.Fields)
	if err != nil {
		return nil, err
	}
	return edit.Rewrite(d.Held.Event, fields)
}

// Whole returns an error for bytes that are not one whole command, unless what is held is none.
func (d *Editor) Whole(raw []byte) error {
	if d.Held.Event.In.Opaque() {
		return nil
	}
	return edit.Whole(d.Held.Event, raw)
}

// Problem returns what is wrong with the command as it stands in the editor, nil for nothing.
func (d *Editor) Problem() error {
	raw, err := d.Bytes()
	if err == nil {
		err = d.Whole(raw)
	}
	if e := d.Held.Event; err == nil {
		table := session.Table(e.Dialect)
		m := decode.Parse(raw, e.Dir, table.At(e.Role))
		err = table.Check(e.Dir, e.Role, &m)
	}
	return err
}

// Allowed returns the words that the table allows for field i, nil for any.
func (d *Editor) Allowed(i int) []string {
	if row := d.Held.Event.Row; row != nil && !d.IsRaw {
		for _, a := range row.Args {
			if a.Name == d.Fields[i].Name {
				return a.Values
			}
		}
	}
	return nil
}

// Set stores the text of the selected field. What follows from it, such as the length of a payload
// or a line end, is corrected at once.
func (d *Editor) Set(text string) error {
	before, _ := edit.Typed(d.Raw) // an invalid command has no length to keep
	*d.Value() = text
	raw, err := d.Bytes()
	if d.IsRaw && err == nil {
		d.Raw = decode.Quote(edit.Refit(d.Held.Event, before, raw))
	}
	return err
}

// IsText reports whether field i is the text of a message, in which BreakSign is a line end.
func (d *Editor) IsText(i int) bool { return !d.IsRaw && d.Fields[i].Name == textPart }

// Label returns the name of field i.
func (d *Editor) Label(i int) string {
	switch {
	case d.IsRaw:
		return "bytes"
	case d.Fields[i].Name == "":
		return "payload"
	}
	return d.Fields[i].Name
}

// Toggle switches from fields to bytes, keeping the changes, and back, which discards changes to
// the bytes.
func (d *Editor) Toggle() error {
	if d.IsRaw {
		if len(d.Fields) > 0 {
			d.IsRaw = false
		}
		return nil
	}
	raw, err := d.Bytes()
	if err != nil {
		return err
	}
	d.Raw, d.IsRaw, d.At = decode.Quote(raw), true, 0
	return nil
}

// Send sends the command in the place of the held one, as it now stands, times times. One that is
// not a whole command is refused with an *UnwholeError, unless anyway is set.
func (d *Editor) Send(s Steering, times int, anyway bool) error {
	raw, err := d.Bytes()
	if err != nil {
		return err
	}
	if err := d.Whole(raw); err != nil && !anyway {
		return &UnwholeError{err}
	}
	return s.Replace(d.Held.ID, slices.Repeat([][]byte{raw}, times)...)
}

// UnwholeError is the error for an edited command that is not a whole one.
type UnwholeError struct{ error }

// Unwrap returns what is missing.
func (e *UnwholeError) Unwrap() error { return e.error }

// ReleaseAll lets all held commands go on, and returns how many there were.
func ReleaseAll(s Steering) (int, error) {
	held := s.Held()
	for _, h := range held {
		if err := s.Release(h.ID); err != nil && !errors.Is(err, edit.ErrGone) {
			return 0, err
		}
	}
	return len(held), nil
}

// Duplicate lets a held command go on, and once more.
func Duplicate(s Steering, h edit.Held) error {
	raw := h.Event.Sent().Raw
	return s.Replace(h.ID, raw, raw)
}

// InjectTyped sends what a person typed on a connection: "> " in front of it means to the server,
// "< " to the client. With ">! " and "<! " it is sent although the command table does not allow it.
func InjectTyped(s Steering, conn int, text string) error {
	in := edit.Injection{Conn: conn}
	sign, rest, _ := strings.Cut(text, " ")
	switch strings.TrimSuffix(sign, "!") {
	case ">":
		in.Dir = decode.FromClient
	case "<":
		in.Dir = decode.FromServer
	default:
		return errors.New(`begin with "> " for the server or "< " for the client, as in: > CHG {trid} BSY`)
	}
	in.Anyway, in.Text = strings.HasSuffix(sign, "!"), rest
	err := s.Inject(in)
	if not := (*edit.NotAllowedError)(nil); errors.As(err, &not) {
		err = fmt.Errorf("%w; %s! sends it all the same", err, strings.TrimSuffix(sign, "!"))
	}
	return err
}

// senders names the sender of each direction.
var senders = map[decode.Dir]string{decode.FromClient: "the client", decode.FromServer: "the server"}

// Sender names the end that sent a held command.
func Sender(h edit.Held) string { return senders[h.Event.Dir] }

// HeldName names a held command in a few words: its verb, or how many bytes it is.
func HeldName(h edit.Held) string {
	if h.Event.In.Opaque() {
		return fmt.Sprintf("%d bytes", len(h.Event.In.Raw))
	}
	return format.Printable(h.Event.In.Verb.String())
}
