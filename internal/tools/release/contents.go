package main

import (
	"bytes"
	"compress/gzip"
	"debug/buildinfo"
	"errors"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"
)

// shells are the shells for which the program writes completions, and where these belong.
var shells = []struct{ name, file, dir string }{
	{"bash", "msnscope.bash", "/usr/share/bash-completion/completions/msnscope"},
	{"zsh", "_msnscope", ""}, // see zshDir
	{"fish", "msnscope.fish", "/usr/share/fish/vendor_completions.d/msnscope.fish"},
	{"powershell", "msnscope.ps1", "/usr/share/doc/msnscope/msnscope.ps1"},
}

// zshDir is where packages of each form leave completions for zsh.
var zshDir = map[string]string{
	"deb": "/usr/share/zsh/vendor-completions/", "rpm": "/usr/share/zsh/site-functions/",
	"apk": "/usr/share/zsh/site-functions/",
}

// item is a file that is packed.
type item struct {
	from string      // on this disk
	to   string      // in the archive or, with a slash before it, on the disk of who installs it
	mode os.FileMode // with the bits for permissions only
	kind string      // nfpm's word for files that it treats in another way, "" for others
}

// build makes the binary of a platform, its bill of materials and the licences of its parts.
func (r *release) build(t target) error {
	dir := r.dir(t)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	binary := filepath.Join(dir, "msnscope"+exe(t.os))
	if err := r.compile(t, binary); err != nil {
		return err
	}
	info, err := buildinfo.ReadFile(binary)
	if err != nil {
		return err
	}
	if r.version, err = versionOf(info); err != nil {
		return err
	}
	bill, err := billOf(info, binary, r.made)
	if err != nil {
		return err
	}
	others, err := notices(r.root, info)
	if err != nil {
		return err
	}
	return errors.Join(os.WriteFile(filepath.Join(dir, billName), bill, 0o644),
		os.WriteFile(filepath.Join(dir, noticesName), others, 0o644))
}

// versionOf returns the version of a binary that was built from a commit. Whoever has another one
// could not tell what is in it.
func versionOf(info *debug.BuildInfo) (string, error) {
	set := map[string]string{}
	for _, s := range info.Settings {
		set[s.Key] = s.Value
	}
	switch {
	case set["vcs.revision"] == "":
		return "", errors.New("go build has not found the commit: use a clone, since it does not look into worktrees")
	case set["vcs.modified"] != "false":
		return "", errors.New("there are changes that are not committed: git status shows them")
	}
	return info.Main.Version, nil
}

func (r *release) dir(t target) string { return filepath.Join(r.work, t.os+"_"+t.arch) }

// units returns the files of systemd.
func (r *release) units() ([]string, error) {
	return filepath.Glob(filepath.Join(r.root, "packaging", "systemd", "*"))
}

// archived returns what an archive has.
func (r *release) archived(t target) ([]item, error) {
	binary := "msnscope" + exe(t.os)
	items := []item{
		{filepath.Join(r.dir(t), binary), binary, 0o755, ""},
		{filepath.Join(r.dir(t), billName), billName, 0o644, ""},
		{filepath.Join(r.dir(t), noticesName), noticesName, 0o644, ""},
	}
	for _, name := range []string{"LICENSE", "README.md", "CHANGELOG.md"} {
		items = append(items, item{filepath.Join(r.root, name), name, 0o644, ""})
	}
	for _, s := range shells {
		items = append(items, item{filepath.Join(r.work, s.file), "completions/" + s.file, 0o644, ""})
	}
	pages, err := filepath.Glob(filepath.Join(r.work, "man", "*.1"))
	if err != nil {
		return nil, err
	}
	for _, p := range pages {
		items = append(items, item{p, "man/man1/" + filepath.Base(p), 0o644, ""})
	}
	if t.os == "linux" {
		units, err := r.units()
		if err != nil {
			return nil, err
		}
		for _, u := range units {
			items = append(items, item{u, "systemd/" + filepath.Base(u), 0o644, ""})
		}
		items = append(items, item{filepath.Join(r.root, "packaging", "config.toml"), "config.toml", 0o644, ""})
	}
	slices.SortFunc(items, func(a, b item) int { return strings.Compare(a.to, b.to) })
	return items, nil
}

// installed returns what a package of a form installs. Alpine has no systemd, and so neither units
// nor their configuration.
func (r *release) installed(t target, form string) ([]item, error) {
	archived, err := r.archived(t)
	if err != nil {
		return nil, err
	}
	var items []item
	for _, i := range archived {
		dir, name := filepath.Split(i.to)
		switch {
		case i.to == "msnscope":
			i.to = "/usr/bin/msnscope"
		case i.to == "LICENSE" && form == "deb":
			i.to = "/usr/share/doc/msnscope/copyright"
		case dir == "" && name != "config.toml":
			i.to = "/usr/share/doc/msnscope/" + name
			if form == "rpm" { // nfpm leaves such files out of the others
				i.kind = "doc"
			}
		case dir == "man/man1/":
			if i.from, err = r.zipped(i.from); err != nil {
				return nil, err
			}
			i.to = "/usr/share/man/man1/" + name + ".gz"
		case dir == "completions/":
			i.to = zshDir[form] + name
			for _, s := range shells {
				if s.file == name && s.dir != "" {
					i.to = s.dir
				}
			}
		case form == "apk":
			continue
		case dir == "systemd/":
			i.to = "/usr/lib/systemd/system/" + name
		default:
			i.to, i.kind = "/etc/msnscope/config.toml", "config|noreplace"
		}
		items = append(items, i)
	}
	return items, nil
}

// zipped returns the name of a compressed copy of a file, which is the same at any time.
func (r *release) zipped(from string) (string, error) {
	data, err := os.ReadFile(from)
	if err != nil {
		return "", err
	}
	var b bytes.Buffer
	z, _ := gzip.NewWriterLevel(&b, gzip.BestCompression) // fails for an unknown level only
	_, _ = z.Write(data)                                  // a buffer takes everything
	_ = z.Close()
	return from + ".gz", os.WriteFile(from+".gz", b.Bytes(), 0o644)
}
