package server

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/decode/dialect"
)

// Preset names a set of behaviours where the draft and real servers differ.
type Preset uint8

// These are the presets.
const (
	// Lenient answers errors as the draft says, and knows what real clients send beyond the draft.
	Lenient Preset = iota
	// Draft follows the draft literally: it has no extensions, and sends JOI also to the joining
	// client (§8.5).
	Draft
	// Observed behaves like Microsoft's servers: it closes where the draft has an error, sends a
	// profile after the logon, and takes messages of at most 1664 bytes.
	Observed
	presets
)

var presetNames = [presets]string{Lenient: "lenient", Draft: "draft", Observed: "observed"}

// String returns "lenient", "draft" or "observed".
func (p Preset) String() string {
	if p >= presets {
		return fmt.Sprintf("Preset(%d)", uint8(p))
	}
	return presetNames[p]
}

// ParsePreset returns the preset with the given name, or an error that lists the names.
func ParsePreset(s string) (Preset, error) {
	if i := slices.Index(presetNames[:], s); i >= 0 {
		return Preset(i), nil
	}
	return 0, fmt.Errorf("unknown preset %q: want one of %s", s, strings.Join(presetNames[:], ", "))
}

// Never is the duration that stands for never.
const Never time.Duration = -1

// Settings are what presets differ in; no other code of the server looks at the preset.
// [Preset.Settings] returns each preset's values, docs/SERVER.md explains them.
type Settings struct {
	CloseOnError  bool
	CloseAfter911 time.Duration // Never, or the time after the last wrong password
	MaxMessage    int           // bytes of a message's payload; 0 means no limit
	ListLimit     int           // entries in each of FL, AL and BL
	HotmailOnly   bool
	DSReferral    bool
	JoiToJoiner   bool
	OutReply      bool
	ProfileMsg    bool
	CookieTTL     time.Duration
	RingTimeout   time.Duration
	IdleTimeout   time.Duration // of switchboard connections; 0 means none
	SecondLogin   bool
	Extensions    bool
	VersionFirst  bool
	CloseSurplus  bool
	ByeReason     bool
	Welcome       bool
	Limits        Limits // the same in all presets
}

// answers returns how failures are answered.
func (s *Settings) answers() *[failures]answer {
	if s.CloseOnError {
		return &observedAnswers
	}
	return &draftAnswers
}

// setting is a row of the table of settings: its name, section of the draft, meaning, value in each
// preset, and why presets differ from the draft there. field returns a pointer to its field of s: a
// *bool, *int or *time.Duration.
type setting struct {
	key     string
	section string
	means   string
	field   func(s *Settings) any
	values  [presets]string
	reason  string
}

// extensions returns, joined by commas, the commands of MSNP2 clients that the draft leaves out.
func extensions() string {
	var verbs []string
	for _, row := range dialect.MSNP2.Rows() {
		ours := row.Roles&dialect.Any != 0 && row.Dir == decode.FromClient
		if row.Extension && ours && !slices.Contains(verbs, row.Verb) {
			verbs = append(verbs, row.Verb)
		}
	}
	return strings.Join(verbs, ", ")
}

