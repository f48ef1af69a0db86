package format

import (
	"strconv"
	"time"

	"github.com/msnscope/msnscope/decode/session"
)

// TimeForm is how a text line shows the time of an event.
type TimeForm uint8

// The forms of times.
const (
	TimeOfDay    TimeForm = iota // 18:04:05.123, local
	TimeRelative                 // +12.345678, in seconds since Clock.Start
	TimeDate                     // 2026-11-30 18:04:05.123+01:00, local
	TimeUTC                      // 2026-11-30T17:04:05.123456789Z
	TimeEpoch                    // 1796058245.123456789, in seconds since 1970
)

// TimeForms lists the names of the forms that ParseTimeForm takes.
func TimeForms() []string { return []string{"relative", "date", "utc", "epoch"} }

// ParseTimeForm returns the form of a name in TimeForms, or TimeOfDay for the empty name.
func ParseTimeForm(name string) (f TimeForm, ok bool) {
	if name == "" {
		return TimeOfDay, true
	}
	for i, n := range TimeForms() {
		if n == name {
			return TimeForm(i + 1), true
		}
	}
	return 0, false
}

// Clock writes the times of text lines. Its zero value writes the local time of day.
type Clock struct {
	Form  TimeForm
	Start time.Time // what TimeRelative counts from
}

// AppendText is the function AppendText with the times of this clock.
func (c Clock) AppendText(dst []byte, e *session.Event) []byte {
	return appendEvent(append(c.append(dst, e.Time), ' '), e)
}

// append appends a time, "-" for the zero time of a capture that has none.
func (c Clock) append(dst []byte, at time.Time) []byte {
	if at.IsZero() {
		return append(dst, '-')
	}
	switch c.Form {
	case TimeRelative:
		return appendSeconds(dst, at.Sub(c.Start))
	case TimeDate:
		return at.Local().AppendFormat(dst, "2006-01-02 15:04:05.000-07:00")
	case TimeUTC:
		return appendUTC(dst, at)
	case TimeEpoch:
		dst = append(strconv.AppendInt(dst, at.Unix(), 10), '.')
		return appendDigits(dst, int64(at.Nanosecond()), 9)
	}
	return at.Local().AppendFormat(dst, "15:04:05.000")
}

// appendUTC appends a time as RFC 3339 in UTC. It always has nine digits behind the point, so that
// programs that guess the type of a column guess the same for each file.
func appendUTC(dst []byte, at time.Time) []byte {
	const digits = len("2006-01-02T15:04:05.000000000")
	begin := len(dst)
	dst = at.UTC().AppendFormat(dst, time.RFC3339Nano) // the library is fast for this form alone
	dst = dst[:len(dst)-len("Z")]
	if n := len(dst) - begin; n < digits {
		if n == len("2006-01-02T15:04:05") {
			dst = append(dst, '.')
		}
		dst = append(dst, "000000000"[:digits-(len(dst)-begin)]...)
	}
	return append(dst, 'Z')
}

// appendSeconds appends a duration in seconds with a sign and six digits.
func appendSeconds(dst []byte, d time.Duration) []byte {
	sign := byte('+')
	if d < 0 {
		sign, d = '-', -d
	}
	dst = strconv.AppendInt(append(dst, sign), int64(d/time.Second), 10)
	return appendDigits(append(dst, '.'), int64(d%time.Second/time.Microsecond), 6)
}

// appendDigits appends n with at least so many digits.
func appendDigits(dst []byte, n int64, digits int) []byte {
	for limit := int64(10); digits > 1; digits, limit = digits-1, limit*10 {
		if n < limit {
			dst = append(dst, "000000000"[:digits-1]...)
			break
		}
	}
	return strconv.AppendInt(dst, n, 10)
}

// AppendDay appends a line, with a line feed, that says that the lines after it are of another day
// than those before it, and in which zone times are. It appends nothing if both times are of the
// same local day, or one of them is zero.
func AppendDay(dst []byte, before, after time.Time) []byte {
	if before.IsZero() || after.IsZero() {
		return dst
	}
	was, is := before.Local(), after.Local()
	if was.YearDay() == is.YearDay() && was.Year() == is.Year() {
		return dst
	}
	return is.AppendFormat(was.AppendFormat(dst, "-- 2006-01-02 ends, "), "2006-01-02 begins, times are UTC-07:00\n")
}
