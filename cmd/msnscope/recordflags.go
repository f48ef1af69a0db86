package main

import (
	"strings"
	"time"

	"github.com/spf13/pflag"

	"github.com/msnscope/msnscope/captures/recording"
)

// recordFlags are the flags of a recording.
type recordFlags struct {
	write      string // "+FILE" to add to one
	size, disk byteSize
	every      time.Duration
	force      bool
}

func (f *recordFlags) add(fs *pflag.FlagSet) {
	fs.StringVarP(&f.write, "write", "w", "",
		"record to this pcapng `FILE` as well; +FILE adds to one; %Y %m %d %H %M %S in it are the time")
	fs.BoolVar(&f.force, "force", false, "-w replaces a file that exists")
	fs.Var(&f.size, "rotate-size", "start a new file when one has this `SIZE`, such as 100M")
	fs.DurationVar(&f.every, "rotate-time", 0, "start a new file after this time, such as 1h")
	fs.Var(&f.disk, "max-disk", "keep the recording below this `SIZE`: its oldest files are deleted")
}

// leastFile is the least size of a file in bytes: below it, most of it would be headers and
// handshakes.
const leastFile = 64 << 10

// check returns an error for what is wrong with the flags, and fills in their defaults. The
// recording must not replace one of reads, the files that the verb reads.
func (f *recordFlags) check(reads ...string) error {
	path := strings.TrimPrefix(f.write, "+")
	switch {
	case path == "-":
		return usage("-w %s: standard output is used by the commands or the inspector; give a file", f.write)
	case f.write != "" && path == "":
		return usage("-w %s: the name of a file is missing", f.write)
	case overwrites(path, reads):
		return usage("-w %s: this file is one of the inputs", f.write)
	case path == "" && f.force:
		return usage("--force needs -w FILE, which it allows to replace a file")
	case f.force && path != f.write:
		return usage("-w %s --force: + adds to the file, --force replaces it", f.write)
	case path == "" && (f.rotates() || f.disk > 0):
		return usage("--rotate-size, --rotate-time and --max-disk need -w FILE")
	case f.every < 0 || f.every > 0 && f.every < time.Second:
		return usage("--rotate-time %s: it must be a second or more", f.every)
	case f.size > 0 && f.size < leastFile:
		return usage("--rotate-size %s: it must be 64K or more", &f.size)
	case f.disk > 0 && f.disk < 4*leastFile:
		return usage("--max-disk %s: it must be 256K or more", &f.disk)
	}
	if err := recording.CheckName(path); err != nil {
		return usage("-w %s: %w", path, err)
	}
	if f.disk > 0 {
		// Where only the total is limited, deleting one file should cost a tenth of it, and one
		// file must never be the whole.
		if f.size == 0 {
			f.size = max(leastFile, f.disk/10)
		}
		f.size = min(f.size, f.disk/3)
	}
	return nil
}

func (f *recordFlags) rotates() bool { return f.size > 0 || f.every > 0 }
