package main

import (
	"bufio"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"github.com/msnscope/msnscope/decode/lint"
	"github.com/msnscope/msnscope/decode/session"
	"github.com/msnscope/msnscope/internal/bus"
	"github.com/msnscope/msnscope/internal/filter"
	"github.com/msnscope/msnscope/internal/format"
	"github.com/msnscope/msnscope/internal/talk"
)

// printer is a form of output: it appends one event to dst.
type printer func(dst []byte, e *session.Event) []byte

// printers has the forms that -T names.
var printers = map[string]printer{"text": format.AppendText, "jsonl": format.AppendJSON, "cs": format.AppendCS}

// timeFlag is the flag that says how lines of text show times.
type timeFlag struct{ name string }

func (f *timeFlag) add(fs *pflag.FlagSet) {
	fs.StringVar(&f.name, "time", "", "times of text lines in this `FORM`, not the local time of day: "+
		"relative, date, utc or epoch")
}

// form returns the form that the flag names, for output that is printed as -T.
func (f *timeFlag) form(output string) (format.TimeForm, error) {
	form, known := format.ParseTimeForm(f.name)
	switch {
	case !known:
		return 0, usage("--time %s: the forms are %s", f.name, strings.Join(format.TimeForms(), ", "))
	case f.name != "" && output != "text":
		return 0, usage("--time needs -T text: the other forms have their own form of times")
	}
	return form, nil
}

// lines prints events as lines of text with times of one form. If these are times of day, a line
// stands between two days.
type lines struct {
	clock format.Clock
	last  time.Time // of the last event that was printed
}

func (l *lines) print(dst []byte, e *session.Event) []byte {
	if l.clock.Start.IsZero() {
		l.clock.Start = e.Time
	}
	if l.clock.Form == format.TimeOfDay {
		dst = format.AppendDay(dst, l.last, e.Time)
	}
	if !e.Time.IsZero() {
		l.last = e.Time
	}
	return l.clock.AppendText(dst, e)
}

// viewFlags are the flags that say how live traffic is shown: in the inspector, or line by line.
type viewFlags struct {
	filter, form string
	headless     bool
	times        timeFlag
	lint         lintFlag

	// check sets the following.
	match   *filter.Filter
	print   printer
	screen  bool          // the inspector has the terminal
	checker *lint.Checker // of what is printed, nil without --lint and in the inspector, which has its own
}

func (f *viewFlags) add(fs *pflag.FlagSet) {
	fs.StringVarP(&f.filter, "filter", "Y", "", "show only the commands for which this `EXPR` is true")
	fs.BoolVar(&f.headless, "headless", false, "no inspector: one line a command on standard output")
	fs.StringVarP(&f.form, "type", "T", "text", "form of the headless output: text, jsonl or cs")
	f.times.add(fs)
	f.lint.add(fs)
}

// check returns what is wrong with the flags, and fills in their defaults.
func (f *viewFlags) check(e *env) (err error) {
	if f.match, err = e.filter(f.filter); err != nil {
		return err
	}
	var known bool
	if f.print, known = printers[f.form]; !known {
		return usage("-T %s: the forms are text, jsonl and cs", f.form)
	}
	if f.form == "cs" {
		f.print = (&format.CS{}).Append // one goroutine prints
	}
	times, err := f.times.form(f.form)
	if err != nil {
		return err
	}
	if f.form == "text" {
		f.print = (&lines{clock: format.Clock{Form: times}}).print
	}
	if f.screen = !f.headless && isTerminal(e.stdout) && isTerminal(e.stdin); f.screen {
		_, err = f.lint.options()
		return err
	}
	f.checker, err = f.lint.checker(e, f.match)
	return err
}

// logs returns the ring that keeps log lines while the inspector has the terminal, nil without the
// inspector.
func (f *viewFlags) logs() *talk.Ring {
	if f.screen {
		return &talk.Ring{}
	}
	return nil
}

// compile returns the filter for an expression from the command line.
func compile(expr string) (*filter.Filter, error) {
	f, err := filter.Compile(expr)
	if err != nil {
		return nil, &exitError{exitUsage, fmt.Errorf("in the filter: %w", err), ""}
	}
	return f, nil
}

// filter returns the filter for an expression from the command line. If it matches hardly anything,
// filter writes to standard error what was probably meant.
func (e *env) filter(expr string) (*filter.Filter, error) {
	f, err := compile(expr)
	if err == nil && f.Advice() != "" {
		e.talk("msnscope: the filter finds hardly anything\nhint: %s\n", printable(f.Advice()))
	}
	return f, err
}

// gap returns the event that stands for lost events, first to last, for which a subscriber was too
// slow.
func gap(first, last *session.Event, lost int) *session.Event {
	return &session.Event{
		N: first.N, Time: first.Time, Kind: session.Gap, Flags: session.Missing,
		Text: fmt.Sprintf("%d events are missing here, %d to %d: the output was too slow", lost, first.N, last.N),
	}
}

// batchTime is how long an event waits for more events before they are printed, recorded or logged.
// Nobody notices the delay, and heavy traffic does not pay for a write an event.
const batchTime = 5 * time.Millisecond

// checked returns the event, with what the rules of --lint find in it. Others have the event too,
// so that findings stand in a copy.
func (f *viewFlags) checked(e *session.Event) *session.Event {
	if f.checker == nil {
		return e
	}
	c := *e
	c.Found(f.checker.Check(e))
	return &c
}

// output subscribes a printer that writes the events that the filter matches to w as they come. The
// first error of w is passed to failed; after it nothing more is written.
func (f *viewFlags) output(b *bus.Bus[*session.Event], w io.Writer, failed func(error)) *bus.Subscription {
	out := bufio.NewWriterSize(w, 64<<10)
	var buf []byte
	over := false
	return b.Subscribe(bus.Options[*session.Event]{
		Name: "output", Gap: gap, Delay: batchTime,
		Handle: func(batch []*session.Event) {
			for _, e := range batch {
				if over {
					break
				}
				if e = f.checked(e); !f.match.Match(e) {
					continue
				}
				buf = f.print(buf[:0], e)
				_, _ = out.Write(buf) // the error sticks and shows in Flush
			}
			if err := out.Flush(); err != nil && !over {
				over = true
				failed(err)
			}
		},
	})
}
