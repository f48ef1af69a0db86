package replay

import (
	"bytes"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/msnscope/msnscope/captures/capturestest"
	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/decode/dialect"
	"github.com/msnscope/msnscope/decode/session"
	"github.com/msnscope/msnscope/internal/compare"
)

// mutant is a recording in which the server did one thing otherwise.
type mutant struct {
	what string
	log  recording
	n    uint64  // the command, by its number in the recording
	want Verdict // "" for what is no difference
	// field is the one that differs, "" for any.
	field string
}

// mutate returns the recording with one change of the given kind, false if there is none to make.
func mutate(of recording, kind string, random *rand.Rand) (m mutant, ok bool) {
	m = mutant{what: kind, log: slices.Clone(of)}
	for range 200 {
		i := random.IntN(len(of))
		e := of[i]
		if !fromServer(e) || e.Row == nil || e.In.Opaque() {
			continue
		}
		m.n = e.N
		if mutations[kind](&m, i, random) {
			return m, true
		}
		copy(m.log, of)
	}
	return m, false
}

// mutations make a change at an event of the server's, if it can be made there.
var mutations = map[string]func(m *mutant, i int, random *rand.Rand) bool{
	"field": func(m *mutant, i int, random *rand.Rand) bool {
		return m.change(i, random, func(a dialect.Arg) bool {
			return a.Is == "" && a.Name != "LIST" &&
				slices.Contains([]dialect.Kind{dialect.Name, dialect.Number, dialect.Text}, a.Kind)
		}, Differs)
	},
	"volatile": func(m *mutant, i int, random *rand.Rand) bool {
		return m.change(i, random, func(a dialect.Arg) bool {
			return slices.Contains([]dialect.Kind{dialect.Serial, dialect.Secret, dialect.Session}, a.Kind)
		}, "")
	},
	"payload": func(m *mutant, i int, _ *rand.Rand) bool {
		e := m.log[i]
		if len(e.In.Payload()) == 0 || !bytes.ContainsAny(e.In.Raw[len(e.In.Raw)-1:], "!.?") {
			return false
		}
		m.set(i, append(bytes.Clone(e.In.Raw[:len(e.In.Raw)-1]), '~'))
		m.want, m.field = Differs, "payload"
		return true
	},
	"dropped": func(m *mutant, i int, _ *rand.Rand) bool {
		m.want = Missing
		answer := m.log[i].ReplyTo != 0
		m.log = slices.Delete(m.log, i, i+1)
		return answer
	},
	"doubled": func(m *mutant, i int, _ *rand.Rand) bool {
		m.want = Extra
		e := *m.log[i]
		e.N = m.log[len(m.log)-1].N + 1 // behind all others
		m.log = slices.Insert(m.log, i+1, &e)
		for j := i + 2; j < len(m.log); j++ { // no later one may be taken for it
			if string(m.log[j].In.Raw) == string(e.In.Raw) {
				return false
			}
		}
		m.renumber()
		return m.log[i].ReplyTo != 0 && e.Row.Kinds()&renewed == 0
	},
	"swapped": func(m *mutant, i int, _ *rand.Rand) bool {
		a, b := m.log[i], m.next(i)
		if a.ReplyTo == 0 || b < 0 || m.log[b].ReplyTo == 0 || string(a.In.Raw) == string(m.log[b].In.Raw) {
			return false
		}
		m.want, m.field, m.n = Differs, "order", m.log[b].N
		m.swap(i, b)
		return true
	},
	"free order": func(m *mutant, i int, _ *rand.Rand) bool {
		a, b := m.log[i], m.next(i)
		if b < 0 || (a.ReplyTo == 0) == (m.log[b].ReplyTo == 0) {
			return false
		}
		m.swap(i, b)
		return true
	},
	"late": func(m *mutant, i int, _ *rand.Rand) bool {
		if m.log[i].ReplyTo == 0 {
			return false
		}
		m.want, m.field = Late, "time"
		for j := i; j < len(m.log); j++ {
			e := *m.log[j]
			e.Time = e.Time.Add(5 * time.Second)
			m.log[j] = &e
		}
		return true
	},
	"not late": func(m *mutant, i int, _ *rand.Rand) bool {
		if m.log[i].ReplyTo == 0 {
			return false
		}
		for j := i; j < len(m.log); j++ {
			e := *m.log[j]
			e.Time = e.Time.Add(700 * time.Millisecond)
			m.log[j] = &e
		}
		return true
	},
}

// set replaces the bytes of a command.
func (m *mutant) set(i int, raw []byte) {
	e := *m.log[i]
	e.In = decode.Parse(raw, e.Dir, session.Table(e.Dialect).At(e.Role))
	m.log[i] = &e
}