// settingRows is the table of settings. All code that reads, shows or explains settings goes by it.
var settingRows = []setting{
	{
		"close-on-error", "7.11",
		"close the connection where the draft has an error for a mistake of the client program; a few codes differ too",
		func(s *Settings) any { return &s.CloseOnError },
		[presets]string{"no", "no", "yes"},
		"the servers of 2002 and 2003 closed without a word; an error code makes a client easier to debug",
	},
	{
		"close-after-911", "7.3", "close this long after the last wrong password; never: the client may start again",
		func(s *Settings) any { return &s.CloseAfter911 },
		[presets]string{"5s", "never", "0s"},
		"the draft lets a client try again on the same connection, but three real ones wait for ever; " +
			"real servers closed at once",
	},
	{
		"max-message", "8.7", "the greatest size of a message in bytes; 0: no limit",
		func(s *Settings) any { return &s.MaxMessage },
		[presets]string{"0", "0", "1664"},
		"the draft has no limit; real servers closed the connection above 1664 bytes",
	},
	{
		"list-limit", "5.7", "entries in each of FL, AL and BL",
		func(s *Settings) any { return &s.ListLimit },
		[presets]string{"150", "150", "150"},
		"the draft has error 210 but gives no number; servers allowed 150 in 2003",
	},
	{
		"hotmail-only", "5.4", "handles must be at hotmail.com",
		func(s *Settings) any { return &s.HotmailOnly },
		[presets]string{"no", "no", "no"},
		"a rule of the service in its first months, dropped with client 2.0; useful for reproducing them",
	},
	{
		"ds-referral", "7.4", "the dispatch server refers users on; no: it logs them on itself",
		func(s *Settings) any { return &s.DSReferral },
		[presets]string{"yes", "yes", "yes"},
		"the draft allows either",
	},
	{
		"joi-to-joiner", "8.5", "JOI goes to the joining client too",
		func(s *Settings) any { return &s.JoiToJoiner },
		[presets]string{"no", "yes", "no"},
		"the draft says so, but no real server did; gaim 0.43 takes it for a third participant and loses the message",
	},
	{
		"out-reply", "7.10", "dispatch and notification servers answer OUT before they close",
		func(s *Settings) any { return &s.OutReply },
		[presets]string{"yes", "yes", "no"},
		"real servers only closed",
	},
	{
		"profile-msg", "8.8", "a profile message follows the logon",
		func(s *Settings) any { return &s.ProfileMsg },
		[presets]string{"no", "no", "yes"},
		"the draft has no such message; real servers sent it",
	},
	{
		"cookie-ttl", "8.1", "how long a cookie of XFR or RNG is valid at the switchboard",
		func(s *Settings) any { return &s.CookieTTL },
		[presets]string{"2m0s", "2m0s", "2m0s"},
		"the draft gives no time; on real servers it was one to two minutes",
	},
	{
		"ring-timeout", "8.3", "how long a user who was called counts as invited",
		func(s *Settings) any { return &s.RingTimeout },
		[presets]string{"1m0s", "1m0s", "1m0s"},
		"the draft gives no time",
	},
	{
		"idle-timeout", "8.5", "close a switchboard connection that has sent nothing for this long; 0s: never",
		func(s *Settings) any { return &s.IdleTimeout },
		[presets]string{"0s", "0s", "0s"},
		"the draft has no such rule; real servers closed after some minutes, which would break other people's tests",
	},
	{
		"second-login", "7.10", "a second logon ends the first with OUT OTH; no: it is refused with 207",
		func(s *Settings) any { return &s.SecondLogin },
		[presets]string{"yes", "yes", "yes"},
		"no is for tests that must keep their connection",
	},
	{
		"extensions", "3",
		"the commands that the draft leaves out: " + extensions() + "; CVR0 in VER, and MSNP3 to MSNP7",
		func(s *Settings) any { return &s.Extensions },
		[presets]string{"yes", "no", "yes"},
		"every real client sends some of them",
	},
	{
		"version-first", "7.1", "USR without VER before it is refused",
		func(s *Settings) any { return &s.VersionFirst },
		[presets]string{"no", "yes", "no"},
		"three clients of 2000 begin with USR at the notification server",
	},
	{
		"close-surplus", "5.2", "arguments beyond those of the command close the connection",
		func(s *Settings) any { return &s.CloseSurplus },
		[presets]string{"no", "no", "yes"},
		"the draft is silent, real servers closed; a client of 2000 sends REM with one too many, which they took",
	},
	{
		"bye-reason", "8.5", "the BYE of a user who was idle has a 1 after the handle",
		func(s *Settings) any { return &s.ByeReason },
		[presets]string{"yes", "no", "yes"},
		"real servers added it; the draft has no such argument",
	},
	{
		"welcome", "5.7",
		"greeter@hotmail.com adds each user whose lists are empty at the logon, and is added to the user's FL and AL",
		func(s *Settings) any { return &s.Welcome },
		[presets]string{"no", "no", "no"},
		"gaim 0.64 waits for somebody on RL, and a Python library of 2003 for an entry on any list",
	},
}

// Settings returns the preset's settings; for an unknown preset they are Lenient's.
func (p Preset) Settings() Settings {
	if p >= presets {
		p = Lenient
	}
	s := Settings{Limits: defaultLimits()}
	for i := range settingRows {
		_ = settingRows[i].set(&s, settingRows[i].values[p]) // cannot fail: a test sets them all
	}
	return s
}

// Set parses value and gives it to the setting or limit named key, such as "joi-to-joiner". Values
// are yes or no, a number, or a time such as "90s".
func (s *Settings) Set(key, value string) error {
	for i := range settingRows {
		if settingRows[i].key == key {
			return settingRows[i].set(s, value)
		}
	}
	if row := limitOf(key); row != nil {
		return row.set(&s.Limits, value)
	}
	return fmt.Errorf("unknown setting %q: want one of %s", key, strings.Join(SettingNames(), ", "))
}

// SettingNames returns the names that [Settings.Set] accepts.
func SettingNames() []string {
	var names []string
	for i := range settingRows {
		names = append(names, settingRows[i].key)
	}
	for i := range limitRows {
		names = append(names, limitRows[i].key)
	}
	return names
}

// set parses value and sets the setting in s. The error says what would be valid.
func (row *setting) set(s *Settings, value string) error {
	switch field := row.field(s).(type) {
	case *bool:
		if value != "yes" && value != "no" {
			return fmt.Errorf("setting %s: %q is neither yes nor no", row.key, value)
		}
		*field = value == "yes"
	case *int:
		n, err := strconv.ParseUint(value, 10, 31)
		if err != nil {
			return fmt.Errorf("setting %s: %q is not a whole number", row.key, value)
		}
		*field = int(n)
	case *time.Duration:
		d, err := time.ParseDuration(value)
		if value == "never" && row.key == "close-after-911" {
			d, err = Never, nil
		} else if d < 0 {
			err = strconv.ErrRange
		}
		if err != nil {
			return fmt.Errorf("setting %s: %q is not a duration such as 90s or 2m", row.key, value)
		}
		*field = d
	}
	return nil
}
