package main

import (
	"fmt"
	"io/fs"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/msnscope/msnscope/captures/capturestest"
	"github.com/msnscope/msnscope/captures/samples"
	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/decode/dialect"
	"github.com/msnscope/msnscope/decode/lint"
	"github.com/msnscope/msnscope/decode/session"
	"github.com/msnscope/msnscope/internal/explain"
	"github.com/msnscope/msnscope/internal/lesson"
	"github.com/msnscope/msnscope/server"
)

// thing is a row of the coverage table: a command of the draft in one direction, a state, a list or
// an error.
type thing struct {
	kind, word string
	dir        decode.Dir // of a command, else 0
	means      string
}

// ofDraft returns all things that the draft has.
func ofDraft() (all []thing) {
	seen := map[string]bool{}
	for _, dir := range []decode.Dir{decode.FromClient, decode.FromServer} {
		for _, row := range dialect.MSNP2.Rows() {
			key := row.Verb + string(dir)
			if row.Dir == dir && !row.Extension && row.Verb != "###" && !seen[key] {
				seen[key] = true
				all = append(all, thing{
					map[decode.Dir]string{'C': "from the client", 'S': "from the server"}[dir],
					row.Verb, dir, row.Means,
				})
			}
		}
	}
	for kind, words := range map[string][]string{explain.State: dialect.States, explain.List: dialect.Lists} {
		for _, w := range words {
			all = append(all, thing{kind: kind, word: w})
		}
	}
	for _, code := range decode.ErrorCodes() {
		if decode.ErrorInDraft(code) {
			all = append(all, thing{kind: explain.ErrorCode, word: strconv.Itoa(code)})
		}
	}
	order := []string{"from the client", "from the server", explain.State, explain.List, explain.ErrorCode}
	slices.SortStableFunc(all, func(a, b thing) int {
		return slices.Index(order, a.kind) - slices.Index(order, b.kind)
	})
	return all
}

// keys returns the names of what an event shows, as key names the rows.
func keysOf(e *session.Event) (keys []string) {
	if e.Kind != session.Command || e.Row == nil {
		return nil
	}
	if e.In.Verb.Code() != 0 {
		return []string{explain.ErrorCode + " " + e.In.Verb.String()}
	}
	keys = append(keys, string(e.Dir)+" "+e.In.Verb.String())
	for i := range e.In.NumArgs() {
		switch arg, _ := e.Row.Arg(i); arg.Name {
		case "State", "Substate":
			keys = append(keys, explain.State+" "+string(e.In.Arg(i)))
		case "LIST":
			keys = append(keys, explain.List+" "+string(e.In.Arg(i)))
		}
	}
	return keys
}

func (x *thing) key() string {
	if x.dir != 0 {
		return string(x.dir) + " " + x.word
	}
	return x.kind + " " + x.word
}

// evidence is what the recordings and lessons show, by key.
type evidence struct {
	decoded, served map[string]bool
	lesson          map[string]string // the first lesson that shows it
}

// gather reads the recordings of our own server, and the lessons.
func gather(t *testing.T) evidence {
	t.Helper()
	ev := evidence{map[string]bool{}, map[string]bool{}, map[string]string{}}
	names, err := fs.Glob(samples.FS, "*.pcapng")
	if err != nil {
		t.Fatal(err)
	}
	refused := map[uint64]bool{}
	for _, name := range names {
		log := capturestest.Samples(t, name)
		clear(refused)
		for i := range log.Len() {
			if e := log.At(i); e.In.Verb.Code() != 0 {
				refused[e.ReplyTo] = true
			}
		}
		for i := range log.Len() {
			e := log.At(i)
			for _, key := range keysOf(e) {
				ev.decoded[key] = true
				if e.Flags&(session.Injected|session.Fault) == 0 && !refused[e.N] {
					ev.served[key] = true
				}
			}
		}
	}
	for _, name := range samples.Lessons {
		l, err := (&source{name: name}).parse()
		if err == nil {
			err = lesson.Bind(l, capturestest.Samples(t, l.Recording))
		}
		if err != nil {
			t.Fatal(err)
		}
		for i := range l.Steps {
			for _, c := range l.Steps[i].Shows {
				for _, key := range keysOf(c.Event()) {
					if ev.lesson[key] == "" {
						ev.lesson[key] = name
					}
				}
			}
		}
	}
	return ev
}

const tick = "✓"

// served returns a tick, or why the embedded server does not have it.
func (ev *evidence) servedCell(x *thing) string {
	code, _ := strconv.Atoi(x.word)
	switch {
	case ev.served[x.key()], x.kind == explain.ErrorCode && slices.Contains(server.Errors(), code):
		return tick
	case x.kind == explain.ErrorCode:
		return fmt.Sprintf("it is never in that trouble: `--fault error:code=%s`", x.word)
	}
	return "MISSING"
}

// lintCell returns the rules about it, or why there are none of its own.
func lintCell(x *thing) string {
	switch x.kind {
	case explain.State:
		return tick + " S01, S02"
	case explain.List:
		return tick + " P08"
	case explain.ErrorCode:
		return tick + " E01 to E03"
	}
	var ids []string
	for _, r := range lint.Rules() {
		if slices.Contains(r.Verbs(), x.word) && r.ID[0] != 'D' { // the draft has no file transfers
			ids = append(ids, r.ID)
		}
	}
	if len(ids) == 0 {
		return "only by the rules for all commands (F, T)"
	}
	return tick + " " + strings.Join(ids, ", ")
}

// coverage returns docs/COVERAGE.md.
func coverage(t *testing.T) string {
	ev := gather(t)
	var b strings.Builder
	b.WriteString("# What covers the draft\n\nGenerated by a test from the command table, the server, lint and " +
		"the lessons: each " +
		"command, state, list and error of the draft, and where it is decoded (it is in a shipped recording, and " +
		"understood there), " +
		"explained (`msnscope explain`), served (by the embedded server), linted (by rules of its own) and " +
		"taught (the first lesson " +
		"that shows it). A cell has a tick, or the reason why not.\n")
	kind := ""
	for _, x := range ofDraft() {
		if x.kind != kind {
			kind = x.kind
			fmt.Fprintf(&b, "\n## %s\n\n| | decoded | explained | served | linted | in a lesson "+
				"|\n|---|---|---|---|---|---|\n",
				headings[kind])
		}
		decoded, explained, taught := "MISSING", "MISSING", "MISSING"
		if ev.decoded[x.key()] {
			decoded = tick
		}
		if len(explain.Lookup(x.word)) > 0 {
			explained = tick
		}
		if name := ev.lesson[x.key()]; name != "" {
			taught = fmt.Sprintf("%s [%s](../captures/samples/%s.md)", tick, name, name)
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %s | %s | %s "+
			"|\n", x.word, decoded, explained, ev.servedCell(&x), lintCell(&x), taught)
	}
	if strings.Contains(b.String(), "MISSING") {
		t.Errorf("cells of the coverage table have neither a tick nor a reason:\n%s", b.String())
	}
	return b.String()
}

var headings = map[string]string{
	"from the client": "Commands from the client", "from the server": "Commands from the server",
	explain.State: "States", explain.List: "Lists", explain.ErrorCode: "Errors",
}
