package web

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/msnscope/msnscope/internal/filter"
	"github.com/msnscope/msnscope/ui/model"
)

// deed is what a page asks for: one of the actions, with a number and a text where it takes them.
type deed struct {
	Do   string `json:"do"`
	N    int    `json:"n"`
	Text string `json:"text"`
	// Of an edit: the held command, its fields or its bytes, and whether to send them although they
	// are no whole command. N is how often.
	ID     uint64   `json:"id"`
	Fields []string `json:"fields"`
	Raw    *string  `json:"raw"`
	Anyway bool     `json:"anyway"`
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

	"ladder": (*view).ladderOrList,
	"talk":   (*view).talk,
	"back":   (*view).back,

	"treemove":   func(v *view, d *deed) error { v.model.SelectTree(v.model.TreeCursor() + d.N); return nil },
	"treeselect": func(v *view, d *deed) error { v.model.SelectTree(d.N); return nil },
	"treefold":   func(v *view, d *deed) error { v.model.Fold(d.N != 0); return nil },
	"treeopen":   (*view).openScope,
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
	act, steer, live := actions[d.Do], steers[d.Do], v.live.o.Steering
	v.mu.Lock()
	defer v.mu.Unlock()
	var err error
	switch {
	case act != nil:
		err = act(v, &d)
	case steer == nil:
		return nil, fmt.Errorf("do: there is no %.40q", d.Do)
	case live == nil:
		err = errNothingLive
	default:
		err = steer(v, live, &d)
		v.lookHeld()
	}
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

func (v *view) ladderOrList(*deed) error {
	v.endTalk()
	if v.face == ladderFace {
		v.face = listFace
	} else {
		v.face = ladderFace
	}
	return nil
}

// openScope limits the rows to the selected part of the tree, and shows them as a ladder; for the
// whole tree it keeps the view of the rows.
func (v *view) openScope(*deed) error {
	v.endTalk()
	scope := v.model.Tree()[v.model.TreeCursor()].Scope
	v.model.SetScope(scope)
	if scope != (model.Scope{}) {
		v.face = ladderFace
	}
	return nil
}

// talk shows the conversation of the selected line of the tree if the deed has a number, else that
// of the selected event, else the only one; or goes back from it.
func (v *view) talk(d *deed) error {
	if v.face == talkFace {
		v.endTalk()
		return nil
	}
	conn := 0
	_, e := v.model.Selected()
	switch row := v.model.Tree()[v.model.TreeCursor()]; {
	case d.N != 0 && row.Conn != nil && row.Conn.Talks():
		conn = row.Conn.ID
	case d.N == 0 && e != nil:
		conn = v.model.TalkOf(e)
	}
	if conn == 0 {
		all := slices.DeleteFunc(v.model.Conns(), func(c *model.Conn) bool { return !c.Talks() })
		switch len(all) {
		case 0:
			return errors.New("nobody has talked yet")
		case 1:
			conn = all[0].ID
		default:
			return fmt.Errorf("which of the %d conversations? Select a command of it, or its line in the sessions",
				len(all))
		}
	}
	v.model.SetTalk(conn)
	v.before, v.face = v.face, talkFace
	return nil
}

func (v *view) endTalk() {
	if v.face == talkFace {
		v.model.EndTalk()
		v.face = v.before
	}
}

// back leaves the conversation, or else the part of the tree.
func (v *view) back(*deed) error {
	switch {
	case v.face == talkFace:
		v.endTalk()
	case v.model.Scope() != model.Scope{}:
		v.model.SetScope(model.Scope{})
		v.face = listFace
	}
	return nil
}
