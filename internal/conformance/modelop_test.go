package conformance

import (
	"fmt"
	"slices"
	"strconv"
	"time"
)

// op is one operation: its kind, its user, and numbers that choose among what there is at that
// moment. Every op can be done in every state; some are meant to be illegal there.
type op struct{ Kind, User, A, B int }

var (
	modelStates = []string{"NLN", "FLN", "HDN", "BSY", "IDL", "BRB", "AWY", "PHN", "LUN", "HOT"}
	modelLists  = []string{"FL", "AL", "BL", "FL", "AL", "BL", "RL", "XL"}
	modelNames  = []string{"Bob", "B%20b", "Zo%c3%ab", "x"}
	modelWaits  = []time.Duration{time.Second, 11 * time.Second, 61 * time.Second, 121 * time.Second}
)

// ops are the kinds of operations, the frequent ones several times.
var ops = []func(*model, *modelUser, op) error{
	(*model).signOn, (*model).chg, (*model).chg, (*model).chg, (*model).chg, (*model).add, (*model).add, (*model).add,
	(*model).rem,
	(*model).rem, (*model).syn, (*model).lst, (*model).set, (*model).set, (*model).rea, (*model).xfr, (*model).xfr,
	(*model).usr, (*model).usr,
	(*model).cal, (*model).cal, (*model).cal, (*model).ans, (*model).ans, (*model).ans, (*model).msg, (*model).msg,
	(*model).msg,
	(*model).leave, (*model).odd, (*model).pass, (*model).outside,
}

// do carries out an op and checks its outcome.
func (m *model) do(o op) error {
	if err := ops[o.Kind%len(ops)](m, m.users[o.User%len(m.users)], o); err != nil {
		return err
	}
	return m.check()
}

// on returns the user's notification connection, logging the user on first if need be, and checks.
func (m *model) on(u *modelUser) (*modelConn, error) {
	if u.ns == nil {
		if err := m.signOn(u, op{A: 1}); err != nil {
			return nil, err
		}
		if err := m.check(); err != nil {
			return nil, err
		}
	}
	return u.ns, nil
}

// signOn logs a user on, which ends a previous logon; now and then with a wrong password.
func (m *model) signOn(u *modelUser, o op) error {
	c, err := m.connect("ns", u)
	if err != nil {
		return err
	}
	if err := m.command(c, "VER", "MSNP2"); err != nil {
		return err
	}
	m.say(c, "VER", m.id, "MSNP2")
	if err := m.command(c, "USR", "MD5", "I", u.handle); err != nil {
		return err
	}
	delete(m.values, "challenge")
	m.say(c, "USR", m.id, "MD5", "S", "{challenge}")
	if err := m.check(); err != nil {
		return err
	}
	if o.A%8 == 0 && u.wrong < modelWrong {
		u.wrong++
		if err := m.command(c, "USR", "MD5", "S", "00000000000000000000000000000000"); err != nil {
			return err
		}
		m.say(c, 911, m.id)
		if c.closed = m.preset == Observed; !c.closed {
			if err := m.check(); err != nil {
				return err
			}
			c.closed = true
			return c.conn.Close()
		}
		return nil
	}
	m.passwords["user"] = u.password
	if err := m.command(c, "USR", "MD5", "S", "{md5 challenge user}"); err != nil {
		return err
	}
	m.say(c, "USR", m.id, "OK", u.handle, u.name)
	if m.preset == Observed {
		const profile = "MIME-Version: 1.0\r\nContent-Type: text/x-msmsgsprofile; charset=UTF-8\r\nLoginTime: " +
			"{_}\r\n\r\n"
		m.say(c, "MSG Hotmail Hotmail {_}\n"+profile)
	}
	c.user = u
	if old := u.ns; old != nil {
		m.say(old, "OUT OTH")
		old.closed = true
	}
	m.setState(u, c, "FLN")
	return nil
}

func (m *model) chg(u *modelUser, o op) error {
	c, err := m.on(u)
	if err != nil {
		return err
	}
	state := modelStates[o.A%len(modelStates)]
	if err := m.command(c, "CHG", state); err != nil || state == "HOT" {
		m.fail(c, 201, 0)
		return err
	}
	m.changed(u, c, m.id, state)
	return nil
}

// changed handles a state that the client, or somebody else, has set (§7.7, §7.9).
func (m *model) changed(u *modelUser, c *modelConn, id int, state string) {
	m.say(c, "CHG", id, state)
	if u.state == "FLN" && state != "FLN" {
		for _, e := range u.lists["FL"] {
			if e.user.seen() && e.user.permits(u) {
				m.say(c, "ILN", id, e.user.state, e.user.handle, e.user.name)
			}
		}
	}
	m.setState(u, c, state)
}

