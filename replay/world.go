package replay

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/msnscope/msnscope/decode/dialect"
	"github.com/msnscope/msnscope/decode/referral"
	"github.com/msnscope/msnscope/decode/session"
)

// World is what a recording presupposes: the accounts as they were before it began, and the
// settings of the server, as far as the recording shows them.
type World struct {
	// Accounts are the users that the server knew, by handle.
	Accounts []Account
	// NoDispatch is true if users signed in at a notification server directly.
	NoDispatch bool
	// Notification has the addresses of the notification servers, in the order of their first
	// connections or referrals.
	Notification []string
	// ListLimit is how many entries a list could have, where one was full (210). UserSessions and
	// UserConnections are how many switchboard sessions (714) and connections (600) a user could
	// have, where one had as many. 0 means that nothing shows it.
	ListLimit, UserSessions, UserConnections int
}

// Account is one user as the server knew it.
type Account struct {
	Handle string // in lower case
	Name   string // as on the wire, "" where nothing shows it
	// Lists has the entries of FL, AL and BL, in their order.
	Lists [3][]Entry
	// Settings has the values of settings by the verbs that set them, as far as the recording shows
	// them.
	Settings map[string]string
	Serial   int // the version of lists and settings, 0 where nothing shows it
}

// Entry is an entry of a list.
type Entry struct{ Handle, Name string }

// Add adds an account of which only the handle is known, unless there is one.
func (w *World) Add(handle string) {
	handle = strings.ToLower(handle)
	if !slices.ContainsFunc(w.Accounts, func(a Account) bool { return a.Handle == handle }) {
		w.Accounts = append(w.Accounts, Account{Handle: handle})
	}
}

// The lists of an [Account], by index.
var accountLists = [...]string{"FL", "AL", "BL"}

// maxUsers is how many accounts a World has at most: more than any person's recording needs.
const maxUsers = 10_000

// nobody lists the errors that a server may answer because there is no such user (§7.11).
var nobody = []int{201, 205, 206, 208, 217}

// World reads the whole log and returns what it presupposes. The first command that shows a list
// entry or a setting decides what it was before: an entry that was listed, removed, or refused
// because it was there already was there from the beginning; one that was added was not.
func (p *Plan) World() *World {
	w := &historian{
		plan: p, accounts: map[string]*Account{}, known: map[string]bool{}, shown: map[string]bool{},
		asked: map[uint64]*session.Event{}, size: map[string]int{}, raised: map[string]int{},
		servers: map[string]bool{}, open: map[int]bool{},
	}
	events := readerOf(p.log)
	for i := range p.log.Len() {
		w.take(events.At(i), i)
	}
	return w.world()
}

// Users returns the handles that the recorded server knew, each once, in lower case and sorted. A
// server on which the plan is to go as recorded needs accounts for them.
func (p *Plan) Users() []string {
	var handles []string
	for _, a := range p.World().Accounts {
		handles = append(handles, a.Handle)
	}
	return handles
}

// historian concludes from what was said how things had been before.
type historian struct {
	plan     *Plan
	result   World
	accounts map[string]*Account
	known    map[string]bool // the users that the server knew
	shown    map[string]bool // what is settled: an entry by "user list other", a setting by "user GTC"
	asked    map[uint64]*session.Event
	size     map[string]int // of each list, as far as it is known
	raised   map[string]int // how often each account changed
	servers  map[string]bool
	open     map[int]bool // connections
	directs  bool         // somebody signed in without having been referred
	refers   bool         // there is a dispatch server
}

// maxAsked is how many requests without an answer are remembered.
const maxAsked = 1 << 14

func (w *historian) take(e *session.Event, i int) {
	switch {
	case e.Kind == session.Close:
		delete(w.open, e.Conn)
	case fromClient(e):
		w.open[e.Conn] = true
		if len(w.asked) < maxAsked && e.Row != nil {
			own := w.plan.log.At(i)
			w.asked[e.N] = own
		}
	case fromServer(e):
		w.server(e)
	}
}

