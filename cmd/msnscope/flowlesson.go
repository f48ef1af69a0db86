package main

import (
	"context"
	"errors"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/msnscope/msnscope/decode/lint"
	"github.com/msnscope/msnscope/internal/eventlog"
	"github.com/msnscope/msnscope/ui/flow"
)

// args checks that there are captures or a lesson to be drawn, and not both.
func (f *flowFlags) args(c *cobra.Command, args []string) error {
	switch {
	case c.Flags().Changed("lesson") && f.lesson == "":
		return usage("--lesson: name a lesson; msnscope learn --list lists them")
	case f.lesson == "" && f.dir != "":
		return usage("--dir has the lessons for --lesson, which is missing")
	case f.lesson == "":
		return files(c, args)
	case len(args) > 0:
		return &exitError{
			exitUsage, errors.New("--lesson has a recording of its own, and takes no other capture"),
			"msnscope flow FILE draws a capture without a lesson",
		}
	case f.expr != "":
		return usage("-Y draws a part of a capture; a lesson is drawn whole")
	}
	return nil
}

// teach writes a lesson as a page. The log is empty, and is filled with the lesson's recording.
func (f *flowFlags) teach(ctx context.Context, e *env, log *eventlog.Log, rules *lint.Options) error {
	form, err := f.formOf()
	if err != nil {
		return err
	}
	if form != "html" {
		return &exitError{
			exitUsage, errors.New("a lesson is drawn as a page only"),
			"name a file, as in -o lesson.html, or write the page to standard output with -T html; " +
				"msnscope learn LESSON prints a lesson as text",
		}
	}
	all, err := findLessons(f.dir)
	if err != nil {
		return err
	}
	at, err := chooseLesson(all, f.lesson)
	if err != nil {
		return err
	}
	l, err := all[at].load(ctx, e, log)
	if err != nil {
		return err
	}
	m, err := ladderOf(ctx, log, rules, nil, false)
	if err != nil {
		return err
	}
	if m.Rows() > flow.MaxPicture {
		return tooMany(m, "the recording of a lesson that is to be a page has to be shorter")
	}
	d := drawing{Flow: flow.Flow{Model: m, Title: l.Title}, form: form, lesson: l, env: e}
	var inputs []string // that must not be overwritten
	if path := all[at].path; path != "" {
		inputs = []string{path, filepath.Join(filepath.Dir(path), l.Recording)}
	}
	return d.to(ctx, f.out, inputs)
}
