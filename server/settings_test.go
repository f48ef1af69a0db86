package server

import (
	"reflect"
	"testing"
	"time"
)

// TestSettingsTable: each row sets a field of its own, every field has a row, and each preset has a
// value for it.
func TestSettingsTable(t *testing.T) {
	if n := reflect.TypeFor[Settings]().NumField() - 1; n != len(settingRows) { // Limits has rows of its own
		t.Errorf("%d settings, %d rows", n, len(settingRows))
	}
	var s Settings
	fields := make(map[any]string)
	for _, row := range settingRows {
		if other := fields[row.field(&s)]; other != "" {
			t.Errorf("%s and %s are one field", row.key, other)
		}
		fields[row.field(&s)] = row.key
		if row.means == "" || row.reason == "" || row.section == "" {
			t.Errorf("%s is not explained", row.key)
		}
		for p, v := range row.values {
			var alone Settings
			if err := row.set(&alone, v); err != nil {
				t.Errorf("%s of %s: %v", row.key, Preset(p), err)
			}
		}
	}
	if got := Draft.Settings(); !got.JoiToJoiner || got.CloseAfter911 != Never || got.CookieTTL != 2*time.Minute ||
		got.ListLimit != 150 {
		t.Errorf("the draft's settings are %+v", got)
	}
	if Preset(9).Settings() != Lenient.Settings() {
		t.Error("an unknown preset is not lenient")
	}
}

func TestSetRefuses(t *testing.T) {
	for _, tc := range [][2]string{
		{"joi-to-joiner", "maybe"},
		{"joi-to-joiner", ""},
		{"max-message", "-1"},
		{"max-message", "9999999999"},
		{"cookie-ttl", "90"},
		{"cookie-ttl", "-1s"},
		{"cookie-ttl", "never"},
		{"no-such", "1"},
		{"user-sessions", "many"},
		{"buffers", "-1"},
		{"buffers", "4294967296"},
	} {
		if err := new(Settings).Set(tc[0], tc[1]); err == nil {
			t.Errorf("%s=%s was taken", tc[0], tc[1])
		}
	}
}

