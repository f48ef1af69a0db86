package pcap

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"
)

func gzipped(t testing.TB, b []byte) []byte {
	t.Helper()
	var buf bytes.Buffer
	z := gzip.NewWriter(&buf)
	if _, err := z.Write(b); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

func join(parts ...[]byte) []byte { return bytes.Join(parts, nil) }

const ether = "to=12.from=6" // twelve bytes of addresses

// framed makes a pcap file of packets behind a link's header and before padding.
func framed(link uint32, head string, packets ...[]byte) []byte {
	var frames [][]byte
	for _, p := range packets {
		frames = append(frames, join([]byte(head), p, []byte("padding")))
	}
	return classicFile(le, true, link, frames...)
}

func TestFormats(t *testing.T) {
	a, b := pkt{seq: 1, data: "ab"}.ip(t), pkt{seq: 3, data: "cd"}.ip(t)
	micro := start.Truncate(time.Microsecond)
	tests := map[string]struct {
		file []byte
		at   time.Time
	}{
		"pcap":                  {classicFile(le, false, linkRaw, a, b), micro},
		"pcap big endian":       {classicFile(be, false, linkRaw, a, b), micro},
		"pcap nanoseconds":      {classicFile(le, true, linkRaw, a, b), start},
		"pcap nanoseconds, big": {classicFile(be, true, linkRaw, a, b), start},
		"pcap gzipped":          {gzipped(t, classicFile(le, true, linkRaw, a, b)), start},
		"pcap, check sequence":  {classicFile(le, true, 0x24000000|linkRaw, a, b), start},
		"pcapng":                {capture(t, pkt{seq: 1, data: "ab"}, pkt{seq: 3, data: "cd"}), start},
		"pcapng gzipped":        {gzipped(t, capture(t, pkt{seq: 1, data: "ab"}, pkt{seq: 3, data: "cd"})), start},
		"pcap gzipped in pieces": {join(gzipped(t, classicFile(le, true, linkRaw, a)),
			gzipped(t, classicFile(le, true, linkRaw, b)[24:])), start},
		"pcapng big endian":   {bigSection(t, 6, 0, a, b), micro},
		"pcapng milliseconds": {bigSection(t, 3, 0, a, b), start.Truncate(time.Millisecond)},
		"pcapng 2^-16 s": {
			bigSection(t, 0x80|16, 0, a, b),
			start.Truncate(time.Second).Add(time.Second * 51708 >> 16),
		},
		"pcapng with time offset": {bigSection(t, 6, 3600, a, b), micro.Add(time.Hour)},
		"pcapng, negative offset": {bigSection(t, 6, -3600, a, b), micro.Add(-time.Hour)},
		"pcapng picoseconds":      {bigSection(t, 12, -1, a, b), time.Time{}},
		"sections, first little":  {join(capture(t, pkt{seq: 1, data: "ab"}), bigSection(t, 9, 0, b)), start},
		"sections, first big":     {join(bigSection(t, 9, 0, a), capture(t, pkt{seq: 3, data: "cd"})), start},
		"pcapng, other blocks":    {otherBlocks(t), time.Time{}},
		"Ethernet":                {framed(linkEthernet, ether+"\x08\x00", a, b), start},
		"Ethernet, VLAN tag":      {framed(linkEthernet, ether+"\x81\x00\x00\x02\x08\x00", a, b), start},
		"Ethernet, two VLAN tags": {
			framed(linkEthernet, ether+"\x88\xa8\x00\x01\x81\x00\x00\x02\x08\x00", a, b),
			start,
		},
		"BSD loopback":     {framed(linkNull, "\x02\x00\x00\x00", a, b), start},
		"OpenBSD loopback": {framed(linkLoop, "\x00\x00\x00\x02", a, b), start},
		"cooked":           {framed(linkSLL, ether+"\x00\x00\x08\x00", a, b), start},
		"cooked, VLAN tag": {framed(linkSLL, ether+"\x00\x00\x81\x00\x00\x01\x08\x00", a, b), start},
		"cooked 2":         {framed(linkSLL2, "\x08\x00"+ether+"abcdef", a, b), start},
		"raw IPv4":         {classicFile(le, true, linkIPv4, a, b), start},
		"other protocols between": {
			classicFile(le, true, linkRaw, a, []byte{0x45}, nil, []byte("nonsense"), b),
			start,
		},
		"fragments":                 {classicFile(le, true, linkRaw, append(fragments(a), b)...), start},
		"fragments, last one first": {classicFile(le, true, linkRaw, fragments(a)[1], fragments(a)[0], b), start},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			got := items(t, test.file)
			if s, want := summary(got), "1C open, 1C data ab, 1C data cd"; s != want {
				t.Fatalf("got  %s\nwant %s", s, want)
			}
			if placed := !strings.Contains(name, "gzip"); (got[2].Offset > 0) != placed {
				t.Errorf("offset = %d, want a place: %v", got[2].Offset, placed)
			}
			if !test.at.IsZero() && !got[1].Time.Equal(test.at) {
				t.Errorf("time = %v, want %v", got[1].Time, test.at)
			}
		})
	}
}

