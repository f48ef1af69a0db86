// Command release builds what people install: an archive for each platform, and packages for
// Debian, RPM and Alpine, each with manual pages, completions and a bill of materials; those for
// Linux have systemd units too. From the repository's root:
//
//	go run -C internal/tools/release . -o "$PWD/dist"
//
// The same commit, Go version and platforms make the same bytes on any day, in any folder. Times in
// the files are that of the commit, or SOURCE_DATE_EPOCH.
package main

import (
	"crypto/sha256"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"
)

// target is a platform.
type target struct{ os, arch string }

func (t target) String() string { return t.os + "/" + t.arch }

var targets = []target{
	{"linux", "amd64"},
	{"linux", "arm64"},
	{"darwin", "amd64"},
	{"darwin", "arm64"},
	{"windows", "amd64"},
	{"windows", "arm64"},
}

// forms are the forms of what is made, in the order in which they are made.
var forms = []string{"archive", "deb", "rpm", "apk"}

func main() {
	o, err := parse(flag.CommandLine, os.Args[1:])
	if err == nil {
		err = run(o.root, o.out, o.targets, o.forms)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "release: error:", err)
		os.Exit(1)
	}
}

// options are the flags.
type options struct {
	root, out string
	targets   []target
	forms     []string
}

func parse(fs *flag.FlagSet, args []string) (o options, err error) {
	fs.StringVar(&o.out, "o", "dist", "the `FOLDER` for what is made; it must be empty or not exist")
	fs.StringVar(&o.root, "root", "../../..", "the `FOLDER` of the repository")
	only := fs.String("for", "", "only for these `PLATFORMS`, such as linux/amd64,windows/arm64")
	kinds := fs.String("form", strings.Join(forms, ","), "only these `FORMS`")
	if err := fs.Parse(args); err != nil {
		return o, err
	}
	o.forms = strings.Split(*kinds, ",")
	for _, k := range o.forms {
		if !slices.Contains(forms, k) {
			return o, fmt.Errorf("-form %s: the forms are %s", k, strings.Join(forms, ", "))
		}
	}
	o.targets, err = chosen(*only)
	return o, err
}

func run(root, out string, wanted []target, forms []string) error {
	if entries, err := os.ReadDir(out); err == nil && len(entries) > 0 {
		return fmt.Errorf("-o %s: there are files in it", out)
	}
	if err := os.MkdirAll(out, 0o755); err != nil {
		return err
	}
	work, err := os.MkdirTemp("", "release-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(work)

	r := &release{root: root, out: out, work: work}
	if r.made, err = made(root); err != nil {
		return err
	}
	if err := r.write(); err != nil {
		return err
	}
	for _, t := range wanted {
		if err := r.build(t); err != nil {
			return fmt.Errorf("%s: %w", t, err)
		}
		for _, form := range forms {
			if err := r.pack(t, form); err != nil {
				return fmt.Errorf("%s for %s: %w", form, t, err)
			}
		}
	}
	return r.sum()
}

// chosen returns the platforms with these names, separated by commas; all for none.
func chosen(names string) (all []target, err error) {
	if names == "" {
		return targets, nil
	}
	for name := range strings.SplitSeq(names, ",") {
		i := slices.IndexFunc(targets, func(t target) bool { return t.String() == name })
		if i < 0 {
			return nil, fmt.Errorf("-for %s: the platforms are %v", name, targets)
		}
		all = append(all, targets[i])
	}
	return all, nil
}

// made returns the time that all files bear.
func made(root string) (time.Time, error) {
	epoch := os.Getenv("SOURCE_DATE_EPOCH")
	if epoch == "" {
		said, err := exec.Command("git", "-C", root, "log", "-1", "--format=%ct").Output()
		if err != nil {
			return time.Time{}, fmt.Errorf("the time of the commit (or set SOURCE_DATE_EPOCH): %w", err)
		}
		epoch = strings.TrimSpace(string(said))
	}
	seconds, err := strconv.ParseInt(epoch, 10, 64)
	if err != nil {
		return time.Time{}, fmt.Errorf("SOURCE_DATE_EPOCH: %w", err)
	}
	return time.Unix(seconds, 0).UTC(), nil
}

// release is one run.
type release struct {
	root, out string
	work      string // a temporary folder, for what goes into the files
	made      time.Time
	version   string // that the binaries say, such as v1.2.3; "" before the first one was built
	names     []string
}

// write makes what the program writes about itself: manual pages and completions. It is built for
// this machine for that.
func (r *release) write() error {
	here := filepath.Join(r.work, "here"+exe(runtime.GOOS))
	if err := r.compile(target{runtime.GOOS, runtime.GOARCH}, here); err != nil {
		return err
	}
	man := filepath.Join(r.work, "man")
	if err := os.Mkdir(man, 0o755); err != nil {
		return err
	}
	if _, err := r.ask(here, "man", "--dir", man); err != nil {
		return err
	}
	for _, shell := range shells {
		script, err := r.ask(here, "completion", shell.name)
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(r.work, shell.file), script, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// ask runs the program without anybody's configuration, and returns what it prints.
func (r *release) ask(program string, args ...string) ([]byte, error) {
	c := exec.Command(program, args...)
	c.Env = append(os.Environ(), "XDG_CONFIG_HOME="+r.work, fmt.Sprint("SOURCE_DATE_EPOCH=", r.made.Unix()))
	c.Stderr = os.Stderr
	said, err := c.Output()
	if err != nil {
		err = fmt.Errorf("msnscope %s: %w", strings.Join(args, " "), err)
	}
	return said, err
}

// compile builds the program.
func (r *release) compile(t target, to string) error {
	to, err := filepath.Abs(to)
	if err != nil {
		return err
	}
	c := exec.Command("go", "build", "-trimpath", "-buildvcs=true", "-ldflags=-s -w", "-o", to, "./cmd/msnscope")
	c.Dir, c.Stdout, c.Stderr = r.root, os.Stdout, os.Stderr
	// What a developer has set for the own machine must not change what others get.
	c.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS="+t.os, "GOARCH="+t.arch, "GOAMD64=v1", "GOARM64=v8.0",
		"GOEXPERIMENT=", "GOWORK=off")
	return c.Run()
}

func exe(system string) string {
	if system == "windows" {
		return ".exe"
	}
	return ""
}

// create makes a file in the folder of the results.
func (r *release) create(name string, write func(*os.File) error) error {
	f, err := os.Create(filepath.Join(r.out, name))
	if err != nil {
		return err
	}
	if err := errors.Join(write(f), f.Close()); err != nil {
		return err
	}
	r.names = append(r.names, name)
	fmt.Println(name)
	return nil
}

// sum writes the hashes of all files, in the form of sha256sum.
func (r *release) sum() error {
	var lines strings.Builder
	slices.Sort(r.names)
	for _, name := range r.names {
		data, err := os.ReadFile(filepath.Join(r.out, name))
		if err != nil {
			return err
		}
		fmt.Fprintf(&lines, "%x  %s\n", sha256.Sum256(data), name)
	}
	return r.create("SHA256SUMS", func(f *os.File) error {
		_, err := f.WriteString(lines.String())
		return err
	})
}
