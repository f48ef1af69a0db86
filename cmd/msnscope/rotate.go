package main

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/pflag"
)

// recordFlags are the flags of a recording.
type recordFlags struct {
	write      string // "+FILE" to add to one
	size, disk byteSize
	every      time.Duration
}

func (f *recordFlags) add(fs *pflag.FlagSet) {
	fs.StringVarP(&f.write, "write", "w", "", "record to this pcapng `FILE` as well; +FILE adds to one; %Y %m %d %H %M %S in it are the time")
	fs.Var(&f.size, "rotate-size", "go on in another file when one has this `SIZE`, such as 100M")
	fs.DurationVar(&f.every, "rotate-time", 0, "go on in another file after this time, such as 1h")
	fs.Var(&f.disk, "max-disk", "keep the recording below this `SIZE`: its oldest files are deleted")
}

// leastFile is the least size of a file: below it, most of it would be heads and handshakes.
const leastFile = 64 << 10

// check says what is wrong with the flags, and settles what they leave open.
func (f *recordFlags) check() error {
	path := strings.TrimPrefix(f.write, "+")
	switch {
	case path == "-":
		return usage("-w %s: standard output is taken by the commands, or the inspector; give a file", f.write)
	case f.write != "" && path == "":
		return usage("-w %s: the name of a file is missing", f.write)
	case path == "" && (f.rotates() || f.disk > 0):
		return usage("--rotate-size, --rotate-time and --max-disk need -w FILE")
	case f.every < 0 || f.every > 0 && f.every < time.Second:
		return usage("--rotate-time %s: it must be a second or more", f.every)
	case f.size > 0 && f.size < leastFile:
		return usage("--rotate-size %s: it must be 64K or more", &f.size)
	case f.disk > 0 && f.disk < 4*leastFile:
		return usage("--max-disk %s: it must be 256K or more", &f.disk)
	}
	if _, err := nameAt(path, time.Time{}, 1); err != nil {
		return err
	}
	if f.disk > 0 {
		// Where only the whole has a size, deleting a file is to cost a tenth of it; and one file must never be all.
		if f.size == 0 {
			f.size = max(leastFile, f.disk/10)
		}
		f.size = min(f.size, f.disk/3)
	}
	return nil
}

func (f *recordFlags) rotates() bool { return f.size > 0 || f.every > 0 }

// name returns the name of a file of the recording: as given where there is only one. The files of one that rotates are told
// apart by the time in their names, or as dumpcap does: session_00002_20260301180405.pcapng.
func (f *recordFlags) name(number int, at time.Time, used func(string) bool) string {
	pattern := strings.TrimPrefix(f.write, "+")
	name, _ := nameAt(pattern, at, number) // checked
	if !f.rotates() {
		return name
	}
	ext := filepath.Ext(name)
	if other, _ := nameAt(pattern, time.Time{}, 0); name == other { // nothing in it tells them apart
		name = fmt.Sprintf("%s_%05d_%s%s", strings.TrimSuffix(name, ext), number, at.Local().Format("20060102150405"), ext)
	}
	if used(name) { // two in a second
		name = fmt.Sprintf("%s_%05d%s", strings.TrimSuffix(name, ext), number, ext)
	}
	return name
}

// layouts are what may stand behind a % in the name of a recording, as in tcpdump and strftime, and how Go writes it.
var layouts = map[byte]string{'Y': "2006", 'm': "01", 'd': "02", 'H': "15", 'M': "04", 'S': "05", 'y': "06", 'j': "002", 'F': "2006-01-02"}

// nameAt puts a time (local) and a number into a name.
func nameAt(pattern string, at time.Time, number int) (string, error) {
	var b strings.Builder
	for i := 0; i < len(pattern); i++ {
		if pattern[i] != '%' {
			b.WriteByte(pattern[i])
			continue
		}
		i++
		switch layout := ""; {
		case i == len(pattern):
			return "", usage("-w %s: after a %% comes Y, m, d, H, M, S, y, j, F, N for the number, or another %%", pattern)
		case pattern[i] == '%':
			b.WriteByte('%')
		case pattern[i] == 'N':
			fmt.Fprintf(&b, "%05d", number)
		default:
			if layout = layouts[pattern[i]]; layout == "" {
				return "", usage("-w %s: %%%c is not known: after a %% comes Y, m, d, H, M, S, y, j, F, N for the number, or another %%", pattern, pattern[i])
			}
			b.WriteString(at.Local().Format(layout))
		}
	}
	return b.String(), nil
}

// kept are the files of a recording that are complete, the oldest first.
type kept struct {
	names []string
	sizes []int64
	total int64
}

func (k *kept) add(name string) {
	info, err := os.Stat(name)
	if err != nil || !info.Mode().IsRegular() {
		return // somebody took it away
	}
	k.names, k.sizes, k.total = append(k.names, name), append(k.sizes, info.Size()), k.total+info.Size()
}

// shrink deletes the oldest files until no more than limit bytes are left, and tells of each.
func (k *kept) shrink(limit int64, tell func(name string, err error)) {
	for len(k.names) > 0 && k.total > limit {
		tell(k.names[0], os.Remove(k.names[0]))
		k.total -= k.sizes[0]
		k.names, k.sizes = k.names[1:], k.sizes[1:]
	}
}

// byteSize is a flag for a number of bytes: 100M, 1.5G, 65536.
type byteSize int64

var units = []struct {
	letter byte
	factor float64
}{{'G', 1 << 30}, {'M', 1 << 20}, {'K', 1 << 10}}

// Set implements pflag.Value.
func (s *byteSize) Set(text string) error {
	number, factor := strings.TrimSuffix(strings.TrimSuffix(strings.ToUpper(text), "B"), "I"), 1.0
	for _, u := range units {
		if rest, ok := strings.CutSuffix(number, string(u.letter)); ok {
			number, factor = rest, u.factor
		}
	}
	n, err := strconv.ParseFloat(number, 64)
	if err != nil || !(n > 0) || n*factor > math.MaxInt64/2 {
		return fmt.Errorf("a size is a number of bytes, or has a unit: 100M, 1.5G")
	}
	*s = byteSize(n * factor)
	return nil
}

// String implements pflag.Value.
func (s *byteSize) String() string {
	for _, u := range units {
		if f := int64(u.factor); *s > 0 && int64(*s)%f == 0 {
			return strconv.FormatInt(int64(*s)/f, 10) + string(u.letter)
		}
	}
	if *s == 0 {
		return ""
	}
	return strconv.FormatInt(int64(*s), 10)
}

// Type implements pflag.Value.
func (s *byteSize) Type() string { return "SIZE" }