// otherBlocks makes a section of a simple packet block, cut by the interface's snapshot length, and
// an old packet block.
func otherBlocks(t testing.TB) []byte {
	t.Helper()
	b, from := beginBlock(appendSection(nil, ""), blockInterface)
	b = endBlock(le.AppendUint32(append(b, linkRaw, 0, 0, 0), 42), from)
	first, second := pkt{seq: 1, data: "ab", cport: 77}.ip(t), pkt{seq: 3, data: "cd", cport: 77}.ip(t)
	b, from = beginBlock(b, blockSimple)
	b = le.AppendUint32(b, uint32(len(first)))
	b = endBlock(pad4(append(b, first...), len(first)), from)
	b, from = beginBlock(b, blockOldPacket)
	b = append(b, 0, 0, 9, 9) // the interface, and how many were dropped
	b = appendTime(b, start)
	b = le.AppendUint32(le.AppendUint32(b, uint32(len(second))), uint32(len(second)))
	return endBlock(pad4(append(b, second...), len(second)), from)
}

// bigSection makes a big-endian section with two interfaces, the packets being the second one's.
func bigSection(t testing.TB, resolution byte, offset int64, packets ...[]byte) []byte {
	t.Helper()
	block := func(typ uint32, body []byte) []byte {
		n := uint32(len(body) + 12)
		b := be.AppendUint32(be.AppendUint32(nil, typ), n)
		return be.AppendUint32(append(b, body...), n)
	}
	out := block(blockSection, join([]byte{0x1a, 0x2b, 0x3c, 0x4d, 0, 1, 0, 0}, bytes.Repeat([]byte{255}, 8)))
	out = append(out, block(blockInterface, []byte{0, linkEthernet, 0, 0, 0, 0, 0, 0})...)
	desc := []byte{0, linkRaw, 0, 0, 0, 0, 0, 0, 0, optResolution, 0, 1, resolution, 0, 0, 0, 0, optTimeOffset, 0, 8}
	out = append(out, block(blockInterface, be.AppendUint64(desc, uint64(offset)))...)
	frac := uint64(start.Nanosecond()) // of a second, in the interface's units
	units := uint64(1) << (resolution & 0x7f)
	if resolution < 0x80 {
		units = 1
		for range resolution {
			units *= 10
		}
	}
	stamp := uint64(start.Unix())*units + frac*(units/1000)/1_000_000
	if units < 1000 || resolution >= 0x80 {
		stamp = uint64(start.Unix())*units + frac*units/1_000_000_000
	}
	for _, p := range packets {
		body := be.AppendUint64(be.AppendUint32(nil, 1), stamp)
		body = be.AppendUint32(be.AppendUint32(body, uint32(len(p))), uint32(len(p)))
		out = append(out, block(blockPacket, pad4(append(body, p...), len(p)))...)
	}
	return out
}

// fragments cuts an IPv4 packet in two.
func fragments(ip []byte) [][]byte {
	a, b := bytes.Clone(ip[:36]), join(ip[:20], ip[36:])
	be.PutUint16(a[2:], uint16(len(a)))
	be.PutUint16(a[6:], 0x2000)
	be.PutUint16(b[2:], uint16(len(b)))
	be.PutUint16(b[6:], 2)
	return [][]byte{a, b}
}

