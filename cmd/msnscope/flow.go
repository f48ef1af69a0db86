package main

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/msnscope/msnscope/captures"
	"github.com/msnscope/msnscope/decode/lint"
	"github.com/msnscope/msnscope/internal/eventlog"
	"github.com/msnscope/msnscope/internal/filter"
	"github.com/msnscope/msnscope/internal/lesson"
	"github.com/msnscope/msnscope/ui/flow"
	"github.com/msnscope/msnscope/ui/model"
	"github.com/msnscope/msnscope/ui/web"
)

// flowFlags are the flags of flow.
type flowFlags struct {
	expr, form, out, preset string
	lesson, dir             string
	width                   int
}

// flowForms are the forms of flow's -T, which are also the ends of names of files.
var flowForms = []string{"text", "svg", "mmd", "html"}

func flowCommand(e *env) *cobra.Command {
	var f flowFlags
	c := &cobra.Command{
		Use:   "flow {FILE... | --lesson LESSON}",
		Short: "Draw who says what to whom: as text, a picture, a diagram or a page",
		Long: "Reads captures as dump does and draws their ladder: a lane for each user, each server and each\n" +
			"switchboard session, an arrow for each command, with its time and how long its request waited for\n" +
			"it. Signs mark what was rewritten, edited, held, dropped, injected or disturbed, what is an error,\n" +
			"and what lint found; what they mean in each case follows below the ladder. Runs of typing notices\n" +
			"and keep-alives are one row.\n" +
			"\n" +
			"The end of the file's name, or -T, chooses the form: text (.txt), a picture (.svg), a diagram in the\n" +
			"notation of Mermaid (.mmd), which websites draw, or a page (.html) that explains every byte of every\n" +
			"command, with what was sent on in its place and the state after it. The page is one file that needs\n" +
			"no network. All but text have up to 10,000 rows: -Y EXPR draws a part.\n" +
			"\n" +
			"--lesson writes a lesson of learn as a page for a class: its texts and questions stand between the\n" +
			"commands, and answers are folded away.\n" +
			"\n" +
			"What is drawn shows names, texts and secrets of the capture: msnscope export --redact first, to give\n" +
			"it away.",
		Example: "  msnscope flow captures/samples/logon.pcapng\n" +
			"  msnscope flow captures/samples/conversation.pcapng -o conversation.html\n" +
			"  msnscope flow captures/samples/conversation.pcapng -Y 'user contains \"alice\"' -o alice.svg\n" +
			"  msnscope flow captures/samples/moved.pcapng -T mmd\n" +
			"  msnscope flow --lesson logon -o lesson.html",
		Args: f.args,
		RunE: func(c *cobra.Command, args []string) error { return f.run(c.Context(), e, args) },
	}
	fs := c.Flags()
	fs.SortFlags = false
	fs.StringVarP(&f.out, "output", "o", "", "write to this `FILE` in place of standard output")
	fs.StringVarP(&f.form, "type", "T", "",
		"form of the output: "+orList(flowForms)+"; default: by the name of the file")
	fs.StringVarP(&f.expr, "filter", "Y", "", "draw only the commands for which this `EXPR` is true")
	fs.StringVar(&f.preset, "lint", string(lint.Observed),
		"mark what lint finds by the preset draft or observed; none marks nothing: `PRESET`")
	fs.IntVar(&f.width, "width", 0, "columns of a line of text; default: those of the terminal, or 100")
	fs.StringVar(&f.lesson, "lesson", "", "write this `LESSON`, a name or a number of learn --list, as a page")
	fs.StringVar(&f.dir, "dir", "", "with --lesson: add the lessons of the folder `DIR`")
	completeForms(c, flowForms...)
	_ = c.RegisterFlagCompletionFunc("lesson",
		func(_ *cobra.Command, _ []string, begun string) ([]string, cobra.ShellCompDirective) {
			return lessonNames(f.dir, nil, begun), cobra.ShellCompDirectiveNoFileComp
		})
	return c
}

// orList returns words as a list in a sentence.
func orList(words []string) string {
	last := len(words) - 1
	return strings.Join(words[:last], ", ") + " or " + words[last]
}

// formOf returns the form of the output: that of -T, or that of the file's name.
func (f *flowFlags) formOf() (string, error) {
	form := f.form
	if ext := strings.ToLower(strings.TrimPrefix(filepath.Ext(f.out), ".")); form == "" {
		form = map[string]string{"txt": "text", "": "text"}[ext]
		if form == "" {
			form = ext
		}
		if !slices.Contains(flowForms, form) {
			return "", &exitError{
				exitUsage, fmt.Errorf("-o %s: no form is known by this name", f.out),
				"names end in .txt, .svg, .mmd or .html; -T says the form of any other",
			}
		}
	}
	if !slices.Contains(flowForms, form) {
		return "", usage("-T %s: the forms are %s", form, orList(flowForms))
	}
	return form, nil
}

