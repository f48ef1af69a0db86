package body

import (
	"fmt"
	"runtime"
	"strings"
	"testing"
)

// TestInvitesKeepLittle: who remembers the steps of invitations does not keep their payloads, and
// no field that is longer than any real one.
func TestInvitesKeepLittle(t *testing.T) {
	heap := func() uint64 {
		var m runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	const each, n = 256 << 10, 200
	kept, before := make([]Invite, n), heap()
	for i := range kept {
		var ok bool
		kept[i], ok = ReadInvite([]byte("Content-Type: text/x-msmsgsinvite\r\n\r\nInvitation-Command: ACCEPT\r\n" +
			fmt.Sprintf("Invitation-Cookie: %d\r\nAuthCookie: %s\r\n", i, strings.Repeat("7", 1<<13)) +
			"X: " + strings.Repeat("x", each) + "\r\n\r\n"))
		if !ok || kept[i].Cookie != fmt.Sprint(i) || len(kept[i].AuthCookie) != maxInviteField {
			t.Fatalf("read %v, cookie %q, AuthCookie of %d bytes", ok, kept[i].Cookie, len(kept[i].AuthCookie))
		}
	}
	if grown := int64(heap()) - int64(before); grown > n*each/4 {
		t.Errorf("%d invitations of %d bytes keep %d bytes", n, each, grown)
	}
	runtime.KeepAlive(kept)
}
