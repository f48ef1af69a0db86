package replay

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/msnscope/msnscope/decode/dialect"
)

// TestOtherHabits: a server with the habits of others that speak MSNP2 differs from a recording of
// ours in these habits, and in nothing else.
func TestOtherHabits(t *testing.T) {
	for _, tc := range []struct {
		name  string
		habit func(m *mutant)
		want  string // the troubles
		of    string // the recording, conversation if empty
	}{
		{
			"session numbers of 31 digits", func(m *mutant) {
				m.each(func(i int) {
					for at := range m.log[i].In.NumArgs() {
						if a, ok := m.log[i].Row.Arg(at); ok && a.Kind == dialect.Session {
							start, end := m.log[i].In.ArgSpan(at)
							m.set(i, splice(m.log[i].In.Raw, start, end, []byte("0123456789abcdef0123456789abcde")))
						}
					}
				})
			}, "", "",
		},
		{
			"serials from another number on", func(m *mutant) {
				m.each(func(i int) {
					for at := range m.log[i].In.NumArgs() {
						if a, ok := m.log[i].Row.Arg(at); ok && a.Kind == dialect.Serial {
							start, end := m.log[i].In.ArgSpan(at)
							m.set(i, splice(m.log[i].In.Raw, start, end, fmt.Appendf(nil, "5%s", m.log[i].In.Arg(at))))
						}
					}
				})
			}, "", "",
		},
		{
			"OUT is answered by a close alone", func(m *mutant) {
				m.drop(func(i int) bool { return string(m.log[i].In.Line()) == "OUT" })
			}, "4 missing OUT\n2 missing OUT", "",
		},
		{
			"CVR0 is wanted beside MSNP2", func(m *mutant) {
				m.each(func(i int) {
					if string(m.log[i].In.Line()) == "VER 0 MSNP2" {
						m.set(i, []byte("VER 0 0\r\n"))
					}
				})
			}, "1 differs VER 0 MSNP2 [DialectName: want MSNP2, got 0]\n" +
				"3 differs VER 0 MSNP2 [DialectName: want MSNP2, got 0]", "",
		},
		{
			"a roster without numbers", func(m *mutant) {
				m.drop(func(i int) bool { return strings.HasPrefix(string(m.log[i].In.Line()), "IRO ") })
			}, "6 missing IRO 1 1 1 alice@hotmail.com alice", "",
		},
		{
			"silence where the draft wants an error", func(m *mutant) {
				m.drop(func(i int) bool { return m.log[i].In.Verb.Code() != 0 })
			}, "5 missing 215 6\n5 missing 201 10\n5 missing 217 12", "undelivered",
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			of := events(t, cmp.Or(tc.of, "conversation")+".pcapng")
			plan, err := NewPlan(of)
			if err != nil {
				t.Fatal(err)
			}
			m := mutant{log: slices.Clone(of)}
			tc.habit(&m)
			other, err := NewPlan(m.log)
			if err != nil {
				t.Fatal(err)
			}
			synctest.Test(t, func(t *testing.T) {
				got := troubles(against(t, plan, other, Options{Timeout: 2 * time.Second}, ServeOptions{}))
				if got != tc.want {
					t.Errorf("troubles:\n%s\nwant\n%s", got, tc.want)
				}
			})
		})
	}
}

// each calls f with the index of each command of the server's.
func (m *mutant) each(f func(i int)) {
	for i, e := range m.log {
		if fromServer(e) && e.Row != nil {
			f(i)
		}
	}
}

// drop leaves out the commands of the server's for which f returns true.
func (m *mutant) drop(f func(i int) bool) {
	var rest recording
	for i, e := range m.log {
		if !fromServer(e) || !f(i) {
			rest = append(rest, e)
		}
	}
	m.log = rest
}
