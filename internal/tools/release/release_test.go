package main

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"debug/buildinfo"
	"encoding/json"
	"flag"
	"io"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"
	"testing"
	"time"
)

// packed makes every form for two platforms around a program that is none, in a folder of its own,
// and returns the folder. now is when that happens on this disk.
func packed(t *testing.T, now time.Time) string {
	t.Helper()
	r := &release{
		root: "../../..", out: t.TempDir(), work: t.TempDir(), version: "v1.2.3", made: time.Unix(1e9, 0).UTC(),
	}
	put := func(name string) {
		path := filepath.Join(r.work, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte("this is "+name+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(path, now, now); err != nil {
			t.Fatal(err)
		}
	}
	put("man/msnscope.1")
	put("man/msnscope-serve.1")
	for _, s := range shells {
		put(s.file)
	}
	for _, p := range []target{{"linux", "arm64"}, {"windows", "amd64"}} {
		put(p.os + "_" + p.arch + "/msnscope" + exe(p.os))
		put(p.os + "_" + p.arch + "/" + billName)
		put(p.os + "_" + p.arch + "/" + noticesName)
		for _, form := range forms {
			if err := r.pack(p, form); err != nil {
				t.Fatalf("%s for %s: %v", form, p, err)
			}
		}
	}
	if err := r.sum(); err != nil {
		t.Fatal(err)
	}
	return r.out
}

// TestSameBytes: the same input makes the same files, on another day and in other folders.
func TestSameBytes(t *testing.T) {
	one, other := packed(t, time.Now()), packed(t, time.Now().AddDate(-1, 0, 0))
	entries, err := os.ReadDir(one)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
		if a, b := read(t, one, e.Name()), read(t, other, e.Name()); !bytes.Equal(a, b) {
			t.Errorf("%s differs", e.Name())
		}
	}
	want := []string{
		"SHA256SUMS", "msnscope-1.2.3-1.aarch64.rpm", "msnscope_1.2.3_aarch64.apk", "msnscope_1.2.3_arm64.deb",
		"msnscope_1.2.3_linux_arm64.tar.gz", "msnscope_1.2.3_windows_amd64.zip",
	}
	if !slices.Equal(names, want) {
		t.Errorf("made %q\nwant %q", names, want)
	}
}

func read(t *testing.T, dir, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// TestArchives: an archive has everything in one folder, for Linux the units too, and only the
// program can be run.
func TestArchives(t *testing.T) {
	dir := packed(t, time.Now())
	everywhere := []string{
		"CHANGELOG.md", "LICENSE", "README.md", noticesName, "completions/_msnscope", "completions/msnscope.bash",
		"completions/msnscope.fish", "completions/msnscope.ps1", "man/man1/msnscope-serve.1", "man/man1/msnscope.1",
	}
	linux := append(everywhere[:len(everywhere):len(everywhere)], "config.toml", "msnscope", billName,
		"systemd/msnscope-proxy.service", "systemd/msnscope-proxy.socket", "systemd/msnscope-serve.service",
		"systemd/msnscope-serve.socket")
	slices.Sort(linux)
	windows := append(everywhere[:len(everywhere):len(everywhere)], "msnscope.exe", billName)
	slices.Sort(windows)

	data := read(t, dir, "msnscope_1.2.3_linux_arm64.tar.gz")
	unzipped, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for in := tar.NewReader(unzipped); ; {
		h, err := in.Next()
		if err == io.EOF {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		name := strings.TrimPrefix(h.Name, "msnscope_1.2.3_linux_arm64/")
		names = append(names, name)
		if runs := h.Mode&0o111 != 0; runs != (name == "msnscope") || h.ModTime.Unix() != 1e9 || h.Uid != 0 {
			t.Errorf("%s: mode %o, time %v, user %d", name, h.Mode, h.ModTime, h.Uid)
		}
	}
	if !slices.Equal(names, linux) {
		t.Errorf("it has %q\n   want %q", names, linux)
	}

	names = nil
	in, err := zip.OpenReader(filepath.Join(dir, "msnscope_1.2.3_windows_amd64.zip"))
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	for _, f := range in.File {
		names = append(names, strings.TrimPrefix(f.Name, "msnscope_1.2.3_windows_amd64/"))
	}
	if !slices.Equal(names, windows) {
		t.Errorf("it has %q\n   want %q", names, windows)
	}
}

// TestPlaces: each form of package has its files where programs of that system look for them.
func TestPlaces(t *testing.T) {
	r := &release{root: "../../..", work: t.TempDir()}
	for _, name := range []string{"man/msnscope.1"} {
		_ = os.MkdirAll(filepath.Join(r.work, "man"), 0o700)
		if err := os.WriteFile(filepath.Join(r.work, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	common := []string{
		"/usr/bin/msnscope", "/usr/share/man/man1/msnscope.1.gz", "/usr/share/doc/msnscope/README.md",
		"/usr/share/doc/msnscope/" + billName, "/usr/share/doc/msnscope/" + noticesName,
		"/usr/share/bash-completion/completions/msnscope",
		"/usr/share/fish/vendor_completions.d/msnscope.fish",
	}
	units := []string{
		"/usr/lib/systemd/system/msnscope-serve.service", "/usr/lib/systemd/system/msnscope-serve.socket",
		"/usr/lib/systemd/system/msnscope-proxy.service", "/usr/lib/systemd/system/msnscope-proxy.socket",
		"/etc/msnscope/config.toml",
	}
	for form, want := range map[string][]string{
		"deb": slices.Concat(common, units, []string{
			"/usr/share/zsh/vendor-completions/_msnscope", "/usr/share/doc/msnscope/copyright",
		}),
		"rpm": slices.Concat(common, units, []string{
			"/usr/share/zsh/site-functions/_msnscope", "/usr/share/doc/msnscope/LICENSE",
		}),
		"apk": slices.Concat(common, []string{"/usr/share/zsh/site-functions/_msnscope"}),
	} {
		items, err := r.installed(target{"linux", "amd64"}, form)
		if err != nil {
			t.Fatal(err)
		}
		places := map[string]bool{}
		for _, i := range items {
			places[i.to] = true
			if i.to == "/etc/msnscope/config.toml" && i.kind != "config|noreplace" {
				t.Errorf("%s: an update would overwrite the configuration", form)
			}
		}
		for _, w := range want {
			if !places[w] {
				t.Errorf("%s has no %s", form, w)
			}
		}
		if form == "apk" && (places[units[0]] || places[units[4]]) {
			t.Error("Alpine has no systemd")
		}
	}
}

// TestVersions: what comes before a release sorts before it in every kind of package.
func TestVersions(t *testing.T) {
	for version, want := range map[string]string{
		"v1.2.3":                               "1.2.3 ",
		"v1.2.3-rc.1":                          "1.2.3 rc1",
		"v0.0.0-20261201142532-675c9b3f17b1":   "0.0.0 git20261201142532",
		"v1.2.4-0.20261201142532-675c9b3f17b1": "1.2.4 git20261201142532",
	} {
		if number, before := packaged(version); number+" "+before != want {
			t.Errorf("%s is %q, want %q", version, number+" "+before, want)
		}
	}
	clean := []debug.BuildSetting{{Key: "vcs.revision", Value: "675c"}, {Key: "vcs.modified", Value: "false"}}
	changed := []debug.BuildSetting{{Key: "vcs.revision", Value: "675c"}, {Key: "vcs.modified", Value: "true"}}
	for want, set := range map[string][]debug.BuildSetting{
		"": clean, "not committed": changed, "worktrees": nil,
	} {
		_, err := versionOf(&debug.BuildInfo{Settings: set})
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%v: %v, want %q", set, err, want)
		}
	}
}

// TestBill: the bill of materials has the modules of a binary with their versions, and the standard
// library.
func TestBill(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	info, err := buildinfo.ReadFile(self)
	if err != nil {
		t.Fatal(err)
	}
	bill, err := billOf(info, self, time.Unix(1e9, 0).UTC())
	if err != nil {
		t.Fatal(err)
	}
	var got struct {
		BomFormat  string
		Metadata   struct{ Timestamp string }
		Components []struct{ Purl string }
	}
	if err := json.Unmarshal(bill, &got); err != nil {
		t.Fatal(err)
	}
	if got.BomFormat != "CycloneDX" || got.Metadata.Timestamp != "2001-09-09T01:46:40Z" {
		t.Errorf("it begins %q, %q", got.BomFormat, got.Metadata.Timestamp)
	}
	for _, want := range []string{
		"pkg:golang/std@" + strings.TrimPrefix(info.GoVersion, "go"),
		"pkg:golang/github.com/goreleaser/nfpm/v2@v2.48.0",
	} {
		if !slices.ContainsFunc(got.Components, func(c struct{ Purl string }) bool { return c.Purl == want }) {
			t.Errorf("no %s in %v", want, got.Components)
		}
	}
}

// TestNotices: the licences of the Go library and of a module are there whole, and a module without
// one is named.
func TestNotices(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	info, err := buildinfo.ReadFile(self)
	if err != nil {
		t.Fatal(err)
	}
	text, err := notices(".", info)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"The Go standard library, " + info.GoVersion + ", LICENSE\n\nCopyright 2009 The Go Authors.",
		"github.com/goreleaser/nfpm/v2 v2.48.0, LICENSE.md\n\nMIT License", "github.com/CycloneDX/cyclonedx-go",
	} {
		if !strings.Contains(string(text), want) {
			t.Errorf("there is no %q", want)
		}
	}
	if err := addNotices(new(strings.Builder), "a part", t.TempDir()); err == nil ||
		!strings.Contains(err.Error(), "a part has no licence") {
		t.Errorf("a part without a licence: %v", err)
	}
}

// TestInstall: docs/INSTALL.md builds with flags that exist, and installs files that are made.
func TestInstall(t *testing.T) {
	text, err := os.ReadFile("../../../docs/INSTALL.md")
	if err != nil {
		t.Fatal(err)
	}
	built, installed := 0, 0
	for line := range strings.Lines(string(text)) {
		line, _, _ = strings.Cut(line, " #")
		if _, args, found := strings.Cut(line, "go run -C internal/tools/release . "); found {
			built++
			fs := flag.NewFlagSet("release", flag.ContinueOnError)
			if _, err := parse(fs, strings.Fields(args)); err != nil || fs.NArg() > 0 {
				t.Errorf("%s: %v, and %q", line, err, fs.Args())
			}
		}
		if _, name, found := strings.Cut(line, "dist/"); found {
			installed++
			made := slices.ContainsFunc([]string{
				"msnscope_1.2.3_amd64.deb", "msnscope-1.2.3-1.x86_64.rpm", "msnscope_1.2.3_x86_64.apk",
				"msnscope_1.2.3_linux_amd64.tar.gz",
			}, func(file string) bool {
				match, err := filepath.Match(strings.TrimSpace(name), file)
				return err == nil && match
			})
			if !made {
				t.Errorf("%s: no such file is made", line)
			}
		}
	}
	if built != 2 || installed != 4 {
		t.Errorf("found %d commands that build and %d that install", built, installed)
	}
}