// whom chooses another user, sometimes one without an account. Users on their own lists have cases
// of their own.
func (m *model) whom(u *modelUser, n int) (*modelUser, string) {
	switch n % 8 {
	case 0:
		return nil, "nobody@hotmail.com"
	case 1:
		return nil, "bob"
	}
	others := slices.DeleteFunc(slices.Clone(m.users), func(o *modelUser) bool { return o == u })
	other := others[n%len(others)]
	return other, other.handle
}

func (m *model) add(u *modelUser, o op) error {
	c, err := m.on(u)
	if err != nil {
		return err
	}
	list, name := modelLists[o.A%len(modelLists)], modelNames[o.A%len(modelNames)]
	other, handle := m.whom(u, o.B)
	if err := m.command(c, "ADD", list, handle, name); err != nil {
		return err
	}
	opposite := map[string]string{"AL": "BL", "BL": "AL"}[list]
	switch {
	case list == "RL" || list == "XL":
		m.fail(c, 201, 0)
	case handle == "bob":
		m.fail(c, 206, 201)
	case other == nil:
		m.fail(c, 205, 205)
	case u.has(list, other):
		m.fail(c, 215, 215)
	case u.has(opposite, other):
		m.fail(c, 219, 219)
	default:
		u.serial++
		m.say(c, "ADD", m.id, list, u.serial, other.handle, name)
		if list == "FL" && u.hears() && other.seen() && other.permits(u) {
			m.say(c, "ILN", m.id, other.state, other.handle, other.name)
		}
		m.insert(u, list, modelEntry{other, name})
	}
	return nil
}

func (m *model) rem(u *modelUser, o op) error {
	c, err := m.on(u)
	if err != nil {
		return err
	}
	list := modelLists[o.A%len(modelLists)]
	other, handle := m.whom(u, o.B)
	// prefer a user who is on the list
	if some := u.lists[list]; list != "RL" && len(some) > 0 && o.B%8 > 2 {
		other = some[o.B%len(some)].user
		handle = other.handle
	}
	if err := m.command(c, "REM", list, handle); err != nil {
		return err
	}
	switch {
	case list == "RL" || list == "XL":
		m.fail(c, 201, 0)
	case handle == "bob":
		m.fail(c, 206, 201)
	case other == nil:
		m.fail(c, 205, 205)
	case !u.has(list, other):
		m.fail(c, 216, 216)
	default:
		u.serial++
		m.say(c, "REM", m.id, list, u.serial, other.handle)
		m.remove(u, list, other)
	}
	return nil
}

// sayList records the lines of a list (§7.6).
func (m *model) sayList(c *modelConn, u *modelUser, list string) {
	for i, e := range u.lists[list] {
		m.say(c, "LST", m.id, list, u.serial, i+1, len(u.lists[list]), e.user.handle, e.name)
	}
	if len(u.lists[list]) == 0 {
		m.say(c, "LST", m.id, list, u.serial, 0, 0)
	}
}

func (m *model) syn(u *modelUser, o op) error {
	c, err := m.on(u)
	if err != nil {
		return err
	}
	have := []string{strconv.Itoa(u.serial), "0", strconv.Itoa(u.serial + 5), "abc"}[o.A%4]
	if err := m.command(c, "SYN", have); err != nil || have == "abc" {
		m.fail(c, 201, 0)
		return err
	}
	m.say(c, "SYN", m.id, u.serial)
	if have != strconv.Itoa(u.serial) {
		m.say(c, "GTC", m.id, u.serial, u.gtc)
		m.say(c, "BLP", m.id, u.serial, u.blp)
		for _, list := range []string{"FL", "AL", "BL", "RL"} {
			m.sayList(c, u, list)
		}
	}
	return nil
}

func (m *model) lst(u *modelUser, o op) error {
	c, err := m.on(u)
	if err != nil {
		return err
	}
	list := modelLists[o.A%len(modelLists)]
	if err := m.command(c, "LST", list); err != nil || list == "XL" {
		m.fail(c, 201, 0)
		return err
	}
	m.sayList(c, u, list)
	return nil
}

// set sends GTC or BLP.
func (m *model) set(u *modelUser, o op) error {
	c, err := m.on(u)
	if err != nil {
		return err
	}
	verb, field, values := "GTC", &u.gtc, []string{"A", "N", "Y"}
	if o.B%3 != 0 {
		verb, field, values = "BLP", &u.blp, []string{"AL", "BL", "RL"}
	}
	value := values[o.A%7%3]
	if err := m.command(c, verb, value); err != nil {
		return err
	}
	switch value {
	case values[2]:
		m.fail(c, 201, 0)
	case *field:
		m.fail(c, 218, 218)
	default:
		u.serial++
		m.say(c, verb, m.id, u.serial, value)
		m.private(u, func() { *field = value })
	}
	return nil
}