// TestEachSettingAlone changes one setting at a time and checks its effect.
func TestEachSettingAlone(t *testing.T) {
	const called = `
		alice.ns -- online
		bob.ns -- online
		alice.sb -- chat
		alice.sb C: CAL 1 bob@hotmail.com
		alice.sb S: CAL 1 RINGING {id}
		bob.ns S: RNG {id} 127.0.0.4:1863 CKI {ring} alice@hotmail.com alice
	`
	done := playEach(t, []changed{
		{"close-on-error=yes", "a.ns C: XYZ 1\na.ns S: (closed)"},
		{"welcome=yes", `
			alice.ns -- logon
			alice.ns C: LST 4 RL
			alice.ns S: LST 4 RL 4 1 1 greeter@hotmail.com Greeter
			alice.ns C: LST 5 FL
			alice.ns S: LST 5 FL 4 1 1 greeter@hotmail.com Greeter
			alice.ns C: LST 6 AL
			alice.ns S: LST 6 AL 4 1 1 greeter@hotmail.com Greeter
			alice.ns C: REM 7 FL greeter@hotmail.com
			alice.ns S: REM 7 FL 5 greeter@hotmail.com
			alice.ns -- close
			alice.ns2 -- logon
			alice.ns2 C: LST 4 FL
			alice.ns2 S: LST 4 FL 5 0 0
			bob.ns -- logon
			bob.ns C: LST 4 RL
			bob.ns S: LST 4 RL 4 1 1 greeter@hotmail.com Greeter
		`},
		{"close-after-911=never", `
			a.ns C: USR 1 MD5 I alice@hotmail.com
			a.ns S: USR 1 MD5 S {c}
			a.ns C: USR 2 MD5 S 0
			-- wait 20ms
			a.ns S: 911 2
			-- wait 50s
			a.ns S: (nothing)
			-- wait 10s
			a.ns S: (closed)`},
		{"close-after-911=0s", `
			a.ns C: USR 1 MD5 I alice@hotmail.com
			a.ns S: USR 1 MD5 S {c}
			a.ns C: USR 2 MD5 S 0
			-- wait 20ms
			a.ns S: 911 2
			a.ns S: (closed)`},
		{"max-message=2", `
			alice.ns -- online
			alice.sb -- chat
			alice.sb C: MSG 1 N 3
			| abc
			alice.sb S: 201 1
			alice.sb C: MSG 2 N 2
			| ab
			alice.sb S: NAK 2`},
		{"list-limit=1", `
			alice.ns -- logon
			alice.ns C: ADD 1 AL bob@hotmail.com B
			alice.ns S: ADD 1 AL 2 bob@hotmail.com B
			alice.ns C: ADD 2 AL carol@hotmail.com C
			alice.ns S: 210 2`},
		{"hotmail-only=yes", `
			a.ds C: USR 1 MD5 I alice@example.com
			a.ds S: 208 1
			a.ns C: USR 1 MD5 I alice@example.com
			a.ns S: 208 1
			a.ns C: USR 2 MD5 I ALICE@HOTMAIL.COM
			a.ns S: USR 2 MD5 S {c}`},
		{"ds-referral=no", `
			alice.ds C: USR 1 MD5 I alice@hotmail.com
			alice.ds S: USR 1 MD5 S {c}
			alice.ds C: USR 2 MD5 S {md5 c alicepw}
			alice.ds S: USR 2 OK alice@hotmail.com alice
			alice.ds C: CHG 3 NLN
			alice.ds S: CHG 3 NLN
			bob.ns -- online
			bob.ns C: ADD 4 FL alice@hotmail.com A
			bob.ns S: ADD 4 FL 2 alice@hotmail.com A
			bob.ns S: ILN 4 NLN alice@hotmail.com alice
			alice.ds S: ADD 0 RL 2 bob@hotmail.com bob
			alice.ds -- close
			bob.ns S: FLN alice@hotmail.com`},
		{"joi-to-joiner=yes", called + `
			bob.sb C: ANS 1 bob@hotmail.com {ring} {id}
			bob.sb S: IRO 1 1 1 alice@hotmail.com alice
			bob.sb S: ANS 1 OK
			bob.sb S: JOI bob@hotmail.com bob
			alice.sb S: JOI bob@hotmail.com bob`},
		{"out-reply=no", "a.ns C: OUT\na.ns S: (closed)"},
		{"profile-msg=yes", `
			alice.ns C: USR 1 MD5 I alice@hotmail.com
			alice.ns S: USR 1 MD5 S {c}
			alice.ns C: USR 2 MD5 S {md5 c alicepw}
			alice.ns S: USR 2 OK alice@hotmail.com alice
			alice.ns S: MSG Hotmail Hotmail 94
			| MIME-Version: 1.0
			| Content-Type: text/x-msmsgsprofile; charset=UTF-8
			| LoginTime: 946684800
			|
			|`},
		{"cookie-ttl=10s", called + `
			-- wait 10s
			bob.sb C: ANS 1 bob@hotmail.com {ring} {id}
			bob.sb S: 911 1
			bob.sb S: (closed)`},
		{"ring-timeout=10s", called + `
			-- wait 9s
			alice.sb C: CAL 2 bob@hotmail.com
			alice.sb S: 215 2
			-- wait 2s
			alice.sb C: CAL 3 bob@hotmail.com
			alice.sb S: CAL 3 RINGING {id}
			bob.ns S: RNG {id} 127.0.0.4:1863 CKI {again} alice@hotmail.com alice`},
		{"idle-timeout=10s", `
			alice.ns -- online
			alice.sb -- chat
			-- wait 11s
			alice.sb S: (closed)
			alice.ns S: (nothing)`},
		{"second-login=no", `
			alice.ns -- online
			alice.ns2 C: USR 1 MD5 I alice@hotmail.com
			alice.ns2 S: USR 1 MD5 S {c}
			alice.ns2 C: USR 2 MD5 S {md5 c alicepw}
			alice.ns2 S: 207 2
			alice.ns C: CHG 3 AWY
			alice.ns S: CHG 3 AWY
			alice.ns -- close
			alice.ns2 C: USR 3 MD5 I alice@hotmail.com
			alice.ns2 S: USR 3 MD5 S {d}
			alice.ns2 C: USR 4 MD5 S {md5 d alicepw}
			alice.ns2 S: USR 4 OK alice@hotmail.com alice`},
		{"extensions=no", "a.ns C: PNG\na.ns S: 200\na.ns C: VER 1 MSNP2 CVR0\na.ns S: VER 1 MSNP2"},
		{"version-first=yes", "a.ns C: USR 1 MD5 I alice@hotmail.com\na.ns S: 715 1"},
		{
			"close-surplus=yes",
			"a.ns C: INF 1 2\na.ns S: 715 1\na.ns C: VER 2 MSNP2\na.ns S: VER 2 MSNP2\na.ns C: INF 3 4\na.ns S: " +
				"(closed)",
		},
		{"bye-reason=no idle-timeout=10s", called + `
			bob.sb C: ANS 1 bob@hotmail.com {ring} {id}
			bob.sb S: IRO 1 1 1 alice@hotmail.com alice
			bob.sb S: ANS 1 OK
			alice.sb S: JOI bob@hotmail.com bob
			-- wait 9s
			bob.sb C: MSG 1 U 0
			alice.sb S: MSG bob@hotmail.com bob 0
			-- wait 2s
			alice.sb S: (closed)
			bob.sb S: BYE alice@hotmail.com`},
	})
	for _, row := range settingRows {
		if !done[row.key] {
			t.Errorf("%s is not tried", row.key)
		}
	}
}
