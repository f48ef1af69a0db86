package format

import (
	"testing"
	"time"
)

func TestClock(t *testing.T) {
	local := time.Local
	defer func() { time.Local = local }()
	time.Local = time.FixedZone("far", 12*3600+45*60)
	at := time.Date(2026, 11, 30, 18, 4, 5, 120_000_000, time.UTC)
	for _, test := range []struct {
		form TimeForm
		at   time.Time
		want string
	}{
		{TimeOfDay, at, "06:49:05.120"},
		{TimeRelative, at, "+65.120000"},
		{TimeRelative, at.Add(-2 * time.Minute), "-54.880000"},
		{TimeDate, at, "2026-12-01 06:49:05.120+12:45"},
		{TimeUTC, at, "2026-11-30T18:04:05.120000000Z"},
		{TimeUTC, at.Truncate(time.Second), "2026-11-30T18:04:05.000000000Z"},
		{TimeUTC, at.Add(3), "2026-11-30T18:04:05.120000003Z"},
		{TimeEpoch, at.Add(3), "1796061845.120000003"},
		{TimeEpoch, at.Truncate(time.Second), "1796061845.000000000"},
		{TimeOfDay, time.Time{}, "-"},
		{TimeUTC, time.Time{}, "-"},
	} {
		c := Clock{Form: test.form, Start: at.Add(-65120 * time.Millisecond)}
		if got := string(c.append(nil, test.at)); got != test.want {
			t.Errorf("form %d: got %s, want %s", test.form, got, test.want)
		}
	}
}

// A line says that another day begins, and in which zone.
func TestAppendDay(t *testing.T) {
	local := time.Local
	defer func() { time.Local = local }()
	time.Local = time.FixedZone("far", 12*3600+45*60)
	noon := time.Date(2026, 11, 30, 12, 0, 0, 0, time.Local)
	for _, test := range []struct {
		before, after time.Time
		want          string
	}{
		{noon, noon.Add(11 * time.Hour), ""},
		{noon, noon.Add(12 * time.Hour), "-- 2026-11-30 ends, 2026-12-01 begins, times are UTC+12:45\n"},
		{noon, noon.AddDate(1, 0, 0), "-- 2026-11-30 ends, 2027-11-30 begins, times are UTC+12:45\n"},
		{time.Time{}, noon, ""},
		{noon, time.Time{}, ""},
	} {
		if got := string(AppendDay(nil, test.before, test.after)); got != test.want {
			t.Errorf("%v to %v: got %q, want %q", test.before, test.after, got, test.want)
		}
	}
}
