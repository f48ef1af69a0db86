package main

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/msnscope/msnscope/captures/samples"
	"github.com/msnscope/msnscope/internal/lesson"
)

// exercises returns the shipped exercises by lesson and step.
func exercises(t *testing.T) map[string]*lesson.Exercise {
	t.Helper()
	found := map[string]*lesson.Exercise{}
	for _, name := range samples.Lessons {
		l, err := (&source{name: name}).parse()
		if err != nil {
			t.Fatal(err)
		}
		for i := range l.Steps {
			if x := l.Steps[i].Exercise; x != nil {
				found[name+": "+l.Steps[i].Title] = x
			}
		}
	}
	return found
}

// TestExercises: each exercise is solved by its solution, typed line by line, at a live server; and
// it is not solved before the last line.
func TestExercises(t *testing.T) {
	for name, x := range exercises(t) {
		t.Run(name, func(t *testing.T) {
			p, err := (&env{}).practise(t.Context(), x)
			if err != nil {
				t.Fatal(err)
			}
			defer p.Close()
			a := x.Try()
			log := p.Log()
			seen := log.Len()
			observe := func() {
				for ; seen < log.Len(); seen++ {
					a.Observe(log.At(seen))
				}
			}
			for i, line := range x.Solution {
				if a.Done() {
					t.Fatalf("it is solved before line %d", i+1)
				}
				var l lesson.Line
				await(t, "what "+line+" needs", func() bool {
					observe()
					l, err = a.Line(line)
					return err == nil
				})
				from := log.Len()
				if err := p.Send(l.On, l.Raw); err != nil {
					t.Fatalf("%s: %v", line, err)
				}
				await(t, "an effect of "+line, func() bool {
					observe()
					return log.Len() >= from+2 || a.Done() // the line, and what the server says about it
				})
			}
			await(t, "all goals", func() bool {
				observe()
				return a.Done() || a.Broken() != ""
			})
			if a.Broken() != "" {
				t.Errorf("it is broken: %s", a.Broken())
			}
		})
	}
}

// TestExerciseEnds: an exercise that is left, at any time, leaves nothing behind; one that cannot
// begin says so.
func TestExerciseEnds(t *testing.T) {
	x := &lesson.Exercise{You: lesson.Handle("alice"), Begin: 2, With: []string{lesson.Handle("bob")}}
	p, err := (&env{}).practise(t.Context(), x)
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Send(0, []byte("XFR 9 SB\r\n")); err != nil {
		t.Error(err)
	}
	p.Close()
	if err := p.Send(0, []byte("OUT\r\n")); err == nil {
		t.Error("a server that is closed takes a line")
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := (&env{}).practise(ctx, x); !errors.Is(err, context.Canceled) {
		t.Errorf("with a context that has ended: %v", err)
	}
}

// TestProgress: what was solved is known in the next run, lessons do not disturb each other,
// whatever their names are, and what is no progress is passed over.
func TestProgress(t *testing.T) {
	dir := t.TempDir()
	getenv := func(name string) string { return map[string]string{"XDG_STATE_HOME": dir}[name] }
	p := loadProgress(getenv)
	odd := "/tmp/a \"b\" \n1 2"
	for _, key := range []string{"logon", odd, "logon"} {
		if err := p.keep(key, 2, []bool{true, false, true}); err != nil {
			t.Fatal(err)
		}
	}
	path := filepath.Join(dir, "msnscope", "lessons")
	text, err := os.ReadFile(path)
	if err != nil || strings.Count(string(text), "\n") != 2 {
		t.Fatalf("the file is %q, %v", text, err)
	}
	wrong := "nonsense\n\"x\n\"logon2\" x y,-1,99999999999999999999\n"
	if err := os.WriteFile(path, append([]byte(wrong), text...), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{"logon", odd} {
		page, solved := loadProgress(getenv).of(key, 2) // the lesson has become shorter
		if page != 2 || len(solved) != 2 || !solved[0] || solved[1] {
			t.Errorf("%q: page %d, solved %v", key, page, solved)
		}
	}
	if page, solved := loadProgress(getenv).of("logon2", 1); page != 0 || solved[0] {
		t.Errorf("page %d, solved %v of a line that is wrong", page, solved)
	}
	if err := loadProgress(func(string) string { return "" }).keep("logon", 1, nil); err != nil {
		t.Errorf("a user without a home: %v", err)
	}
}