func TestFragmentsIPv6(t *testing.T) {
	ip := pkt{seq: 1, data: "a long message", v6: true}.ip(t)
	piece := func(from, to int, more byte) []byte {
		p := join(ip[:40], []byte{protocolTCP, 0, 0, byte(from) | more, 0, 0, 0, 7}, ip[40+from:40+to])
		p[6] = 44
		be.PutUint16(p[4:], uint16(len(p)-40))
		return p
	}
	got := summary(items(t, classicFile(le, true, linkIPv6, piece(16, len(ip)-40, 0), piece(0, 16, 1))))
	if want := "1C open, 1C data a long message"; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

// Fragments whose datagrams never get whole are forgotten.
func TestFragmentsAreBounded(t *testing.T) {
	var d decoder
	first := fragments(pkt{seq: 1, data: strings.Repeat("x", 1000)}.ip(t))[1]
	for i := range 3 * maxFragments / len(first) {
		be.PutUint16(first[4:], uint16(i))
		be.PutUint16(first[12:], uint16(i>>16))
		if _, ok := d.decode(first, len(first), start); ok || d.held > maxFragments {
			t.Fatalf("fragment %d: segment %v, %d bytes held, want none and at most %d", i, ok, d.held, maxFragments)
		}
	}
}

// A packet that was not captured whole leaves a hole of the right size.
func TestShortSnapshot(t *testing.T) {
	whole := pkt{seq: 1, data: "abcdef"}.ip(t)
	got := summary(items(t, classicFile(le, true, linkRaw, whole[:len(whole)-4], pkt{seq: 7, data: "gh"}.ip(t))))
	if want := "1C open, 1C data ab, 1C lost 4, 1C data gh"; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestNotesOfOtherPrograms(t *testing.T) {
	section, from := beginBlock(nil, blockSection)
	section = le.AppendUint64(le.AppendUint64(section, byteOrderMagic|1<<32), 1<<64-1)
	section = endBlock(appendComments(section, []string{"about the file"}), from)
	counted, from := beginBlock(nil, blockStatistics)
	counted = appendOption(appendTime(le.AppendUint32(counted, 0), start), 4, "12345678")
	counted = endBlock(appendComments(counted, []string{"counters by somebody"}), from)
	names, from := beginBlock(nil, blockNames)
	names = endBlock(appendOption(appendNameRecord(names, nameIP4, []byte{10, 0, 0, 1}, "one\x00two"), nameEnd, ""),
		from)
	unknown, from := beginBlock(nil, 0xbad)
	unknown = endBlock(append(unknown, 1, 2, 3, 4), from)
	udp := []byte{0x45, 0, 0, 28, 0, 0, 0, 0, 9, 17, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 0, 1, 0, 2, 0, 8, 0, 0}
	file := appendRaw(join(section, appendInterface(nil, linkRaw), counted, names, unknown), udp, start,
		"on a datagram")
	want := "note #about the file, name 10.0.0.1=one, name 10.0.0.1=two, note #on a datagram"
	if got := summary(items(t, file)); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestRefused(t *testing.T) {
	good := capture(t, pkt{seq: 1, data: "ab"})
	head := len(appendInterface(appendSection(nil, ""), linkRaw))
	change := func(at int, v uint32) []byte {
		b := bytes.Clone(good)
		le.PutUint32(b[at:], v)
		return b
	}
	const begun = "1C open, 1C data ab"
	tests := map[string]struct {
		file    []byte
		summary string
		err     error
		says    string
	}{
		"empty":                 {nil, "", ErrNotCapture, "empty"},
		"text":                  {[]byte("VER 1 MSNP2\r\n"), "", ErrNotCapture, `"VER 1 MSNP2\r\n"`},
		"two bytes":             {[]byte{0xd4, 0xc3}, "", ErrNotCapture, `"\xd4\xc3"`},
		"gzipped text":          {gzipped(t, []byte("hello, world")), "", ErrNotCapture, "hello"},
		"gzip, cut":             {gzipped(t, good)[:60], "", ErrCut, "byte"},
		"gzip, cut in its head": {gzipped(t, good)[:6], "", ErrCut, "gzip"},
		"gzip, a wrong head":    {[]byte("\x1f\x8b\x09 and no more"), "", ErrNotCapture, "gzip"},
		"gzip, wrong check sum": {wrongSum(gzipped(t, good)), begun, ErrBroken, "byte 136: gzip: invalid checksum"},
		"gzip, more behind it": {
			append(gzipped(t, good), "more than that"...), begun, ErrBroken,
			"byte 136: gzip: invalid header",
		},
		"USB":                   {classicFile(le, false, 220), "", ErrLinkType, "220"},
		"no byte order":         {change(8, 1), "", ErrBroken, "byte 0:"},
		"block too long":        {change(head+4, 1<<31), "", ErrBroken, "byte 60:"},
		"block too short":       {change(head+4, 8), "", ErrBroken, "byte 60:"},
		"block of odd length":   {change(head+4, 101), "", ErrBroken, "byte 60:"},
		"lengths differ":        {change(len(good)-4, 80), "", ErrBroken, "80"},
		"no such interface":     {change(head+8, 1), "", ErrBroken, "interface"},
		"packet too long":       {change(head+20, 1<<32-1), "", ErrBroken, "longer"},
		"second block broken":   {join(good, make([]byte, 12)), begun, ErrBroken, "byte 136:"},
		"pcap, packet too long": {classicLie(t), begun, ErrBroken, "byte 82:"},
		"block that lies": {
			join(good, le.AppendUint32(le.AppendUint32(nil, 99), maxBlock), make([]byte, 4)),
			begun, ErrCut, "byte 136",
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := readAll(t, test.file)
			if s := summary(got); s != test.summary {
				t.Errorf("got  %s\nwant %s", s, test.summary)
			}
			if !errors.Is(err, test.err) || !strings.Contains(err.Error(), test.says) ||
				!strings.Contains(err.Error(), "test.pcapng") {
				t.Errorf("error = %v, want %v with %q and the file's name", err, test.err, test.says)
			}
		})
	}
}

// wrongSum changes the check sum at the end of a gzipped file.
func wrongSum(z []byte) []byte {
	z[len(z)-8]++
	return z
}

// A small file that unzips to a large one, of the largest blocks, is read in the memory of two of
// them.
func TestDecompressionBomb(t *testing.T) {
	block, from := beginBlock(nil, 0xbad)
	block = endBlock(append(block, make([]byte, maxBlock-12)...), from)
	good := capture(t, pkt{flags: "S", seq: 0}, pkt{seq: 1, data: "ab"})
	bomb := gzipped(t, join(good, bytes.Repeat(block, 6)))
	r, err := NewReader(bytes.NewReader(bomb), "bomb")
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for ; err == nil; n++ {
		_, err = r.Next()
	}
	if unzipped := r.Offset(); err != io.EOF || n != 3 || unzipped < 400*int64(len(bomb)) ||
		len(r.in.buf) > 2*maxBlock {
		t.Errorf("%d items and %v, %d bytes of %d, a buffer of %d", n-1, err, unzipped, len(bomb), len(r.in.buf))
	}
}

// What is added to a file while it is read belongs to it; when its end falls within a packet, what
// came before is kept.
func TestFileThatGrows(t *testing.T) {
	whole := capture(t, after(pkt{seq: 101, data: "ab"}, pkt{seq: 103, data: "cd"}, pkt{seq: 105, data: "ef"})...)
	path := filepath.Join(t.TempDir(), "growing.pcapng")
	grow := func(part []byte) {
		t.Helper()
		f, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.Write(part); err != nil {
			t.Fatal(err)
		}
		f.Close()
	}
	grow(whole[:len(whole)-200])
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	r, err := NewReader(f, path)
	if err != nil {
		t.Fatal(err)
	}
	var got []Item
	for {
		i, err := r.Next()
		if err != nil {
			if !errors.Is(err, ErrCut) || !strings.Contains(err.Error(), fmt.Sprint("byte ", len(whole)-10)) {
				t.Errorf("error = %v, want ErrCut with the place", err)
			}
			break
		}
		kept := *i
		kept.Data = bytes.Clone(i.Data)
		if got = append(got, kept); len(got) == 1 {
			grow(whole[len(whole)-200 : len(whole)-10])
		}
	}
	if s, want := summary(got), "1C open, 1C data ab, 1C data cd"; s != want {
		t.Errorf("got  %s\nwant %s", s, want)
	}
}

func classicLie(t testing.TB) []byte {
	b := classicFile(le, true, linkRaw, pkt{seq: 1, data: "ab"}.ip(t))
	return append(b, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 2)
}

// Wherever a file is cut, what comes before is handed out, and the end is said to be clean or not.
func TestEveryCut(t *testing.T) {
	packets := after(pkt{seq: 101, data: "ab", comment: "c"}, pkt{server: true, seq: 501, data: "ef"},
		pkt{flags: "F", seq: 103})
	var frames [][]byte
	for _, p := range packets {
		frames = append(frames, p.ip(t))
	}
	var written bytes.Buffer
	w, err := NewWriter(&written, WriterOptions{})
	if err != nil {
		t.Fatal(err)
	}
	example(t, w)
	for name, file := range map[string][]byte{
		"pcapng": capture(t, packets...), "big": bigSection(t, 6, 0, frames...),
		"pcap": classicFile(le, true, linkRaw, frames...), "written": written.Bytes()[:3000],
	} {
		whole, _ := readAll(t, file)
		clean, last := 0, ""
		for n := range len(file) + 1 {
			got, err := readAll(t, file[:n])
			s := summary(got)
			if s != summary(whole[:len(got)]) || len(s) < len(last) {
				t.Fatalf("%s cut at %d: got %s, which the whole file does not begin with", name, n, s)
			}
			last = s
			switch {
			case err == io.EOF:
				clean++
			case errors.Is(err, ErrCut), n < 4 && errors.Is(err, ErrNotCapture):
			default:
				t.Fatalf("%s cut at %d: %v, want ErrCut or io.EOF", name, n, err)
			}
		}
		if name == "pcap" && clean != len(frames)+1 {
			t.Errorf("pcap: %d clean ends, want %d: after the head and each packet", clean, len(frames)+1)
		}
	}
}

// frames is an endless file: it calls more for each next piece.
type frames struct {
	left []byte
	more func() []byte
}

func (f *frames) Read(p []byte) (int, error) {
	if len(f.left) == 0 {
		if f.left = f.more(); f.left == nil {
			return 0, io.EOF
		}
	}
	n := copy(p, f.left)
	f.left = f.left[n:]
	return n, nil
}

// Many connections with holes that never fill, in a file of 128 MB, are read in bounded memory.
func TestMemoryIsBounded(t *testing.T) {
	const conns, size = 2000, 32000
	one := capture(t, pkt{seq: 1, data: strings.Repeat("x", size)})
	packet := len(appendInterface(appendSection(nil, ""), linkRaw)) + 28
	total, lost := 0, 0
	gen := func() []byte {
		i := total / size
		if total += size; total > 128<<20 {
			return nil
		}
		be.PutUint16(one[packet+20:], uint16(1+i%conns))
		be.PutUint32(one[packet+24:], uint32(i/conns*2*size)) // every other one is missing
		if i == 0 {
			return one
		}
		return one[packet-28:]
	}
	r, err := NewReader(&frames{more: gen}, "big")
	if err != nil {
		t.Fatal(err)
	}
	var before, m runtime.MemStats
	runtime.ReadMemStats(&before)
	for got := 0; ; got++ {
		i, err := r.Next()
		if err != nil {
			break
		}
		lost += i.Lost
		if got == 8000 {
			runtime.GC()
			runtime.ReadMemStats(&m)
		}
	}
	if want := (total/size/conns - 1) * conns * size; lost < want-conns*size || m.HeapAlloc > before.HeapAlloc+80<<20 {
		t.Errorf("lost %d bytes of about %d, heap %d MB, want at most 80 more than %d", lost, want, m.HeapAlloc>>20,
			before.HeapAlloc>>20)
	}
}

// Fragments may overlap: of the bytes that come twice the first count, in whatever order and
// sizes the fragments come.
func TestOverlappingFragments(t *testing.T) {
	ip := pkt{seq: 1, data: strings.Repeat("0123456789", 8)}.ip(t) // 100 bytes behind the header
	piece := func(from, to int, change byte) []byte {
		f := join(ip[:20], ip[20+from:20+min(to, 100)])
		be.PutUint16(f[2:], uint16(len(f)))
		more := uint16(0x2000)
		if to >= 100 {
			more = 0
		}
		be.PutUint16(f[6:], uint16(from/8)|more)
		for i := range f[20:] {
			f[20+i] += change
		}
		return f
	}
	tests := map[string][][]byte{
		"a little":       {piece(0, 48, 0), piece(40, 100, 0)},
		"last one first": {piece(40, 100, 0), piece(0, 48, 0)},
		"covers another": {piece(24, 48, 0), piece(0, 100, 0)},
		"covers two":     {piece(24, 32, 0), piece(48, 56, 0), piece(0, 100, 0)},
		"is covered":     {piece(0, 64, 0), piece(16, 32, 7), piece(56, 100, 0)},
		"twice":          {piece(0, 64, 0), piece(0, 64, 7), piece(64, 100, 0)},
		"first counts":   {piece(0, 64, 0), piece(40, 64, 7), piece(64, 100, 0)},
	}
	want := "1C open, 1C data " + strings.Repeat("0123456789", 8) + ", 1C data cd"
	for name, fragments := range tests {
		t.Run(name, func(t *testing.T) {
			next := pkt{seq: 81, data: "cd"}.ip(t)
			got := summary(items(t, classicFile(le, true, linkRaw, append(fragments, next)...)))
			if got != want {
				t.Errorf("got  %s\nwant %s", got, want)
			}
		})
	}
}
