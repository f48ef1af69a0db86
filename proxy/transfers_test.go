package proxy

import (
	"fmt"
	"testing"
	"time"
)

// TestInvitationsAreBounded: however often users invite, accept and say where they listen, little
// is remembered, and one user costs nobody else an invitation.
func TestInvitationsAreBounded(t *testing.T) {
	var x transfers
	now := time.Unix(1e9, 0)
	step := func(who string, n int) {
		o := offered{talk: "11", cookie: fmt.Sprint(n), who: who, file: true, at: now}
		x.invites, x.accepts = say(x.invites, o), say(x.accepts, o)
		timer := time.AfterFunc(time.Hour, func() {})
		t.Cleanup(func() { timer.Stop() })
		x.admit(&invitation{
			authCookie: fmt.Sprint(n), sender: who, guests: []guest{{handle: "bob"}},
			until: now.Add(inviteTime), timer: timer,
		}, now)
	}
	check := func(what string, want int) {
		t.Helper()
		if a, b, c := len(x.invites), len(x.accepts), len(x.open); a != want || b != want || c != want {
			t.Errorf("%s: %d invitations, %d answers and %d files wait, want %d each", what, a, b, c, want)
		}
	}
	step("alice", 1)
	for i := range 2000 {
		step("mallory", i)
	}
	check("one user says much", 1+maxInvitesEach)
	if !x.offersFile("11", "1", "alice") || x.open[0].sender != "alice" {
		t.Error("the invitation of another user is gone")
	}
	if _, _, err := x.find("1999", "bob", now); err != nil {
		t.Errorf("the latest invitation is gone: %v", err)
	}
	for i := range 2000 {
		step(fmt.Sprint("user", i), i)
	}
	check("many users say something", maxInvites)
}
