package server

import (
	"fmt"
	"strings"
	"testing"

	"github.com/msnscope/msnscope/server/accounts"
)

// speakLatest is a logon with the newest dialect that the server speaks.
const speakLatest = `
	alice.ns C: VER 1 MSNP7
	alice.ns S: VER 1 MSNP7
	alice.ns C: USR 2 MD5 I alice@hotmail.com
	alice.ns S: USR 2 MD5 S {challenge}
	alice.ns C: USR 3 MD5 S {md5 challenge alicepw}
	alice.ns S: USR 3 OK alice@hotmail.com alice 1
`

// TestBrokenProperties: a store that gives what is no text of this server's costs the user groups and telephones, not the contacts.
func TestBrokenProperties(t *testing.T) {
	store := accounts.Defaults()
	if _, err := store.Set(t.Context(), "alice@hotmail.com", accounts.More, "{"); err != nil {
		t.Fatal(err)
	}
	play(t, Options{Store: store}, speakLatest+`
		alice.ns C: LSG 4
		alice.ns S: 501 4
		alice.ns C: ADG 5 Work 0
		alice.ns S: 501 5
		alice.ns C: SYN 6 0
		alice.ns S: 501 6
		alice.ns C: LST 7 FL
		alice.ns S: LST 7 FL 2 0 0
		alice.ns C: CHG 8 HDN
		alice.ns S: CHG 8 HDN
		alice.ns S: CHL 0 {proof}
	`)
}

// TestGroupsAreBounded: a user's groups, and what the store keeps of them, do not grow for ever.
func TestGroupsAreBounded(t *testing.T) {
	var b strings.Builder
	for i := 1; i < maxGroups; i++ {
		fmt.Fprintf(&b, "alice.ns C: ADG 5 g%d 0\nalice.ns S: ADG 5 %d g%d %d 0\n", i, i+1, i, i)
	}
	play(t, Options{}, speakLatest+b.String()+`
		alice.ns C: ADG 6 more 0
		alice.ns S: 223 6
	`)
}
