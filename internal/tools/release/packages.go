package main

import (
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/goreleaser/nfpm/v2"
	_ "github.com/goreleaser/nfpm/v2/apk" // the forms of packages register themselves
	_ "github.com/goreleaser/nfpm/v2/deb"
	"github.com/goreleaser/nfpm/v2/files"
	_ "github.com/goreleaser/nfpm/v2/rpm"
	"golang.org/x/mod/module"
)

// summary is what a list of packages says, about what is said besides in a package's description.
const (
	summary = "Proxy, inspector, recorder, replayer and server for MSN Messenger"
	about   = `msnscope stays in the path when a server refers its client elsewhere, decodes
every command of MSNP2 to MSNP21, shows it in the terminal, and records it to
pcapng. Units for systemd run its server and its proxy.`
)

// pack makes the file of one form for a platform, if there is such a file.
func (r *release) pack(t target, form string) error {
	if form == "archive" {
		return r.archive(t)
	}
	if t.os != "linux" {
		return nil
	}
	items, err := r.installed(t, form)
	if err != nil {
		return err
	}
	info := r.info(t, form, items)
	if err := nfpm.PrepareForPackager(info, form); err != nil {
		return err
	}
	packager, err := nfpm.Get(form)
	if err != nil {
		return err
	}
	return r.create(packager.ConventionalFileName(info), func(f *os.File) error {
		return packager.Package(info, io.Writer(f))
	})
}

// info describes a package.
func (r *release) info(t target, form string, items []item) *nfpm.Info {
	info := &nfpm.Info{
		Name: "msnscope", Arch: t.arch, Platform: t.os, Section: "net", Priority: "optional",
		Maintainer: "The msnscope authors <msnscope@users.noreply.github.com>", Description: summary,
		Homepage: "https://github.com/msnscope/msnscope", License: "Apache-2.0", MTime: r.made, DisableGlobbing: true,
	}
	info.Version, info.Prerelease = packaged(r.version)
	if form != "apk" { // whose descriptions are one line
		info.Description += "\n" + about
	}
	info.RPM.Summary = summary
	info.RPM.BuildHost = "localhost" // else the name of this machine
	for _, i := range items {
		info.Contents = append(info.Contents, &files.Content{
			Source: i.from, Destination: i.to, Type: i.kind,
			FileInfo: &files.ContentFileInfo{Owner: "root", Group: "root", Mode: i.mode, MTime: r.made},
		})
	}
	if form != "apk" {
		info.Scripts.PostInstall = filepath.Join(r.root, "packaging", "installed.sh")
		info.Scripts.PreRemove = filepath.Join(r.root, "packaging", "remove.sh")
		info.Scripts.PostRemove = filepath.Join(r.root, "packaging", "installed.sh")
	}
	return nfpm.WithDefaults(info)
}

// packaged returns the version of a package and what comes before that version, "" for a release. A
// commit without a tag comes before the next release by its time: the form that Go gives it is not
// allowed in each kind of package.
func packaged(version string) (number, before string) {
	number, rest, _ := strings.Cut(strings.TrimPrefix(version, "v"), "-")
	if at, err := module.PseudoVersionTime(version); err == nil {
		return number, "git" + at.Format("20060102150405")
	}
	return number, strings.ReplaceAll(rest, ".", "")
}
