package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/msnscope/msnscope/internal/eventlog"
	"github.com/msnscope/msnscope/internal/filter"
	"github.com/msnscope/msnscope/internal/lesson"
	"github.com/msnscope/msnscope/ui"
)

// learnFlags are the flags of learn.
type learnFlags struct {
	dir           string
	list, answers bool
	restart       bool
}

func learnCommand(e *env) *cobra.Command {
	var f learnFlags
	c := &cobra.Command{
		Use:   "learn [LESSON]",
		Short: "Lessons about the protocol, in the inspector",
		Long: "Plays a lesson: a recording, step by step, with what happens and why, and questions to answer.\n" +
			"Any command that means the same as the answer is right. Exercises let you speak to a server of your\n" +
			"own. LESSON is a name or a number of --list; without it, learn goes on where you left off.\n" +
			"\n" +
			"Enter answers or goes on, ] and [ turn the pages, q quits. What you have solved is kept in\n" +
			"$XDG_STATE_HOME/msnscope/lessons (~/.local/state/...). Without a terminal, learn prints the lesson.\n" +
			"\n" +
			"--dir adds the lessons of a folder: each is a Markdown file with its recording beside it.\n" +
			"docs/LESSONS.md says how to write one.",
		Example: "  msnscope learn\n" +
			"  msnscope learn --list\n" +
			"  msnscope learn logon",
		Args: func(c *cobra.Command, args []string) error {
			if len(args) > 1 {
				return noArgs(c, args[1:])
			}
			return nil
		},
		ValidArgsFunction: func(_ *cobra.Command, args []string, begun string) ([]string, cobra.ShellCompDirective) {
			return lessonNames(f.dir, args, begun), cobra.ShellCompDirectiveNoFileComp
		},
		RunE: func(c *cobra.Command, args []string) error { return f.run(c.Context(), e, args) },
	}
	fs := c.Flags()
	fs.SortFlags = false
	fs.BoolVar(&f.list, "list", false, "list the lessons, and what of them is solved")
	fs.StringVar(&f.dir, "dir", "", "add the lessons of the folder `DIR`")
	fs.BoolVar(&f.restart, "restart", false, "begin the lesson at its first page")
	fs.BoolVar(&f.answers, "answers", false, "print the lesson as text, with the answers")
	return c
}

func (f *learnFlags) run(ctx context.Context, e *env, args []string) error {
	all, err := findLessons(f.dir)
	if err != nil {
		return err
	}
	done := loadProgress(e.getenv)
	if f.list {
		return f.print(e, all, done)
	}
	at := firstOpen(all, done)
	if len(args) > 0 {
		if at, err = chooseLesson(all, args[0]); err != nil {
			return err
		}
	}
	for {
		onward, err := f.play(ctx, e, all, at, done)
		if err != nil || !onward {
			return err
		}
		at++
	}
}

// play plays a lesson, or prints it where there is no terminal. It reports whether the learner
// wants the next one.
func (f *learnFlags) play(ctx context.Context, e *env, all []*source, at int, done *progress) (bool, error) {
	s := all[at]
	log := eventlog.New(eventlog.Options{})
	defer log.Close()
	l, err := s.load(ctx, e, log)
	if err != nil {
		return false, err
	}
	if f.answers || !isTerminal(e.stdout) || !isTerminal(e.stdin) {
		width, _ := e.page()
		_, err := io.WriteString(e.stdout, lesson.Text(l, width, f.answers))
		return false, writeError(err)
	}
	t := &ui.Teaching{
		Lesson: l, Next: lessonTitle(all, at+1),
		Keep:     func(page int, solved []bool) error { return done.keep(s.key, page, solved) },
		Practise: func(x *lesson.Exercise) (ui.Practice, error) { return e.practise(ctx, x) },
	}
	t.Page, t.Solved = done.of(s.key, len(l.Steps))
	if f.restart || t.Page > len(l.Steps) {
		t.Page = 0
	}
	title := "lesson " + strconv.Itoa(at+1) + ": " + l.Title
	o := ui.Options{Log: log, Title: func() string { return title }, Teaching: t}
	err = e.runInspector(ctx, o, "msnscope learn "+s.name+" --answers prints the lesson")
	return t.Onward, err
}

// print lists the lessons. Those that cannot be read are reported after the others.
func (f *learnFlags) print(e *env, all []*source, done *progress) error {
	var failed error
	var b strings.Builder
	for i, s := range all {
		l, err := s.parse()
		if err != nil {
			if failed != nil {
				e.report(failed)
			}
			failed = err
			continue
		}
		solved, of := done.score(s.key, l)
		fmt.Fprintf(&b, "%2d  %-16s %2d/%-2d  %s\n", i+1, s.name, solved, of, l.Title)
	}
	if _, err := io.WriteString(e.stdout, b.String()); err != nil {
		return writeError(err)
	}
	return failed
}

// chooseLesson returns the index of the lesson that a name or number means.
func chooseLesson(all []*source, word string) (int, error) {
	var names []string
	for i, s := range all {
		if strings.EqualFold(s.name, strings.TrimSuffix(filepath.Base(word), ".md")) {
			return i, nil
		}
		names = append(names, s.name)
	}
	if n, err := strconv.Atoi(word); err == nil && n >= 1 && n <= len(all) {
		return n - 1, nil
	}
	hint := "msnscope learn --list lists the lessons"
	if like := filter.Closest(word, names); like != "" {
		hint = "did you mean " + like + "? " + hint
	}
	return 0, &exitError{exitUsage, fmt.Errorf("there is no lesson %q", word), hint}
}

// firstOpen returns the index of the lesson to go on with: the first with something to solve, or
// the first of all.
func firstOpen(all []*source, done *progress) int {
	for i, s := range all {
		l, err := s.parse()
		if err != nil {
			continue
		}
		if solved, of := done.score(s.key, l); solved < of {
			return i
		}
	}
	return 0
}

// lessonTitle returns the title of a lesson, "" if there is none.
func lessonTitle(all []*source, at int) string {
	if at >= len(all) {
		return ""
	}
	l, err := all[at].parse()
	if err != nil {
		return ""
	}
	return l.Title
}

// lessonNames returns the names of lessons that begin like a word, for completion.
func lessonNames(dir string, args []string, begun string) (names []string) {
	all, err := findLessons(dir)
	if err != nil || len(args) > 0 {
		return nil
	}
	for _, s := range all {
		if strings.HasPrefix(s.name, begun) {
			names = append(names, s.name)
		}
	}
	return names
}

var errNoLessons = errors.New("there are no lessons")
