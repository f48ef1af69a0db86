package web

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/msnscope/msnscope/internal/filter"
)

// deed is what a page asks for: one of the actions, with a number and a text where it takes them.
type deed struct {
	Do   string `json:"do"`
	N    int    `json:"n"`
	Text string `json:"text"`
}

// actions are what a page can do to its view, as the keys of the inspector do. They are called with
// v.mu locked.
var actions = map[string]func(v *view, d *deed) error{
	"look":   func(*view, *deed) error { return nil },
	"move":   func(v *view, d *deed) error { v.model.Move(d.N); return nil },
	"select": func(v *view, d *deed) error { v.model.Select(d.N); return nil },
	"first":  func(v *view, _ *deed) error { v.model.Select(0); return nil },
	"last":   (*view).last,
	"show":   (*view).show,
	"follow": func(v *view, _ *deed) error { v.model.SetFollow(!v.model.Follow()); return nil },
	"pause":  (*view).pauseOrGoOn,
	"fold":   func(v *view, _ *deed) error { v.model.SetFolded(!v.model.Folded()); return nil },
	"filter": (*view).setFilter,
}

// do does what a page asks for, and returns the state after it.
func (v *view) do(r *http.Request) (any, error) {
	var d deed
	if err := json.NewDecoder(r.Body).Decode(&d); err != nil {
		return nil, fmt.Errorf("in the request's JSON: %w", err)
	}
	if d.Do == "link" {
		return map[string]string{"link": v.live.Link(r.Host)}, nil
	}
	act := actions[d.Do]
	if act == nil {
		return nil, fmt.Errorf("do: there is no %.40q", d.Do)
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	err := act(v, &d)
	if v.model.Rows() == 0 { // so that the answer to a filter of a small log is the filtered list
		v.model.Step(pause)
	}
	s := v.stateLocked()
	if err != nil {
		s.Failed = err.Error()
	}
	return s, nil
}

// last goes to the end, and follows it in a live session.
func (v *view) last(*deed) error {
	v.model.Select(v.model.Lines() - 1)
	if v.live.o.Live {
		v.model.SetFollow(true)
	}
	return nil
}

// show selects the event with a number.
func (v *view) show(d *deed) error {
	if d.N < 1 || v.model.Event(uint64(d.N)) == nil {
		return fmt.Errorf("there is no command #%d", d.N)
	}
	if !v.model.Show(uint64(d.N)) {
		return fmt.Errorf("the filter hides #%d", d.N)
	}
	return nil
}

func (v *view) pauseOrGoOn(*deed) error {
	paused, _ := v.model.Paused()
	v.model.SetPause(!paused)
	return nil
}

// setFilter filters by an expression; an empty one shows everything.
func (v *view) setFilter(d *deed) error {
	expr := strings.TrimSpace(d.Text)
	f, err := filter.Compile(expr)
	switch {
	case err != nil:
		return errors.New("the filter: " + err.Error())
	case expr == v.filter:
		return nil
	case expr == "":
		v.model.SetFilter(nil)
	default:
		v.model.SetFilter(f)
	}
	v.filter = expr
	return nil
}
