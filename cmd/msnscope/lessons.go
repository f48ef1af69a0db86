package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/msnscope/msnscope/captures"
	"github.com/msnscope/msnscope/captures/samples"
	"github.com/msnscope/msnscope/internal/eventlog"
	"github.com/msnscope/msnscope/internal/lesson"
	"github.com/msnscope/msnscope/internal/notation"
)

// source is a lesson that has been found, and may not have been read yet.
type source struct {
	name string // without .md
	path string // of the file; "" for one that comes with the program
	key  string // under which its progress is kept
}

// findLessons returns the lessons that come with the program, then those of a folder, "" for none.
func findLessons(dir string) ([]*source, error) {
	var all []*source
	for _, name := range samples.Lessons {
		all = append(all, &source{name: name, key: name})
	}
	if dir == "" {
		return all, nil
	}
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, &exitError{exitIO, err, ""}
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, &exitError{exitIO, fmt.Errorf("--dir: %w", err), ""}
	}
	found := 0
	for _, entry := range entries {
		name, ok := strings.CutSuffix(entry.Name(), ".md")
		if !ok || entry.IsDir() || strings.EqualFold(name, "README") {
			continue
		}
		path := filepath.Join(dir, entry.Name())
		all = append(all, &source{name: name, path: path, key: path})
		found++
	}
	if found == 0 {
		return nil, &exitError{
			exitUsage, fmt.Errorf("--dir %s: %w", dir, errNoLessons),
			"a lesson is a file NAME.md with its recording NAME.pcapng beside it; docs/LESSONS.md says how to " +
				"write one",
		}
	}
	return all, nil
}

// parse reads the lesson's file.
func (s *source) parse() (*lesson.Lesson, error) {
	text, err := s.read()
	if err != nil {
		return nil, &exitError{exitIO, err, ""}
	}
	l, err := lesson.Parse(s.name, text)
	return l, s.wrong(err)
}

func (s *source) read() ([]byte, error) {
	if s.path == "" {
		return samples.FS.ReadFile(s.name + ".md")
	}
	f, err := os.Open(s.path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, lesson.MaxSize+1))
}

// wrong names the file in an error of its text.
func (s *source) wrong(err error) error {
	var at *notation.Error
	if !errors.As(err, &at) {
		return err
	}
	path := s.path
	if path == "" {
		path = s.name + ".md"
	}
	return &exitError{
		exitIO, fmt.Errorf("%s:%d:%d: %s", printable(path), at.Line, at.Column, at.Msg),
		"docs/LESSONS.md says how a lesson is written",
	}
}

// load reads the lesson, and its recording into an empty log, and brings both together.
func (s *source) load(ctx context.Context, e *env, log *eventlog.Log) (*lesson.Lesson, error) {
	l, err := s.parse()
	if err != nil {
		return nil, err
	}
	if err := s.loadRecording(ctx, e, l.Recording, log); err != nil {
		return nil, err
	}
	return l, s.wrong(lesson.Bind(l, log))
}

func (s *source) loadRecording(ctx context.Context, e *env, name string, log *eventlog.Log) error {
	into := captures.NewLoader(log)
	if s.path != "" {
		return e.load(ctx, filepath.Join(filepath.Dir(s.path), name), into)
	}
	raw, err := samples.FS.ReadFile(name)
	if err != nil {
		return &exitError{exitIO, err, ""}
	}
	return loadError(into.LoadReader(ctx, bytes.NewReader(raw), name, nil))
}
