package cluster

import (
	"fmt"
	"testing"
	"time"
)

// placesOf returns a hub that knows of n nodes with all roles and nothing else.
func placesOf(n int) *Hub {
	h := &Hub{peers: map[string]*member{}, o: HubOptions{t: usual}}
	for i := range n {
		m := &member{name: fmt.Sprint("n", i), heard: time.Now()}
		m.places.Notification = []string{fmt.Sprint("ns", i)}
		m.places.Switchboard = fmt.Sprint("sb", i)
		h.peers[m.name] = m
	}
	h.self = h.peers["n0"]
	delete(h.peers, "n0")
	return h
}

// TestUsersArePlaced: users are spread evenly, stay where they are when a node comes or goes, and
// avoid nodes that are crowded, silent or leaving.
func TestUsersArePlaced(t *testing.T) {
	const many = 3000
	user := func(i int) string { return fmt.Sprintf("user%d@hotmail.com", i) }
	three, four, count := placesOf(3), placesOf(4), map[string]int{}
	moved := 0
	for i := range many {
		at := three.Notification(user(i))
		count[at]++
		if at != placesOf(3).Notification(user(i)) {
			t.Fatal("two nodes disagree")
		}
		if now := four.Notification(user(i)); now != at {
			moved++
			if now != "ns3" {
				t.Errorf("%s moves from %s to %s because ns3 has come", user(i), at, now)
			}
		}
	}
	for at, n := range count {
		if n < many/3*9/10 || n > many/3*11/10 {
			t.Errorf("%s gets %d of %d users", at, n, many)
		}
	}
	if moved < many/4*9/10 || moved > many/4*11/10 {
		t.Errorf("%d of %d users move to a fourth node", moved, many)
	}
	for why, change := range map[string]func(*member){
		"crowded": func(m *member) { m.Users = 1000 },
		"silent":  func(m *member) { m.heard = time.Now().Add(-2 * time.Second) },
		"leaving": func(m *member) { m.Leaving = true },
	} {
		h := placesOf(3)
		change(h.peers["n1"])
		for i := range 100 {
			if at := h.Notification(user(i)); at == "ns1" || at == "" {
				t.Errorf("%s is sent to %q, which is %s", user(i), at, why)
			}
		}
	}
	h := placesOf(1)
	h.self.Leaving = true
	if at := h.Notification(user(1)); at != "" {
		t.Errorf("the last node is leaving, but %s is sent to %s", user(1), at)
	}
}

// TestSwitchboardsArePlaced: conversations are on the caller's node, unless that is crowded or has
// no switchboard; then on the one with the fewest.
func TestSwitchboardsArePlaced(t *testing.T) {
	h := placesOf(3)
	h.self.Sessions, h.peers["n1"].Sessions, h.peers["n2"].Sessions = 40, 30, 20
	if at := h.Switchboard(""); at != "sb0" {
		t.Errorf("a conversation is at %s, not on the caller's node", at)
	}
	h.self.Sessions = 90
	if at := h.Switchboard(""); at != "sb2" {
		t.Errorf("with a crowd here, a conversation is at %s", at)
	}
	h.self.Sessions, h.self.places.Switchboard = 0, ""
	if at := h.Switchboard(""); at != "sb2" {
		t.Errorf("without a switchboard here, a conversation is at %s", at)
	}
	h.peers = nil
	if at := h.Switchboard(""); at != "" {
		t.Errorf("without a switchboard anywhere, a conversation is at %s", at)
	}
}
