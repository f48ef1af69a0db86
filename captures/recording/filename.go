package recording

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"time"
)

// nameOf returns the name for a file of the recording: the name as given if there is only one file.
// The files of a recording that rotates differ by the time in their names, or as dumpcap does it:
// session_00002_20260301180405.pcapng. used reports whether a name is taken.
func (o *FilesOptions) nameOf(number int, at time.Time, used func(string) bool) string {
	name, _ := nameAt(o.Name, at, number) // checked
	if o.Size <= 0 && o.Every <= 0 {
		return name
	}
	ext := filepath.Ext(name)
	if other, _ := nameAt(o.Name, time.Time{}, 0); name == other { // the pattern has no time and no number
		began := at.Local().Format("20060102150405")
		name = fmt.Sprintf("%s_%05d_%s%s", strings.TrimSuffix(name, ext), number, began, ext)
	}
	// Two files in one second have the same name so far, and another run may have left one.
	free := name
	for i := number; used(free); i++ {
		free = fmt.Sprintf("%s_%05d%s", strings.TrimSuffix(name, ext), i, ext)
	}
	return free
}

// layouts are the letters that may follow a % in the name of a recording, as in tcpdump and
// strftime, each with Go's layout for it.
var layouts = map[byte]string{
	'Y': "2006", 'm': "01", 'd': "02", 'H': "15", 'M': "04", 'S': "05", 'y': "06", 'j': "002", 'F': "2006-01-02",
}

// afterPercent is the list, for errors, of what may follow a percent sign in a name.
const afterPercent = "after a % comes Y, m, d, H, M, S, y, j, F, N for the number, or another %"

// CheckName says what is wrong with a name of [FilesOptions]. In it %Y %m %d %H %M %S %y %j %F
// stand for the local time at which a file begins, as in strftime, %N for its number, %% for a
// percent sign.
func CheckName(name string) error {
	_, err := nameAt(name, time.Time{}, 1)
	return err
}

// nameAt replaces the % sequences of a pattern by a time, in the local zone, and a number.
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
			return "", errors.New(afterPercent)
		case pattern[i] == '%':
			b.WriteByte('%')
		case pattern[i] == 'N':
			fmt.Fprintf(&b, "%05d", number)
		default:
			if layout = layouts[pattern[i]]; layout == "" {
				return "", fmt.Errorf("%%%c is not known: %s", pattern[i], afterPercent)
			}
			b.WriteString(at.Local().Format(layout))
		}
	}
	return b.String(), nil
}