func (f *flowFlags) run(ctx context.Context, e *env, paths []string) error {
	form, err := f.formOf()
	if err != nil {
		return err
	}
	match, err := e.filter(f.expr)
	if err != nil {
		return err
	}
	var rules *lint.Options
	if f.preset != "none" {
		options, err := lintOptions("--lint", f.preset)
		if err != nil {
			return err
		}
		rules = &options
	}
	if f.width < 0 {
		return usage("--width %d: a line has at least one column", f.width)
	}
	log := eventlog.New(eventlog.Options{})
	defer log.Close()
	if f.lesson != "" {
		return f.teach(ctx, e, log, rules)
	}
	var failed error
	into := captures.NewLoader(log)
	for _, path := range paths {
		if err := e.load(ctx, path, into); errors.Is(err, context.Canceled) {
			return err
		} else if err != nil {
			failed = errors.Join(failed, err)
		}
	}
	if log.Len() == 0 {
		return failed
	}
	m, err := ladderOf(ctx, log, rules, match, true)
	if err != nil {
		return err
	}
	if form != "text" && m.Rows() > flow.MaxPicture {
		return tooMany(m,
			"-Y EXPR draws a part, such as -Y 'conn == 2' or -Y 'user contains \"alice\"'; -T text draws all")
	}
	d := drawing{Flow: flow.Flow{Model: m, Title: titleOf(paths)}, form: form, width: f.width, env: e}
	if err := d.to(ctx, f.out, paths); err != nil {
		return err
	}
	return failed
}

// tooMany is the error of a ladder that has more rows than a picture.
func tooMany(m *model.Model, hint string) error {
	return &exitError{
		exitUsage, fmt.Errorf("%s rows are more than the %s of a picture",
			model.Thousands(m.Rows()), model.Thousands(flow.MaxPicture)), hint,
	}
}

// titleOf names the captures of a drawing.
func titleOf(paths []string) string {
	var names []string
	for _, path := range paths {
		if path == "-" {
			path = "standard input"
		}
		names = append(names, filepath.Base(path))
	}
	return strings.Join(names, ", ")
}

// ladderOf returns a model that has learned all of a log, has checked it by the rules, if there are
// any, and shows what the filter lets through, with runs folded or not.
func ladderOf(ctx context.Context, log *eventlog.Log, rules *lint.Options, match *filter.Filter, fold bool) (
	*model.Model, error,
) {
	m := model.New(log, model.Options{Lint: rules})
	m.SetFolded(fold)
	if match != nil {
		m.SetFilter(match)
	}
	for m.Busy() {
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		m.Step(100 * time.Millisecond)
	}
	return m, nil
}

// drawing is a ladder on its way to a file.
type drawing struct {
	flow.Flow
	form   string
	width  int
	lesson *lesson.Lesson // nil for none
	env    *env
}

// to writes the drawing to a file, "" or - for standard output.
func (d *drawing) to(ctx context.Context, path string, inputs []string) error {
	if path == "" || path == "-" {
		return writeError(d.draw(d.env.stdout))
	}
	file, err := createText(ctx, "-o", path, inputs...)
	if err != nil {
		return err
	}
	return writeError(file.end(cmp.Or(d.draw(file), ctx.Err())))
}

func (d *drawing) draw(w io.Writer) error {
	switch d.form {
	case "html":
		p := web.Page{Model: d.Model, Title: d.Title, Made: "Made by msnscope " + version() + ".", Lesson: d.lesson}
		return p.Write(w)
	case "svg":
		return d.SVG(w)
	case "mmd":
		n := counter{w: w}
		out := bufio.NewWriter(&n)
		err := errors.Join(d.Mermaid(out), out.Flush())
		if n.n > flow.MermaidLimit && err == nil {
			d.env.say("the diagram has %s bytes: Mermaid draws up to %s with its usual settings; -Y EXPR draws a part",
				model.Thousands(n.n), model.Thousands(flow.MermaidLimit))
		}
		return err
	}
	ascii := d.env.getenv("MSNSCOPE_ASCII") != "" || isTerminal(w) && !isUTF8(d.env.getenv)
	return d.Text(w, flow.TextOptions{Width: d.columns(w), ASCII: ascii})
}

// columns returns how wide a line of text is: as --width says, or as the terminal is.
func (d *drawing) columns(w io.Writer) int {
	if d.width > 0 {
		return d.width
	}
	if f, ok := w.(interface{ Fd() uintptr }); ok && isTerminal(w) {
		if width, _, err := term.GetSize(int(f.Fd())); err == nil && width > 0 {
			return width
		}
	}
	return 0
}

// counter counts what is written.
type counter struct {
	w io.Writer
	n int
}

// Write implements io.Writer.
func (c *counter) Write(p []byte) (int, error) {
	n, err := c.w.Write(p)
	c.n += n
	return n, err
}
