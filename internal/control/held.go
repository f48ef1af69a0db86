package control

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"

	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/decode/dialect"
	"github.com/msnscope/msnscope/decode/session"
	"github.com/msnscope/msnscope/internal/edit"
	"github.com/msnscope/msnscope/internal/format"
)

// held writes one command at a time: a thousand of them, or some of 1 MB each, would take too much
// memory at once.
func (s *Server) held(w http.ResponseWriter, r *http.Request) error {
	w.Header().Set("Content-Type", "application/json")
	before := `{"held":[`
	for _, h := range s.o.Controls.Held() {
		err := s.piece(r.Context(), w, func(dst []byte) []byte {
			one, _ := json.Marshal(&jsonHeld{ // cannot fail for these types
				ID: h.ID, Since: h.Since, Until: h.Until, Gone: h.Gone,
				Event: format.AppendJSON(nil, h.Event), In: h.Event.In.Raw, Out: h.Event.Out,
			})
			return append(append(dst, before...), one...)
		})
		if err != nil && before != "," {
			return err
		}
		if err != nil {
			panic(http.ErrAbortHandler) // the answer has begun, and must not look complete
		}
		before = ","
	}
	if before != "," {
		_, _ = io.WriteString(w, before) // a client that is gone needs no answer
	}
	_, _ = io.WriteString(w, "]}\n")
	return nil
}

func (s *Server) releaseAll(w http.ResponseWriter, _ *http.Request) error {
	for _, h := range s.o.Controls.Held() {
		if err := s.o.Controls.Release(h.ID); err != nil && !errors.Is(err, edit.ErrGone) {
			return err
		}
	}
	return ok(w)
}

func (s *Server) release(w http.ResponseWriter, r *http.Request) error {
	id, err := number(r, "id")
	if err == nil {
		err = s.o.Controls.Release(uint64(id))
	}
	if err != nil {
		return err
	}
	return ok(w)
}

func (s *Server) drop(w http.ResponseWriter, r *http.Request) error {
	id, err := number(r, "id")
	if err == nil {
		err = s.o.Controls.Replace(uint64(id))
	}
	if err != nil {
		return err
	}
	return ok(w)
}

func (s *Server) duplicate(w http.ResponseWriter, r *http.Request) error {
	h, err := s.waiting(r)
	if err != nil {
		return err
	}
	raw := h.Event.Sent().Raw
	if err := s.o.Controls.Replace(h.ID, raw, raw); err != nil {
		return err
	}
	return ok(w)
}

// waiting returns the held command that a request names, or [edit.ErrGone].
func (s *Server) waiting(r *http.Request) (edit.Held, error) {
	id, err := number(r, "id")
	if err != nil {
		return edit.Held{}, err
	}
	for _, h := range s.o.Controls.Held() {
		if h.ID == uint64(id) {
			return h, nil
		}
	}
	return edit.Held{}, edit.ErrGone
}

func (s *Server) edit(w http.ResponseWriter, r *http.Request) error {
	h, err := s.waiting(r)
	if err != nil {
		return err
	}
	e, err := read[jsonEdit](s, r)
	if err != nil {
		return err
	}
	raw, err := e.apply(h.Event)
	if err != nil {
		return err
	}
	if err := s.o.Controls.Replace(h.ID, raw...); err != nil {
		return err
	}
	return ok(w)
}

// apply returns the commands to send in place of a held one.
func (e *jsonEdit) apply(held *session.Event) ([][]byte, error) {
	raw := e.Base64
	for _, text := range e.Raw {
		b, err := edit.Typed(text)
		if err != nil {
			return nil, err
		}
		raw = append(raw, b)
	}
	fields := len(e.Args) > 0 || e.Payload != nil
	switch {
	case len(raw) > 0 && !fields:
		return raw, nil
	case len(raw) > 0 || !fields:
		return nil, errors.New("an edit needs either args and payload, or raw")
	case held.Row == nil:
		return nil, errors.New("the dialect's table does not have this command: edit it as raw")
	}
	edit := dialect.Edit{Args: e.Args}
	if e.Payload != nil {
		edit.Payload = append([]byte{}, *e.Payload...)
	}
	m := held.Sent()
	one, err := held.Row.Apply(&m, edit)
	return [][]byte{one}, err
}

func (s *Server) intercepting(w http.ResponseWriter, _ *http.Request) error {
	answer(w, http.StatusOK, jsonExpr{s.o.Controls.Intercepting()})
	return nil
}

func (s *Server) intercept(w http.ResponseWriter, r *http.Request) error {
	e, err := read[jsonExpr](s, r)
	if err == nil {
		err = s.o.Controls.Intercept(e.Expr)
	}
	if err != nil {
		return err
	}
	return ok(w)
}

func (s *Server) inject(w http.ResponseWriter, r *http.Request) error {
	j, err := read[jsonInjection](s, r)
	if err != nil {
		return err
	}
	in := edit.Injection{Conn: j.Conn, Text: j.Text, Anyway: j.Anyway}
	switch j.Dir {
	case "C":
		in.Dir = decode.FromClient
	case "S":
		in.Dir = decode.FromServer
	default:
		return fmt.Errorf(`dir is %q: it must be "C", as if the client had sent it, or "S"`, j.Dir)
	}
	if err := s.o.Controls.Inject(in); err != nil {
		return err
	}
	return ok(w)
}
