// Command pairs compares two commits of this repository by running them in turns.
//
//	go run -C internal/tools ./pairs 17dd8c3 HEAD run dump -T jsonl -o /dev/null /tmp/big.pcap
//	go run -C internal/tools ./pairs b7b6bfc . bench internal/store:Load internal/eventlog:Load
//
// The machines that we measure on are shared, so a figure of today and one of last week say little
// about the code. Here both commits run in turns, ABBA, and each pair gives a ratio. The result is
// the median ratio of B to A with its 95 % interval, which needs no assumption about the noise.
//
// A commit is anything that git can resolve; "." stands for the working tree as it is. Each is
// built once, in a temporary worktree that is removed at the end.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"text/tabwriter"
)

const usage = `usage: pairs [flags] A B run ARGS...
       pairs [flags] A B bench PACKAGE:BENCHMARK [PACKAGE:BENCHMARK]

run runs msnscope with the arguments and compares time, processor time and memory.
bench runs a Go benchmark, given by its folder and its name without "Benchmark", and compares all
its figures; the second name is that of B, where it has moved.
`

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := compare(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	switch {
	case errors.Is(err, flag.ErrHelp):
	case err != nil:
		fmt.Fprintln(os.Stderr, "pairs: error:", err)
		os.Exit(1)
	}
}

// compare builds the two commits, runs them in turns and prints the table.
func compare(ctx context.Context, args []string, stdout, stderr io.Writer) (err error) {
	flags := flag.NewFlagSet("pairs", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.Usage = func() {
		fmt.Fprint(stderr, usage)
		flags.PrintDefaults()
	}
	n := flags.Int("n", 20, "how many pairs")
	benchtime := flags.String("benchtime", "1s", "of each benchmark, as in go test")
	spin := flags.Bool("spin", false, "keep idle cores awake, for latencies (Linux)")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if flags.NArg() < 4 {
		flags.Usage()
		return errors.New("two commits, run or bench, and what to run are needed")
	}
	if *n < 6 {
		return errors.New("-n: fewer than 6 pairs have no 95 % interval")
	}
	commits, verb, what := flags.Args()[:2], flags.Arg(2), flags.Args()[3:]
	tmp, err := os.MkdirTemp("", "pairs")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(tmp)) }()

	var side [2]runner
	for i, commit := range commits {
		t, err := checkOut(ctx, commit, tmp)
		if err != nil {
			return err
		}
		defer t.remove()
		fmt.Fprintf(stderr, "building %s (%s)\n", commit, t.id)
		switch verb {
		case "run":
			side[i], err = t.program(ctx, what)
		case "bench":
			side[i], err = t.benchmark(ctx, what[min(i, len(what)-1)], *benchtime)
		default:
			err = fmt.Errorf("%q is neither run nor bench", verb)
		}
		if err != nil {
			return err
		}
	}
	if *spin {
		defer keepAwake(ctx, stderr)()
	}
	pairs, err := alternate(ctx, side, *n, stderr)
	if err != nil {
		return err
	}
	return table(stdout, commits, pairs)
}

// alternate runs both sides n times in turns, and lets each go first in half of the pairs. Before
// it, each runs once unmeasured, so that files and programs are in memory.
func alternate(ctx context.Context, side [2]runner, n int, progress io.Writer) ([]pair, error) {
	for _, run := range side {
		if _, err := run(ctx); err != nil {
			return nil, err
		}
	}
	var pairs []pair
	for i := range n {
		var p pair
		for j := range 2 {
			which := (i + j) % 2
			got, err := side[which](ctx)
			if err != nil {
				return nil, err
			}
			p[which] = got
		}
		pairs = append(pairs, p)
		fmt.Fprintf(progress, "\r%d of %d pairs", i+1, n)
	}
	fmt.Fprintln(progress)
	return pairs, nil
}

// table prints a row for each figure that both sides have.
func table(w io.Writer, commits []string, pairs []pair) error {
	t := tabwriter.NewWriter(w, 0, 0, 1, ' ', 0)
	fmt.Fprintf(t, "| what\t| %s\t| %s\t| ratio\t| 95 %% of %d pairs\t|\n", commits[0], commits[1], len(pairs))
	fmt.Fprintln(t, strings.Repeat("|---\t", 5)+"|")
	for _, name := range names(pairs) {
		c := contrast(pairs, name)
		fmt.Fprintf(t, "| %s\t| %.4g\t| %.4g\t| %.3f\t| %.3f to %.3f\t|\n", name, c.a, c.b, c.ratio, c.low, c.high)
	}
	return t.Flush()
}