// rea renames the user or a contact; the draft has no such command.
func (m *model) rea(u *modelUser, o op) error {
	c, err := m.on(u)
	if err != nil {
		return err
	}
	other, handle := m.whom(u, o.B)
	if o.A%2 == 0 {
		other, handle = u, u.handle
	}
	name := modelNames[o.B%len(modelNames)]
	if err := m.command(c, "REA", handle, name); err != nil {
		return err
	}
	listed := other != nil && (u.has("FL", other) || u.has("AL", other) || u.has("BL", other))
	switch {
	case m.preset == Draft:
		m.fail(c, 200, 0)
	case handle == "bob":
		m.fail(c, 206, 201)
	case other != u && !listed:
		m.fail(c, 216, 216)
	default:
		u.serial++
		m.say(c, "REA", m.id, u.serial, handle, name)
		if other == u {
			if u.name = name; u.seen() {
				m.tell(u)
			}
			break
		}
		for _, list := range []string{"FL", "AL", "BL"} {
			if i := u.find(list, other); i >= 0 {
				u.lists[list][i].name = name
			}
		}
	}
	return nil
}

// odd sends what is wrong anywhere, or beyond the draft.
func (m *model) odd(u *modelUser, o op) error {
	c, err := m.on(u)
	if err != nil {
		return err
	}
	if seats := m.seats(); len(seats) > 0 && o.B%3 == 0 {
		c = seats[o.B%len(seats)]
		if err := m.command(c, "SYN", "0"); err != nil {
			return err
		}
		m.fail(c, 715, 0)
		return nil
	}
	switch o.A % 5 {
	case 0:
		err = m.command(c, "ZZZ", "x")
		m.fail(c, 200, 0)
	case 1:
		err = m.command(c, "CAL", u.handle)
		m.fail(c, 715, 0)
	case 2:
		err = m.command(c, "ADD", "FL")
		m.fail(c, 300, 0)
	case 3:
		err = m.command(c, "USR", "MD5", "I", u.handle)
		m.fail(c, 207, 207)
	case 4:
		m.history = append(m.history, c.conn.name+"> PNG")
		err = m.send(c.conn, "PNG\r\n")
		m.say(c, map[string]string{Draft: "200", Lenient: "QNG", Observed: "QNG"}[m.preset])
	}
	return err
}

// outside makes a change elsewhere, which the client receives with TrID 0.
func (m *model) outside(u *modelUser, o op) error {
	list, state := modelLists[o.A%3], modelStates[o.B%9]
	other := m.users[o.B%len(m.users)]
	opposite := map[string]string{"AL": "BL", "BL": "AL"}[list]
	var words string
	switch has := u.has(list, other); {
	case o.A%4 == 0:
		words = "CHG " + u.handle + " " + state
		if u.ns != nil {
			m.changed(u, u.ns, 0, state)
		}
	case other == u || !has && u.has(opposite, other):
		return nil
	case has:
		words = "REM " + u.handle + " " + list + " " + other.handle
		u.serial++
		m.say(u.ns, "REM 0", list, u.serial, other.handle)
		m.remove(u, list, other)
	default:
		words = "ADD " + u.handle + " " + list + " " + other.handle
		u.serial++
		m.say(u.ns, "ADD 0", list, u.serial, other.handle, other.handle)
		if list == "FL" && u.hears() && other.seen() && other.permits(u) {
			m.say(u.ns, other.nln())
		}
		m.insert(u, list, modelEntry{other, other.handle})
	}
	m.history = append(m.history, "server: "+words)
	return m.target.Do(words)
}

// insert adds an entry to a list of u, and for the forward list u to the other's reverse list
// (§5.7, §7.8).
func (m *model) insert(u *modelUser, list string, e modelEntry) {
	m.private(u, func() { u.lists[list] = append(u.lists[list], e) })
	if list == "FL" {
		e.user.serial++
		e.user.lists["RL"] = append(e.user.lists["RL"], modelEntry{u, u.name})
		m.say(e.user.ns, "ADD 0 RL", e.user.serial, u.handle, u.name)
	}
}

// remove undoes insert.
func (m *model) remove(u *modelUser, list string, other *modelUser) {
	m.private(u, func() { u.lists[list] = slices.Delete(u.lists[list], u.find(list, other), u.find(list, other)+1) })
	if list == "FL" {
		i := other.find("RL", u)
		other.lists["RL"] = slices.Delete(other.lists["RL"], i, i+1)
		other.serial++
		m.say(other.ns, "REM 0 RL", other.serial, u.handle)
	}
}

// pass lets time pass, but not so much that the proxy forgets a referral.
func (m *model) pass(_ *modelUser, o op) error {
	d := modelWaits[o.A%len(modelWaits)]
	if m.waited += d; m.through && m.waited > modelProxyTime {
		return nil
	}
	m.history = append(m.history, fmt.Sprint("time: ", d))
	m.target.Wait(d)
	return nil
}
