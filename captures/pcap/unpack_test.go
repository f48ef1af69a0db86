package pcap

import (
	"bytes"
	"encoding/base64"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"
	"github.com/pierrec/lz4/v4"
)

// packedFiles returns a capture of the packets ab and cd in each format. The library has no writer
// for bzip2 and xz: these two were made by the programs of these names.
func packedFiles(t *testing.T) map[string][]byte {
	t.Helper()
	var plain, z, l bytes.Buffer
	plain.Write(capture(t, pkt{seq: 1, data: "ab"}, pkt{seq: 3, data: "cd"}))
	zw, err := zstd.NewWriter(&z)
	if err != nil {
		t.Fatal(err)
	}
	lw := lz4.NewWriter(&l)
	for _, w := range []io.WriteCloser{zw, lw} {
		if _, err := w.Write(plain.Bytes()); err != nil {
			t.Fatal(err)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
	}
	return map[string][]byte{
		"gzip": gzipped(t, plain.Bytes()), "zstd": z.Bytes(), "lz4": l.Bytes(),
		"bzip2": decoded(t, bzip2File), "xz": decoded(t, xzFile),
	}
}

func decoded(t *testing.T, text string) []byte {
	b, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

const (
	bzip2File = "QlpoOTFBWSZTWXueOloAAEN/v/2ywBbAGAAEAoZIAD4AACAAE0AAAAIAKAgAAEAAAqAAkDADJpoMhghpiNGBKFJgm1GmgeoNNGTT" +
		"aZSZsKnk4/grBy2FPMHFNBROxvBUSyZgeKF+DJliwOtZBlEqVEQeoI8kxQZjblIQrJvBdodzI+XzxHVyFD7mxiKiamg0F1W4hIzI" +
		"xLTqSGHHpLP4u5IpwoSD3PHS0A=="
	xzFile = "/Td6WFoAAATm1rRGAgAhARYAAAB0L+Wj4ADTAGZdAAUD34K9cUCdv8ocPaUax6wIJdi2LDaJOpO1VS/9hzQynvD5tQn7oYIaLXC6" +
		"avn0JIUgvKs/UiuAe0Psw8/LHsBvztY2/O82hQ1HlnXfF4lRkBdUHArH/IVqhInwKcknZOFeNyBzAAAAAPT/okTPvQPUAAGCAdQB" +
		"AABHDLkFscRn+wIAAAAABFla"
)

func TestUnpack(t *testing.T) {
	for name, file := range packedFiles(t) {
		t.Run(name, func(t *testing.T) {
			got, err := readAll(t, file)
			if s, want := summary(got), "1C open, 1C data ab, 1C data cd"; s != want || err != io.EOF {
				t.Fatalf("got  %s, %v\nwant %s", s, err, want)
			}
			if got[1].Offset != -1 {
				t.Errorf("offset %d of what is not in the file", got[1].Offset)
			}
		})
	}
}

// Wherever a compressed file is cut or damaged, the error says so, and the cut is never taken for
// its end.
func TestUnpackCut(t *testing.T) {
	for name, file := range packedFiles(t) {
		t.Run(name, func(t *testing.T) {
			for n := 6; n < len(file); n++ {
				got, err := readAll(t, file[:n])
				if !errors.Is(err, ErrCut) && !errors.Is(err, ErrNotCapture) {
					t.Fatalf("cut at %d of %d: %s and %v", n, len(file), summary(got), err)
				}
			}
			for at := range file {
				damaged := bytes.Clone(file)
				damaged[at] ^= 0x55
				got, err := readAll(t, damaged)
				if s := summary(got); err == io.EOF && s != "1C open, 1C data ab, 1C data cd" {
					t.Fatalf("byte %d changed: %s and no error", at, s)
				}
			}
		})
	}
}

// A compressed file that claims to refer two gigabytes back is refused before it gets the memory.
func TestUnpackWindow(t *testing.T) {
	head := []byte{0x28, 0xb5, 0x2f, 0xfd, 0x00, 21 << 3, 0x03, 0, 0}
	_, err := readAll(t, append(head, make([]byte, 100)...))
	if err == nil || err == io.EOF || !strings.Contains(err.Error(), "zstd") {
		t.Errorf("error = %v, want one of zstd", err)
	}
}

// A file with more than any capture ends with an error that says what to do.
func TestUnpackBound(t *testing.T) {
	b := &bounded{strings.NewReader("abcdef"), 4}
	got, err := io.ReadAll(b)
	if string(got) != "abcd" || !errors.Is(err, errUnpacked) {
		t.Errorf("%q and %v, want abcd and %v", got, err, errUnpacked)
	}
}

// Files of Linux distributions of 1999 to 2001, which have longer heads before packets, are read.
func TestModifiedFiles(t *testing.T) {
	a, b := pkt{seq: 1, data: "ab"}.ip(t), pkt{seq: 3, data: "cd"}.ip(t)
	ethernet := func(ip []byte) []byte { return onEthernet(typeIPv4, ip) }
	const more = "\x02\x00\x00\x00\x08\x00\x00\x00"
	tests := map[string]struct {
		magic  uint32
		more   string
		frames [][]byte
	}{
		"modified":             {magicModified, more, [][]byte{ethernet(a), ethernet(b)}},
		"modified, one":        {magicModified, more, [][]byte{ethernet(a)}},
		"with the usual magic": {0xa1b2c3d4, more, [][]byte{ethernet(a), ethernet(b)}},
		"of SuSE":              {magicModified, more + "\x00\x00\x00\x00", [][]byte{ethernet(a), ethernet(b)}},
		"of SuSE, one":         {magicModified, more + "\x00\x00\x00\x00", [][]byte{ethernet(a)}},
		"modified, raw IP":     {magicModified, more, [][]byte{a, b}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			link := uint32(linkEthernet)
			if strings.HasSuffix(name, "raw IP") {
				link = linkRaw
			}
			file := classicFile(le, false, link, test.frames...)
			le.PutUint32(file, test.magic)
			var out []byte
			out, file = append(out, file[:24]...), file[24:]
			for len(file) > 0 {
				n := 16 + int(le.Uint32(file[8:]))
				out = join(out, file[:16], []byte(test.more), file[16:n])
				file = file[n:]
			}
			want := "1C open, 1C data ab, 1C data cd"
			if len(test.frames) == 1 {
				want = "1C open, 1C data ab"
			}
			if got := summary(items(t, out)); got != want {
				t.Errorf("got  %s\nwant %s", got, want)
			}
		})
	}
}
