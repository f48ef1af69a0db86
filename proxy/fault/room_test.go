package fault

import "testing"

// TestRoom: a fault keeps back no more than its room, and gets back what it gives.
func TestRoom(t *testing.T) {
	var r room
	for range maxRoom >> 20 {
		if !r.take(1 << 20) {
			t.Fatalf("no room after %d bytes", r.used.Load())
		}
	}
	if r.take(1) {
		t.Error("there is room beyond the last byte")
	}
	r.give(1 << 20)
	if !r.take(1 << 20) {
		t.Error("what was given back is not to be had again")
	}
	if r.add(1) || r.used.Load() != maxRoom+1 {
		t.Errorf("add counted to %d, want one byte too many", r.used.Load())
	}
}
