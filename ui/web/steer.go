package web

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/msnscope/msnscope/internal/edit"
	"github.com/msnscope/msnscope/internal/format"
	"github.com/msnscope/msnscope/ui/model"
)

// maxHeld is how many held commands a state names; of more it has the number.
const maxHeld = 50

// held is a held command in a state.
type held struct {
	ID    uint64 `json:"id"`
	Class string `json:"k"`
	Where string `json:"where"` // connection and user
	Name  string `json:"name"`
	Says  string `json:"says"`
	Since int64  `json:"since"` // Unix time in milliseconds
	Note  string `json:"note,omitempty"`
}

func heldOf(h edit.Held, now time.Time) held {
	e := h.Event
	says := model.Says(e)
	if len(says) > 200 {
		says = strings.ToValidUTF8(says[:200], "") + "…"
	}
	return held{
		h.ID, model.Class(e), model.ConnName(e) + " " + model.ShortName(format.Printable(e.User)),
		model.HeldName(h), says,
		h.Since.UnixMilli(), model.HeldNote(h, now),
	}
}

// steers are the actions on live traffic. They are called with v.mu locked, and only where there is
// some.
var steers = map[string]func(v *view, s model.Steering, d *deed) error{
	"hold": func(_ *view, s model.Steering, d *deed) error { return s.Intercept(strings.TrimSpace(d.Text)) },
	"toggle": func(v *view, s model.Steering, _ *deed) error {
		now := s.Intercepting()
		if now != "" {
			v.hold = now
			return s.Intercept("")
		}
		if v.hold == "" {
			return errors.New("what shall be held? i says it")
		}
		return s.Intercept(v.hold)
	},
	"releaseall": func(_ *view, s model.Steering, _ *deed) error {
		_, err := model.ReleaseAll(s)
		return err
	},
	"release": withHeld(func(s model.Steering, h edit.Held, _ *deed) error { return s.Release(h.ID) }),
	"drop":    withHeld(func(s model.Steering, h edit.Held, _ *deed) error { return s.Replace(h.ID) }),
	"twice":   withHeld(func(s model.Steering, h edit.Held, _ *deed) error { return model.Duplicate(s, h) }),
	"edit": withHeld(func(s model.Steering, h edit.Held, d *deed) error {
		e, err := d.editor(h)
		if err != nil {
			return err
		}
		return e.Send(s, max(1, min(d.N, 2)), d.Anyway)
	}),
	"selectheld": withHeld(func(model.Steering, edit.Held, *deed) error { return nil }),
	"kill":       onConn(func(s model.Steering, conn int, _ *deed) error { return s.Kill(conn) }),
	"inject": onConn(func(s model.Steering, conn int, d *deed) error {
		return model.InjectTyped(s, conn, d.Text)
	}),
}

// withHeld acts on the held command that a deed names, or on the one that is selected.
func withHeld(act func(s model.Steering, h edit.Held, d *deed) error) func(*view, model.Steering, *deed) error {
	return func(v *view, s model.Steering, d *deed) error {
		v.model.SetHeld(s.Held())
		if d.ID != 0 && !v.model.SelectHeld(d.ID) {
			return edit.ErrGone
		}
		h, ok := v.model.SelectedHeld()
		switch {
		case ok:
			return act(s, h, d)
		case len(v.model.Held()) == 0:
			return errors.New("nothing is held: i says what shall be")
		}
		return errors.New("which one? a, e and x act on what is selected; Q lists all")
	}
}

// onConn acts on the connection of the selected event.
func onConn(act func(s model.Steering, conn int, d *deed) error) func(*view, model.Steering, *deed) error {
	return func(v *view, s model.Steering, d *deed) error {
		_, e := v.model.Selected()
		if e == nil || e.Conn == 0 {
			return errors.New("select a command of the connection first")
		}
		if err := act(s, e.Conn, d); err != nil {
			return fmt.Errorf("connection %d: %w", e.Conn, err)
		}
		return nil
	}
}

// editor returns the editor of a held command with what the page has: the fields, or the bytes.
func (d *deed) editor(h edit.Held) (*model.Editor, error) {
	e := model.NewEditor(h)
	if d.Raw != nil {
		e.IsRaw = true
		return e, e.Set(*d.Raw)
	}
	if len(d.Fields) != len(e.Fields) {
		return nil, errors.New("the fields are those of another command")
	}
	for i, text := range d.Fields {
		if e.IsText(i) {
			text = strings.ReplaceAll(strings.ReplaceAll(text, "\r\n", "\n"), "\n", model.BreakSign)
		}
		e.Fields[i].Value = text
	}
	return e, nil
}

// heldCommand returns the held command with the ID, or [edit.ErrGone].
func (v *view) heldCommand(id uint64) (edit.Held, error) {
	s := v.live.o.Steering
	if s == nil {
		return edit.Held{}, errNothingLive
	}
	for _, h := range s.Held() {
		if h.ID == id {
			return h, nil
		}
	}
	return edit.Held{}, edit.ErrGone
}

var errNothingLive = errors.New("only live traffic can be held or changed")

// editField is a field of the editor.
type editField struct {
	Label string   `json:"label"`
	Value string   `json:"value"`
	Text  bool     `json:"text"`            // it has lines
	Words []string `json:"words,omitempty"` // the only ones that are allowed
}

// editing returns what the editor of a held command begins with.
func (v *view) editing(r *http.Request) (any, error) {
	id, err := number(r, "id", 1, 1<<53)
	if err != nil {
		return nil, err
	}
	h, err := v.heldCommand(uint64(id))
	if err != nil {
		return nil, err
	}
	e := model.NewEditor(h)
	fields := []editField{}
	for i := range e.Fields {
		f := editField{e.Label(i), e.Fields[i].Value, e.IsText(i), e.Allowed(i)}
		if f.Text {
			f.Value = strings.ReplaceAll(f.Value, model.BreakSign, "\n")
		}
		fields = append(fields, f)
	}
	return map[string]any{
		"id": h.ID, "title": fmt.Sprintf("%s, connection %d", model.HeldName(h), h.Event.Conn), "fields": fields,
		"raw": e.Raw, "at": e.At,
	}, nil
}

// check returns what is wrong with a command as it stands in the page's editor, and its bytes.
func (v *view) check(r *http.Request) (any, error) {
	var d deed
	if err := json.NewDecoder(r.Body).Decode(&d); err != nil {
		return nil, fmt.Errorf("in the request's JSON: %w", err)
	}
	h, err := v.heldCommand(d.ID)
	if err != nil {
		return nil, err
	}
	reply := map[string]string{}
	e, err := d.editor(h)
	if err == nil {
		err = e.Problem()
	}
	if err != nil {
		reply["problem"] = format.Printable(err.Error())
	}
	if e != nil && !e.IsRaw && e.Toggle() == nil {
		reply["raw"] = e.Raw
	} else if e != nil {
		reply["raw"] = e.Raw
	}
	return reply, nil
}
