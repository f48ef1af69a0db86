package main

import (
	"io"
	"os"
	"strconv"
	"strings"

	"github.com/msnscope/msnscope/internal/lesson"
	"github.com/msnscope/msnscope/internal/outfile"
)

// progress is what a learner has done, in a file with a line "KEY" PAGE STEP,STEP for each lesson:
// the page on which the learner is and the steps that are solved, from 1.
type progress struct{ path string }

// maxProgress is how much of the file is read, in bytes: thousands of lessons.
const maxProgress = 1 << 20

// loadProgress returns the progress of the user; a user without a home has none that is kept.
func loadProgress(getenv func(string) string) *progress {
	return &progress{userFile(getenv, "XDG_STATE_HOME", ".local/state", "lessons")}
}

// lines returns the lines of the file by their keys, and the keys in order.
func (p *progress) lines() (lines map[string]string, keys []string) {
	lines = map[string]string{}
	if p.path == "" {
		return lines, nil
	}
	f, err := os.Open(p.path)
	if err != nil {
		return lines, nil // there is none yet
	}
	defer f.Close()
	text, _ := io.ReadAll(io.LimitReader(f, maxProgress))
	for l := range strings.Lines(string(text)) {
		quoted, err := strconv.QuotedPrefix(l)
		if err != nil {
			continue
		}
		key, _ := strconv.Unquote(quoted)
		if _, known := lines[key]; !known {
			keys = append(keys, key)
		}
		lines[key] = strings.TrimSpace(l[len(quoted):])
	}
	return lines, keys
}

// of returns the page of a lesson with so many steps, and which of them are solved.
func (p *progress) of(key string, steps int) (page int, solved []bool) {
	lines, _ := p.lines()
	solved = make([]bool, steps)
	number, list, _ := strings.Cut(lines[key], " ")
	page, _ = strconv.Atoi(number)
	for word := range strings.SplitSeq(list, ",") {
		if n, err := strconv.Atoi(word); err == nil && n >= 1 && n <= steps {
			solved[n-1] = true
		}
	}
	return page, solved
}

// score returns how many of a lesson's questions and exercises are solved, and how many there are.
func (p *progress) score(key string, l *lesson.Lesson) (solved, of int) {
	_, done := p.of(key, len(l.Steps))
	for i := range l.Steps {
		if l.Steps[i].Asks() {
			of++
			if done[i] {
				solved++
			}
		}
	}
	return solved, of
}

// keep stores the progress of one lesson, and leaves that of others as it is in the file.
func (p *progress) keep(key string, page int, solved []bool) error {
	if p.path == "" {
		return nil
	}
	lines, keys := p.lines()
	if _, known := lines[key]; !known {
		keys = append(keys, key)
	}
	var done []string
	for i, is := range solved {
		if is {
			done = append(done, strconv.Itoa(i+1))
		}
	}
	lines[key] = strconv.Itoa(page) + " " + strings.Join(done, ",")
	var b strings.Builder
	for _, k := range keys {
		b.WriteString(strconv.Quote(k) + " " + lines[k] + "\n")
	}
	return outfile.Replace(p.path, b.String())
}
