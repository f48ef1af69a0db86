package main

import (
	"archive/tar"
	"archive/zip"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"
)

// archive makes the archive of a platform: a zip for Windows, a tar.gz elsewhere, with everything
// in a folder of its own.
func (r *release) archive(t target) error {
	items, err := r.archived(t)
	if err != nil {
		return err
	}
	name := fmt.Sprintf("msnscope_%s_%s_%s", strings.TrimPrefix(r.version, "v"), t.os, t.arch)
	write, ending := writeTar, ".tar.gz"
	if t.os == "windows" {
		write, ending = writeZip, ".zip"
	}
	return r.create(name+ending, func(f *os.File) error { return write(f, name+"/", items, r.made) })
}

func writeTar(w io.Writer, folder string, items []item, made time.Time) error {
	z, err := gzip.NewWriterLevel(w, gzip.BestCompression)
	if err != nil {
		return err
	}
	out := tar.NewWriter(z)
	for _, i := range items {
		data, err := os.ReadFile(i.from)
		if err != nil {
			return err
		}
		h := &tar.Header{
			Name: folder + i.to, Mode: int64(i.mode), Size: int64(len(data)), ModTime: made, Format: tar.FormatUSTAR,
			Typeflag: tar.TypeReg, Uname: "root", Gname: "root",
		}
		if err := out.WriteHeader(h); err != nil {
			return err
		}
		if _, err := out.Write(data); err != nil {
			return err
		}
	}
	return errors.Join(out.Close(), z.Close())
}

func writeZip(w io.Writer, folder string, items []item, made time.Time) error {
	out := zip.NewWriter(w)
	for _, i := range items {
		data, err := os.ReadFile(i.from)
		if err != nil {
			return err
		}
		h := &zip.FileHeader{Name: folder + i.to, Method: zip.Deflate, Modified: made}
		h.SetMode(i.mode)
		f, err := out.CreateHeader(h)
		if err != nil {
			return err
		}
		if _, err := f.Write(data); err != nil {
			return err
		}
	}
	return out.Close()
}
