package server

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Preset is a set of behaviours where the draft and real servers differ.
type Preset uint8

// The presets.
const (
	// Lenient answers errors as the draft says and knows what real clients send beyond the draft.
	Lenient Preset = iota
	// Draft is the draft literally: nothing that it does not have, and JOI also to the one who joins (§8.5).
	Draft
	// Observed does as Microsoft's servers did: it closes where the draft has an error, sends a profile after the logon
	// and takes messages of at most 1664 bytes.
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

// ParsePreset returns the preset with the given name.
func ParsePreset(s string) (Preset, error) {
	if i := slices.Index(presetNames[:], s); i >= 0 {
		return Preset(i), nil
	}
	return 0, fmt.Errorf("preset %q is none of %s", s, strings.Join(presetNames[:], ", "))
}

// Never is the duration of what does not happen.
const Never time.Duration = -1

// Settings are what presets differ in; nothing else in the server asks for the preset. [Preset.Settings] has each preset's,
// docs/SERVER.md what they mean.
type Settings struct {
	CloseOnError  bool
	CloseAfter911 time.Duration // Never, or how long after the last wrong password
	MaxMessage    int           // bytes of a message's payload; 0: no limit
	ListLimit     int           // entries of FL, AL and BL each
	HotmailOnly   bool
	DSReferral    bool
	JoiToJoiner   bool
	OutReply      bool
	ProfileMsg    bool
	CookieTTL     time.Duration
	RingTimeout   time.Duration
	IdleTimeout   time.Duration // of switchboard connections; 0: none
	SecondLogin   bool
	Extensions    bool
	VersionFirst  bool
	CloseSurplus  bool
	ByeReason     bool
}

// answers is what a failure is answered with.
func (s *Settings) answers() *[failures]answer {
	if s.CloseOnError {
		return &observedAnswers
	}
	return &draftAnswers
}

// setting is a row of the table of settings: its name, what it does, its value in each preset and why presets differ from the
// draft there. field returns a pointer into s.
type setting struct {
	key     string
	section string
	means   string
	field   func(s *Settings) any
	values  [presets]string
	reason  string
}

// settingRows is the table: everything that reads, shows or explains settings goes by it.
var settingRows = []setting{
	{
		"close-on-error", "7.11", "close where the draft has an error for a mistake of the client's program; a few codes differ too",
		func(s *Settings) any { return &s.CloseOnError },
		[presets]string{"no", "no", "yes"},
		"the servers of 2002 and 2003 closed without a word; a client is debugged faster with a code",
	},
	{
		"close-after-911", "7.3", "close so long after the last wrong password; never: the client may start again",
		func(s *Settings) any { return &s.CloseAfter911 },
		[presets]string{"5s", "never", "0s"},
		"the draft lets a client try again on the same connection, three real ones wait for ever instead; real servers closed at once",
	},
	{
		"max-message", "8.7", "the longest message in bytes; 0: no limit",
		func(s *Settings) any { return &s.MaxMessage },
		[presets]string{"0", "0", "1664"},
		"the draft has no limit; real servers closed the connection above 1664 bytes",
	},
	{
		"list-limit", "5.7", "entries of FL, AL and BL each",
		func(s *Settings) any { return &s.ListLimit },
		[presets]string{"150", "150", "150"},
		"the draft has error 210 and no number; 150 is what servers had in 2003",
	},
	{
		"hotmail-only", "5.4", "handles must be at hotmail.com",
		func(s *Settings) any { return &s.HotmailOnly },
		[presets]string{"no", "no", "no"},
		"a rule of the service in its first months, lifted with client 2.0; of use to reproduce them",
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
		"the draft says so, no real server did; gaim 0.43 takes it for a third participant and loses the message",
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
		"cookie-ttl", "8.1", "how long a cookie of XFR or RNG admits to the switchboard",
		func(s *Settings) any { return &s.CookieTTL },
		[presets]string{"2m0s", "2m0s", "2m0s"},
		"the draft gives no time; servers had one to two minutes",
	},
	{
		"ring-timeout", "8.3", "how long a user who was called counts as invited",
		func(s *Settings) any { return &s.RingTimeout },
		[presets]string{"1m0s", "1m0s", "1m0s"},
		"the draft gives no time",
	},
	{
		"idle-timeout", "8.5", "close a switchboard connection that has sent nothing for so long; 0s: never",
		func(s *Settings) any { return &s.IdleTimeout },
		[presets]string{"0s", "0s", "0s"},
		"the draft has no such end; real servers closed after some minutes, which ends the tests of others",
	},
	{
		"second-login", "7.10", "a second logon sends the first away with OUT OTH; no: it is refused with 207",
		func(s *Settings) any { return &s.SecondLogin },
		[presets]string{"yes", "yes", "yes"},
		"no is for tests that must keep their connection",
	},
	{
		"extensions", "3", "the commands that the draft leaves out: CVR, CVQ, REA, URL, FND, SND, PNG, QRY; CVR0 in VER, and MSNP3 to MSNP7",
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
		"the draft is silent, real servers closed; one of 2000 sends REM with one too many, which was taken",
	},
	{
		"bye-reason", "8.5", "BYE of a user who was idle has a 1 after the handle",
		func(s *Settings) any { return &s.ByeReason },
		[presets]string{"yes", "no", "yes"},
		"real servers added it; the draft has no such argument",
	},
}

// Settings returns the preset's settings; those of an unknown preset are Lenient's.
func (p Preset) Settings() Settings {
	if p >= presets {
		p = Lenient
	}
	var s Settings
	for i := range settingRows {
		_ = settingRows[i].set(&s, settingRows[i].values[p]) // a test sets them all
	}
	return s
}

// Set gives the setting with the name key, such as "joi-to-joiner", the value: yes or no, a number, or a time such as "90s".
func (s *Settings) Set(key, value string) error {
	for i := range settingRows {
		if settingRows[i].key == key {
			return settingRows[i].set(s, value)
		}
	}
	return fmt.Errorf("no setting %q; there are %s", key, strings.Join(SettingNames(), ", "))
}

// SettingNames returns the names that [Settings.Set] knows.
func SettingNames() []string {
	names := make([]string, len(settingRows))
	for i := range settingRows {
		names[i] = settingRows[i].key
	}
	return names
}

// set gives the setting the value, or says what would be valid.
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
			return fmt.Errorf("setting %s: %q is no number", row.key, value)
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
			return fmt.Errorf("setting %s: %q is no time such as 90s or 2m", row.key, value)
		}
		*field = d
	}
	return nil
}
