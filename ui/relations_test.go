package ui

import (
	"fmt"
	"testing"

	"github.com/msnscope/msnscope/decode/dialect"
)

// call is alice, who calls bob, both of whose connections are in the log, with their events'
// numbers.
func call() Options {
	s := newScript()
	// 1, 2
	alice, bob := s.open("127.0.0.1:1", "10.0.0.1:1863", dialect.NS), s.open("127.0.0.1:2", "10.0.0.1:1863", dialect.NS)
	// 3
	s.s(alice, "USR 1 OK alice@hotmail.com Alice\r\n")
	// 4
	s.s(bob, "USR 1 OK bob@hotmail.com Bob\r\n")
	// 5
	s.c(alice, "XFR 2 SB\r\n")
	// 6
	s.s(alice, "XFR 2 SB 10.0.0.2:1863 CKI 1.2.3\r\n")
	// 7
	sb := s.open("127.0.0.1:3", "10.0.0.2:1863", dialect.SB)
	// 8
	s.c(sb, "USR 1 alice@hotmail.com 1.2.3\r\n")
	// 9
	s.s(sb, "USR 1 OK alice@hotmail.com Alice\r\n")
	// 10
	s.c(sb, "CAL 2 bob@hotmail.com\r\n")
	// 11
	s.s(sb, "CAL 2 RINGING 77\r\n")
	// 12
	s.s(bob, "RNG 77 10.0.0.2:1863 CKI 4.5.6 alice@hotmail.com Alice\r\n")
	// 13
	s.s(sb, "JOI bob@hotmail.com Bob\r\n")
	// 14
	s.c(alice, "SYN 3 0\r\n")
	// 15 to 20
	for i := range 6 {
		s.s(alice, fmt.Sprintf("LST 3 FL 9 %d 6 u%d@hotmail.com U\r\n", i+1, i))
	}
	s.c(alice, "CHG 4 AWY\r\n") // 21
	s.close(alice)              // 22
	return Options{Log: s.log}
}

func TestRelations(t *testing.T) {
	b := open(t, 150, 42, call())
	for _, c := range []struct {
		name, at   string
		show, hide []string
	}{
		{
			"a request's consequences", "10",
			[]string{"answer     #11 CAL 2 RINGING", "caused     #12 RNG at NS#2 bob, #13 JOI at SB#3"},
			[]string{"SB#3 alice,"},
		},
		{"a consequence", "12", []string{"caused by  #10 CAL at SB#3 alice"}, []string{"caused     "}},
		{"on the same connection", "13", []string{"caused by  #10 CAL at SB#3"}, []string{"SB#3 alice  "}},
		{"an answer", "11", []string{"answers    #10 CAL 2"}, []string{"caused by", "nothing that"}},
		{"a referral", "5", []string{"answer     #6 XFR", "caused     #8 USR at SB#3"}, nil},
		{"who follows it", "8", []string{"caused by  #5 XFR at NS#1", "answer     #9 USR"}, nil},
		{
			"many answers", "14",
			[]string{"answer     #15 LST", "#17 LST", "and 3 more, the last one #20 LST"},
			[]string{"#18 LST"},
		},
		{"unanswered", "21", []string{"no answer came", "the connection ended"}, []string{"none so far"}},
		{"orphaned", "3", []string{"answers    nothing that was asked"}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			b.t = t
			b.press(":", "goto "+c.at, "Enter")
			b.shows(c.show...)
			b.hides(c.hide...)
		})
	}
}

func TestConsequenceAppearsInDetail(t *testing.T) {
	s := newScript()
	s.talk()
	b := open(t, 150, 42, Options{Log: s.log})
	b.press(":", "goto 32", "Enter")
	b.hides("RNG at")
	bob := s.open("127.0.0.1:2", "10.0.0.1:1863", dialect.NS)
	s.s(bob, "USR 1 OK bob@hotmail.com Bob\r\n")
	s.s(bob, "RNG 11752013 10.0.0.2:1863 CKI 4.5.6 alice@hotmail.com Alice\r\n")
	b.settle()
	b.shows("#40 RNG at NS#4 bob")
}