func (w *historian) server(e *session.Event) {
	var request *session.Event
	if e.ReplyTo != 0 {
		request = w.asked[e.ReplyTo]
	}
	if code := e.In.Verb.Code(); code != 0 {
		w.refused(e, request, code)
		delete(w.asked, e.ReplyTo)
		return
	}
	w.know(e, true)
	if request != nil {
		w.know(request, false)
	}
	if e.Row == nil {
		return
	}
	user := strings.ToLower(e.User)
	v := valuesOf(e)
	w.version(user, e, request, v)
	switch e.Row.Effect(e.Role) {
	case dialect.LogsOn:
		w.settle(user+" name", func(a *Account) { a.Name = v.name })
		w.logon(e)
	case dialect.SetsSetting:
		w.setting(user, e, request, v)
	case dialect.ListEntry:
		w.listed(user, v)
	case dialect.ListGains:
		w.gained(user, v)
	case dialect.ListLoses:
		w.lost(user, v)
	case dialect.ContactPresent, dialect.ContactGone:
		w.has(user, "FL", values{other: v.other}, true)
		w.named(v)
	case dialect.IsThere:
		w.named(v)
	}
	if address, ok := referral.Normalize(string(e.Row.Find(&e.In, dialect.HostPort))); ok {
		w.refers = w.refers || e.Role == dialect.DS
		if e.Row.Find(&e.In, dialect.Cookie) == nil {
			w.remember(address)
		}
	}
}

// named records the name under which a user appears to others.
func (w *historian) named(v values) {
	if v.name != "" {
		w.settle(v.other+" name", func(a *Account) { a.Name = v.name })
	}
}

// remember remembers a notification server.
func (w *historian) remember(address string) {
	if address != "" && !w.servers[address] {
		w.servers[address] = true
		w.result.Notification = append(w.result.Notification, address)
	}
}

// version follows the versions of accounts: each change of a list or a setting raises one, or two
// (§7.5, §7.8).
func (w *historian) version(user string, e, request *session.Event, v values) {
	if v.serial == 0 {
		return
	}
	if request != nil && request.In.Verb == e.In.Verb && e.Row.Effect(e.Role) != dialect.ListVersion &&
		e.Row.Effect(e.Role) != dialect.ListEntry {
		w.raised[user]++
		if v.list == accountLists[0] {
			w.raised[v.other]++
		}
	}
	w.settle(user+" serial", func(a *Account) { a.Serial = v.serial - w.raised[user] })
}

// logon records at which server a user signed in.
func (w *historian) logon(e *session.Event) {
	if c := w.plan.conns[e.Conn]; c != nil && c.referral == 0 && c.via == 0 {
		w.directs = true
	}
	if address, ok := referral.Normalize(e.Server); ok {
		w.remember(address)
	}
}

// refused draws conclusions from an error.
func (w *historian) refused(e, request *session.Event, code int) {
	if request == nil || request.Row == nil {
		return
	}
	if !slices.Contains(nobody, code) {
		w.know(request, false)
	}
	user, v := strings.ToLower(e.User), valuesOf(request)
	switch code {
	case 210: // the list is full
		w.result.ListLimit = cmp.Or(w.result.ListLimit, w.size[user+" "+v.list])
	case 215:
		w.has(user, v.list, v, true)
	case 216:
		w.has(user, v.list, v, false)
	case 600: // as many connections as a user may have
		w.result.UserConnections = cmp.Or(w.result.UserConnections, w.opened(user, 0, e.Conn))
	case 714: // as many sessions as a user may have
		w.result.UserSessions = cmp.Or(w.result.UserSessions, w.opened(user, dialect.SB, e.Conn))
	}
}

// opened returns how many open connections the user has to servers of the role (0: any but dispatch
// servers), not counting the connection but.
func (w *historian) opened(user string, role dialect.Role, but int) (n int) {
	for id := range w.open {
		c := w.plan.conns[id]
		if id == but || c == nil || !strings.EqualFold(c.user, user) {
			continue
		}
		if c.role == role || role == 0 && c.role != dialect.DS {
			n++
		}
	}
	return n
}

// know records that the server knew the users whom a command names, the connection's own user only
// if self is set.
func (w *historian) know(e *session.Event, self bool) {
	for _, h := range handlesIn(e, self) {
		if len(w.known) < maxUsers {
			w.known[strings.ToLower(h)] = true
		}
	}
}

// world returns what was concluded.
func (w *historian) world() *World {
	for _, h := range slices.Sorted(maps.Keys(w.known)) {
		a := w.account(h)
		for l, list := range a.Lists {
			a.Lists[l] = slices.DeleteFunc(list, func(e Entry) bool { return !w.known[e.Handle] })
		}
		w.result.Accounts = append(w.result.Accounts, *a)
	}
	w.result.NoDispatch = w.directs && !w.refers
	return &w.result
}

// handlesIn returns the handles in the arguments of a command as it was received, that of the
// connection's own user only if self is set.
func handlesIn(e *session.Event, self bool) []string {
	if e.Row == nil {
		return nil
	}
	var handles []string
	for i := range e.In.NumArgs() {
		a, ok := e.Row.Arg(i)
		if !ok || a.Kind != dialect.Handle && !(self && a.Kind == dialect.Self) {
			continue
		}
		if h := string(a.Value(e.In.Arg(i))); strings.Contains(h, "@") {
			handles = append(handles, h)
		}
	}
	return handles
}
