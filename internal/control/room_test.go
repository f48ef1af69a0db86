package control

import "testing"

// TestRoomIsShared: beyond ownRoom of each connection, all of them share maxRoom, and what one
// gives back another may take.
func TestRoomIsShared(t *testing.T) {
	var r room
	const large = ownRoom + maxRoom/4
	for i := range 4 {
		if !r.take(large) {
			t.Fatalf("no room for connection %d", i+1)
		}
	}
	if r.take(ownRoom + 1) {
		t.Error("there is more room than maxRoom")
	}
	if !r.take(ownRoom) {
		t.Error("a connection does not get what it may always have")
	}
	r.give(large)
	if !r.take(large) {
		t.Error("what was given back is gone")
	}
}
