package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// runner runs one side once and returns its figures.
type runner func(ctx context.Context) (figures, error)

// tree is a commit that has been checked out.
type tree struct {
	id  string // the commit's short name
	dir string
	out string // where its programs are built
	// remove gives the worktree back.
	remove func()
}

// checkOut checks a commit out below tmp. The working tree is used where it is.
func checkOut(ctx context.Context, commit, tmp string) (*tree, error) {
	top, err := output(ctx, "", "git", "rev-parse", "--show-toplevel")
	if err != nil {
		return nil, err
	}
	out, err := os.MkdirTemp(tmp, "built")
	if err != nil {
		return nil, err
	}
	if commit == "." {
		return &tree{"the working tree", top, out, func() {}}, nil
	}
	id, err := output(ctx, top, "git", "rev-parse", "--short", "--verify", commit+"^{commit}")
	if err != nil {
		return nil, err
	}
	dir := filepath.Join(out, "src")
	if _, err := output(ctx, top, "git", "worktree", "add", "--detach", dir, id); err != nil {
		return nil, err
	}
	return &tree{id, dir, out, func() {
		// The context may have ended, and the worktree must go all the same.
		_, _ = output(context.WithoutCancel(ctx), top, "git", "worktree", "remove", "--force", dir)
	}}, nil
}

// output runs a command and returns what it printed, without the last line end.
func output(ctx context.Context, dir, name string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir = dir
	out, err := cmd.Output()
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) {
		err = fmt.Errorf("%w: %s", err, bytes.TrimSpace(exit.Stderr))
	}
	if err != nil {
		return "", fmt.Errorf("%s %s: %w", name, strings.Join(args, " "), err)
	}
	return strings.TrimSuffix(string(out), "\n"), nil
}

// program builds msnscope and returns what runs it with the arguments.
func (t *tree) program(ctx context.Context, args []string) (runner, error) {
	program := filepath.Join(t.out, "msnscope")
	if _, err := output(ctx, t.dir, "go", "build", "-o", program, "./cmd/msnscope"); err != nil {
		return nil, err
	}
	return func(ctx context.Context) (figures, error) {
		cmd := exec.CommandContext(ctx, program, args...)
		var said bytes.Buffer
		cmd.Stderr = &said
		begun := time.Now()
		err := cmd.Run()
		took := time.Since(begun)
		if err != nil {
			return nil, fmt.Errorf("msnscope %s: %w: %s", strings.Join(args, " "), err, bytes.TrimSpace(said.Bytes()))
		}
		state := cmd.ProcessState
		all := figures{"time s": took.Seconds(), "processor s": (state.UserTime() + state.SystemTime()).Seconds()}
		if usage, ok := state.SysUsage().(*syscall.Rusage); ok {
			all["memory MB"] = float64(usage.Maxrss) / 1024 // kilobytes, on Linux
		}
		return all, nil
	}, nil
}

// benchmark builds the tests of a package and returns what runs one of its benchmarks.
func (t *tree) benchmark(ctx context.Context, spec, benchtime string) (runner, error) {
	pkg, name, ok := strings.Cut(spec, ":")
	if !ok {
		return nil, fmt.Errorf("%q has no colon between the package and the benchmark", spec)
	}
	program := filepath.Join(t.out, "tests")
	if _, err := output(ctx, t.dir, "go", "test", "-c", "-o", program, "./"+pkg); err != nil {
		return nil, err
	}
	return func(ctx context.Context) (figures, error) {
		cmd := exec.CommandContext(ctx, program, "-test.run=^$", "-test.bench=^Benchmark"+name+"$",
			"-test.benchtime="+benchtime, "-test.cpu="+strconv.Itoa(2))
		cmd.Dir = filepath.Join(t.dir, pkg)
		out, err := cmd.Output()
		if err != nil {
			return nil, fmt.Errorf("%s at %s: %w: %s", spec, t.id, err, out)
		}
		all := benchFigures(bytes.NewReader(out))
		if len(all) == 0 {
			return nil, fmt.Errorf("%s at %s: there is no such benchmark", spec, t.id)
		}
		return all, nil
	}, nil
}

// benchFigures reads what a benchmark prints: its name, the count, then values with their units.
func benchFigures(r io.Reader) figures {
	all := figures{}
	for lines := bufio.NewScanner(r); lines.Scan(); {
		words := strings.Fields(lines.Text())
		if len(words) < 4 || !strings.HasPrefix(words[0], "Benchmark") {
			continue
		}
		name := strings.TrimPrefix(words[0], "Benchmark")
		if i := strings.LastIndexByte(name, '-'); i > 0 {
			name = name[:i] // without the number of processors
		}
		for i := 2; i+1 < len(words); i += 2 {
			if v, err := strconv.ParseFloat(words[i], 64); err == nil {
				all[name+" "+words[i+1]] = v
			}
		}
	}
	return all
}
