package main

import (
	"net"
	"strconv"
	"strings"
	"testing"
)

// TestShadow plays a conversation through the proxy in front of the embedded server, with a server of the same kind, and with one
// of another preset, for a shadow.
func TestShadow(t *testing.T) {
	for _, tc := range []struct {
		name, preset string
		code         int
		said, noted  string
	}{
		{"the same", "lenient", exitOK, "the shadow: same", ""},
		{"another preset", "draft", exitDiffers, "the shadow: differs", `"event":"note"`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			at := net.JoinHostPort("127.0.0.1", strconv.Itoa(freePorts(t, 3)))
			other := launch(t, "serve", "--listen", at, "--preset", tc.preset)
			other.address()
			p := launch(t, "--headless", "--listen", "127.0.0.1:0", "-T", "jsonl", "--shadow", at)
			s := &stage{t: t, addr: p.address()}
			playConversation(s)
			if tc.noted != "" {
				await(t, "the note", func() bool { return strings.Contains(p.stdout.String(), tc.noted) })
			}
			p.end(tc.code)
			if !strings.Contains(p.stderr.String(), tc.said) {
				t.Errorf("it says %q, want %q", p.stderr, tc.said)
			}
			if tc.noted == "" && strings.Contains(p.stdout.String(), `"event":"note"`) {
				t.Errorf("a difference was told:\n%s", p.stdout)
			}
			other.end(exitOK)
		})
	}
}

// TestShadowThatIsNotThere is told when it is found out, not at the end.
func TestShadowThatIsNotThere(t *testing.T) {
	at := net.JoinHostPort("127.0.0.1", strconv.Itoa(freePorts(t, 1)))
	p := launch(t, "--headless", "--listen", "127.0.0.1:0", "--shadow", at)
	c, err := net.Dial("tcp", p.address())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if _, err := c.Write([]byte("VER 0 MSNP2\r\n")); err != nil {
		t.Fatal(err)
	}
	await(t, "the complaint", func() bool { return strings.Contains(p.stderr.String(), "nothing more is compared") })
	p.end(exitIO)
}

func TestShadowFlags(t *testing.T) {
	for _, tc := range []struct {
		args []string
		want string
	}{
		{[]string{"--password", "a@b.c=x"}, "are the shadow's"},
		{[]string{"--shadow", "::::"}, "--shadow \"::::\": it must be HOST"},
		{[]string{"--shadow", "127.0.0.1", "--password", "x"}, "HANDLE=PASSWORD"},
	} {
		p := launch(t, append([]string{"--headless", "--listen", "127.0.0.1:0"}, tc.args...)...)
		p.wait(exitUsage)
		if !strings.Contains(p.stderr.String(), tc.want) {
			t.Errorf("%q says %q, want %q", tc.args, p.stderr, tc.want)
		}
	}
}