// change changes an argument for which may returns true.
func (m *mutant) change(i int, random *rand.Rand, may func(dialect.Arg) bool, want Verdict) bool {
	e := m.log[i]
	first := random.IntN(max(e.In.NumArgs(), 1))
	for k := range e.In.NumArgs() {
		at := (first + k) % e.In.NumArgs()
		a, ok := e.Row.Arg(at)
		if !ok || !may(a) {
			continue
		}
		start, end := e.In.ArgSpan(at)
		m.set(i, splice(e.In.Raw, start, end, []byte("7"+string(e.In.Arg(at)))))
		m.want, m.field = want, a.Name
		return m.log[i].In.Verb == e.In.Verb && !m.log[i].In.Opaque()
	}
	return false
}

// next returns the index of the next event on the connection if the server sent it too, before
// anybody else did anything; -1 if not.
func (m *mutant) next(i int) int {
	if i+1 < len(m.log) && m.log[i+1].Conn == m.log[i].Conn && fromServer(m.log[i+1]) && m.log[i+1].Row != nil {
		return i + 1
	}
	return -1
}

func (m *mutant) swap(i, j int) { m.log[i], m.log[j] = m.log[j], m.log[i]; m.renumber() }

// renumber gives the events numbers in their order, and leaves answers with their requests.
func (m *mutant) renumber() {
	now := map[uint64]uint64{}
	for i, e := range m.log {
		c := *e
		if _, doubled := now[e.N]; !doubled {
			now[e.N] = uint64(i + 1)
		}
		c.N, c.ReplyTo = uint64(i+1), now[e.ReplyTo]
		m.log[i] = &c
	}
}

// events returns a shipped recording in memory.
func events(t *testing.T, name string) recording {
	log := capturestest.Samples(t, name)
	var all recording
	for i := range log.Len() {
		all = append(all, log.At(i))
	}
	return all
}

// TestMutants: whatever a server does otherwise than recorded is caught by its name, and what is
// new in every session, or free in its order, or not late enough, is not.
func TestMutants(t *testing.T) {
	each := 40
	if testing.Short() {
		each = 8
	}
	names := []string{
		"conversation.pcapng", "conference.pcapng", "presence.pcapng", "lists.pcapng", "groups.pcapng",
		"undelivered.pcapng", "elsewhere.pcapng", "synchronize.pcapng",
	}
	counts := map[string]int{}
	for f, name := range names {
		of := events(t, name)
		plan, err := NewPlan(of)
		if err != nil {
			t.Fatal(err)
		}
		random := rand.New(rand.NewPCG(uint64(f), 14))
		for kind := range mutations {
			for range max(each/len(names)*2, 1) {
				m, ok := mutate(of, kind, random)
				if !ok {
					break
				}
				counts[kind]++
				synctest.Test(t, func(t *testing.T) { m.play(t, name, plan) })
			}
		}
	}
	caught, free := 0, 0
	for kind, n := range counts {
		if kind == "volatile" || kind == "free order" || kind == "not late" {
			free += n
		} else {
			caught += n
		}
	}
	t.Logf("%d mutants to be caught, %d free: %v", caught, free, counts)
	if !testing.Short() && (caught < 400 || free < 100) {
		t.Errorf("%d mutants to be caught and %d free ones, want 400 and 100", caught, free)
	}
}

// play plays the clients of the recording against the mutant's server.
func (m *mutant) play(t *testing.T, name string, plan *Plan) {
	other, err := NewPlan(m.log)
	if err != nil {
		t.Fatal(err)
	}
	o, so := Options{Timeout: 2 * time.Second}, ServeOptions{}
	if strings.HasSuffix(m.what, "late") {
		o.Speed, so.Speed, o.Timeout = 1, 1, 20*time.Second
	}
	r := against(t, plan, other, o, so)
	if m.want == "" {
		if r.Verdict() != Same {
			t.Errorf("%s: %s of #%d: an alarm\n%s", name, m.what, m.n, troubles(r))
		}
		return
	}
	for i := range r.Outcomes {
		out := &r.Outcomes[i]
		if out.Good() {
			continue
		}
		named := out.N == m.n || out.Verdict == Extra
		if out.Verdict != m.want || !named || m.field != "" && !slices.ContainsFunc(out.Diffs, m.isField) {
			t.Errorf("%s: %s %s of #%d was caught as\n%s", name, m.what, m.field, m.n, troubles(r))
		}
		return // what follows from it follows
	}
	t.Errorf("%s: %s %s of #%d was not caught", name, m.what, m.field, m.n)
}

func (m *mutant) isField(d compare.Diff) bool {
	return d.Field == m.field || strings.HasPrefix(d.Field, m.field+"[")
}
