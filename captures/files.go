package captures

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/msnscope/msnscope/captures/pcap"
)

// Files returns the capture files that names stand for, in the order of their first packets: a
// folder stands for the captures in it, a pattern such as trace*.pcap for the files that match it,
// unless a file has that very name, and - for standard input. Capturing programs cut a capture into
// several files, and this is the order in which they were written. A file without times, and
// standard input, keep their place after the one before them.
//
// The remarks say which other files a folder holds, and which files of a sequence are missing.
func Files(names ...string) (paths, remarks []string, err error) {
	for _, name := range names {
		found, passed, err := expand(name)
		if err != nil {
			return nil, nil, err
		}
		paths = append(paths, found...)
		if passed > 0 {
			remarks = append(remarks,
				fmt.Sprintf("%s: passed over, as no captures: %s", name, count(uint64(passed), "file")))
		}
	}
	if len(paths) < 2 {
		return paths, remarks, nil
	}
	return inTime(paths), append(remarks, absent(paths)...), nil
}

// expand returns the captures that a name stands for, and how many other files a folder has.
func expand(name string) (paths []string, passed int, err error) {
	if name == "-" {
		return []string{name}, 0, nil
	}
	info, err := os.Stat(name)
	switch {
	case err == nil && info.IsDir():
		return folder(name)
	case errors.Is(err, fs.ErrNotExist) && strings.ContainsAny(name, "*?["):
		paths, err := filepath.Glob(name)
		if err != nil {
			return nil, 0, fmt.Errorf("%s: %w", name, err)
		}
		if len(paths) == 0 {
			return nil, 0, fmt.Errorf("%s: %w: no file matches", name, fs.ErrNotExist)
		}
		return paths, 0, nil
	}
	return []string{name}, 0, nil // whoever opens it says what is wrong with it
}

// folder returns the captures in a folder, not in those within it, and how many other files it has.
func folder(name string) (paths []string, passed int, err error) {
	entries, err := os.ReadDir(name)
	if err != nil {
		return nil, 0, err
	}
	for _, e := range entries {
		path := filepath.Join(name, e.Name())
		if info, err := os.Stat(path); err != nil || !info.Mode().IsRegular() {
			continue
		}
		if _, err := firstTime(path); errors.Is(err, pcap.ErrNotCapture) {
			passed++
			continue
		}
		paths = append(paths, path)
	}
	if len(paths) == 0 {
		return nil, 0, fmt.Errorf("%s: %w: the folder has no captures", name, pcap.ErrNotCapture)
	}
	return paths, passed, nil
}

// firstTime returns the time of the first packet of a file.
func firstTime(path string) (time.Time, error) {
	f, err := os.Open(path)
	if err != nil {
		return time.Time{}, err
	}
	defer f.Close()
	return pcap.FirstTime(f, path)
}

// inTime returns the files in the order of their first packets.
func inTime(paths []string) []string {
	type timed struct {
		path   string
		at     time.Time
		number int // in its sequence
	}
	all := make([]timed, len(paths))
	for i, path := range paths {
		all[i].path = path
		_, all[i].number, _ = numberOf(path)
		if path != "-" {
			all[i].at, _ = firstTime(path)
		}
		if all[i].at.IsZero() && i > 0 {
			all[i].at = all[i-1].at
		}
	}
	slices.SortStableFunc(all, func(a, b timed) int { return cmp.Or(a.at.Compare(b.at), a.number-b.number) })
	sorted := make([]string, len(all))
	for i := range all {
		sorted[i] = all[i].path
	}
	return sorted
}

// numbered has the forms in which programs number the files of a capture: dumpcap and msnscope
// (trace_00002_20260301180405.pcapng), newer dumpcaps (trace_20260301180405_00002.pcapng), and
// tcpdump (trace.pcap, trace.pcap1, trace.pcap2).
var numbered = []*regexp.Regexp{
	regexp.MustCompile(`^(.*_)([0-9]{5})(?:_[0-9]{14})?(\.[^/]*)?$`),
	regexp.MustCompile(`^(.*\.(?:pcap|pcapng|cap|dump|dmp))([0-9]*)(\.[a-z0-9]*)?$`),
}

// numberOf returns what the names of files of one capture have in common, and the number of this
// one.
func numberOf(path string) (of string, number int, ok bool) {
	for _, form := range numbered {
		if m := form.FindStringSubmatch(path); m != nil {
			number, err := strconv.Atoi(cmp.Or(m[2], "0"))
			return datePart.ReplaceAllString(m[1], "") + "N" + m[3], number, err == nil
		}
	}
	return "", 0, false
}

// datePart is the time at which a file was begun, in its name.
var datePart = regexp.MustCompile(`_[0-9]{14}_$`)

// maxAbsent is how many holes in sequences of files are told.
const maxAbsent = 10

// absent says which files are missing between others of the same sequence.
func absent(paths []string) (remarks []string) {
	sequences := map[string]map[int]string{}
	for _, path := range paths {
		if of, number, ok := numberOf(path); ok {
			if sequences[of] == nil {
				sequences[of] = map[int]string{}
			}
			sequences[of][number] = path
		}
	}
	var names []string
	for of := range sequences {
		names = append(names, of)
	}
	slices.Sort(names)
	for _, of := range names {
		var numbers []int
		for n := range sequences[of] {
			numbers = append(numbers, n)
		}
		slices.Sort(numbers)
		for i, n := range numbers[1:] {
			before := numbers[i]
			if missing := n - before - 1; missing > 0 && len(remarks) < maxAbsent {
				remarks = append(remarks, fmt.Sprintf("missing between %s and %s, by their numbers: %s",
					sequences[of][before], sequences[of][n], count(uint64(missing), "file")))
			}
		}
	}
	return remarks
}
