package intercept

import (
	"bytes"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/msnscope/msnscope/decode/session"
	"github.com/msnscope/msnscope/internal/msntest"
	"github.com/msnscope/msnscope/proxy/fault"
)

// faulty plays a test with one fault.
func faulty(t *testing.T, rule string, test func(s *stage)) {
	t.Helper()
	play(t, ControlsOptions{Seed: 1}, func(s *stage) {
		s.check(s.controls.AddFault(rule))
		test(s)
	})
}

func TestLatency(t *testing.T) {
	faulty(t, `latency:ms=500,jitter=100 @ cmd == "CAL"`, func(s *stage) {
		began := time.Now()
		s.client.Send("PNG\r\nCAL 2 bob@hotmail.com\r\nOUT\r\n")
		s.server.Want("PNG\r\n")
		if d := time.Since(began); d >= 400*time.Millisecond {
			t.Errorf("what comes before waited %s", d)
		}
		s.server.Want("CAL 2 bob@hotmail.com\r\nOUT\r\n")
		if d := time.Since(began); d < 400*time.Millisecond || d > 600*time.Millisecond {
			t.Errorf("it waited %s, want 500 ms and 100 more or less", d)
		}
		if e := s.find("CAL"); e.Flags&session.Fault == 0 || e.Text != `latency:ms=500,jitter=100 @ cmd == "CAL"` {
			t.Errorf("flags %v, text %q: want the fault and its rule", e.Flags.Names(), e.Text)
		}
		if e := s.find("OUT"); e.Flags != 0 || e.Text != "" {
			t.Errorf("flags %v, text %q of what the rule is not about", e.Flags.Names(), e.Text)
		}
	})
}

func TestBandwidth(t *testing.T) {
	faulty(t, `bandwidth:rate=1 @ cmd == "MSG"`, func(s *stage) {
		body := strings.Repeat("x", 1000)
		began := time.Now()
		s.client.Send("MSG 3 N 1000\r\n" + body)
		s.server.Want("MSG 3 N 1000\r\n" + body)
		if d := time.Since(began); d < 900*time.Millisecond || d > 1200*time.Millisecond {
			t.Errorf("1014 bytes took %s at 1 KB/s", d)
		}
	})
}

// TestBandwidthOfShortCommands: many of them are no faster than a long one.
func TestBandwidthOfShortCommands(t *testing.T) {
	faulty(t, `bandwidth:rate=1 @ dir == "C"`, func(s *stage) {
		began := time.Now()
		for range 200 {
			s.client.Send("PNG\r\n")
			s.server.Want("PNG\r\n")
		}
		if d := time.Since(began); d < 900*time.Millisecond || d > 1100*time.Millisecond {
			t.Errorf("200 commands of 5 bytes took %s at 1 KB/s", d)
		}
	})
}

func TestSlicer(t *testing.T) {
	faulty(t, `slicer:size=1 @ cmd == "PNG"`, func(s *stage) {
		n := len(s.wrote())
		s.client.Send("PNG\r\nOUT\r\n")
		s.server.Want("PNG\r\nOUT\r\n")
		if got, want := s.wrote()[n:], []string{"P", "N", "G", "\r", "\n", "OUT\r\n"}; !slices.Equal(got, want) {
			t.Errorf("writes %q, want %q", got, want)
		}
	})
}

func TestCoalesce(t *testing.T) {
	faulty(t, `coalesce:count=3,ms=1000 @ cmd == "CAL"`, func(s *stage) {
		n := len(s.wrote())
		for _, line := range []string{"CAL 2 a@b.c\r\n", "CAL 3 a@b.c\r\n", "CAL 4 a@b.c\r\n"} {
			s.client.Send(line)
			s.rest()
		}
		s.server.Want("CAL 2 a@b.c\r\nCAL 3 a@b.c\r\nCAL 4 a@b.c\r\n")
		if got := s.wrote()[n:]; len(got) != 1 {
			t.Errorf("three commands left in the writes %q, want one", got)
		}
		began := time.Now()
		s.client.Send("CAL 5 a@b.c\r\n")
		s.server.Want("CAL 5 a@b.c\r\n")
		if d := time.Since(began); d != time.Second {
			t.Errorf("the last one waited %s for others, want a second", d)
		}
		s.client.Send("CAL 6 a@b.c\r\n")
		s.rest()
		s.client.Send("PNG\r\n") // the order stays
		s.server.Want("CAL 6 a@b.c\r\nPNG\r\n")
	})
}

// TestCoalescedBetweenCommands: what was kept back leaves between two commands when its time is up,
// never inside one whose beginning is on its way.
func TestCoalescedBetweenCommands(t *testing.T) {
	faulty(t, `coalesce:count=3,ms=1000 @ cmd == "CAL"`, func(s *stage) {
		s.client.Send("CAL 2 a@b.c\r\n")
		s.rest()
		s.client.Send("no command")
		s.server.Want("no command")
		time.Sleep(2 * time.Second)
		s.client.Send(" at all\r\n")
		s.server.Want(" at all\r\nCAL 2 a@b.c\r\n")
	})
}

func TestTimeout(t *testing.T) {
	faulty(t, `timeout:ms=30000 @ cmd == "CAL"`, func(s *stage) {
		began := time.Now()
		s.client.Send("CAL 2 a@b.c\r\nPNG\r\n")
		s.server.WantEnd()
		s.client.WantEnd()
		if d := time.Since(began); d != 30*time.Second {
			t.Errorf("the connection ended after %s", d)
		}
		if e := s.find("CAL"); e.Flags&session.Dropped == 0 {
			t.Errorf("flags %v, want dropped", e.Flags.Names())
		}
	})
}

// TestTimeoutOfWhoHangsUp: a connection whose sender hangs up during a timeout is closed on both
// sides.
func TestTimeoutOfWhoHangsUp(t *testing.T) {
	faulty(t, `timeout @ cmd == "CAL"`, func(s *stage) {
		s.client.Send("CAL 2 a@b.c\r\nPNG\r\n")
		s.server.WantSilence(time.Hour)
		s.client.Conn.Close()
		s.server.WantEnd()
	})
}

func TestEndings(t *testing.T) {
	for _, rule := range []string{`reset_peer @ cmd == "CAL"`, `down @ cmd == "CAL"`} {
		t.Run(rule, func(t *testing.T) {
			faulty(t, rule, func(s *stage) {
				s.client.Send("PNG\r\n")
				s.server.Want("PNG\r\n")
				s.client.Send("CAL 2 a@b.c\r\n")
				s.server.WantEnd()
				s.client.WantEnd()
				s.rest()
				s.mu.Lock()
				last := s.events[len(s.events)-1]
				s.mu.Unlock()
				if last.Kind != session.Close || last.Text != rule {
					t.Errorf("the last event is %q %q, want the end with the rule for its cause", last.Kind, last.Text)
				}
			})
		})
	}
}

func TestLimitData(t *testing.T) {
	faulty(t, `limit_data:bytes=12 @ dir == "C"`, func(s *stage) {
		s.client.Send("CAL 2 a@b.c\r\nPNG\r\n") // 13 bytes and 5
		s.server.Want("CAL 2 a@b.c\r")
		s.server.WantEnd()
	})
}

// TestFaultsTogether: one fault does its work on what another one makes.
func TestFaultsTogether(t *testing.T) {
	t.Run("a limit in pieces", func(t *testing.T) {
		faulty(t, `limit_data:bytes=3 @ cmd == "PNG"`, func(s *stage) {
			s.check(s.controls.AddFault(`slicer:size=1`))
			s.client.Send("PNG\r\n")
			s.server.Want("PNG")
			s.server.WantEnd()
		})
	})
	t.Run("together, in pieces", func(t *testing.T) {
		faulty(t, `coalesce:count=2 @ cmd == "PNG"`, func(s *stage) {
			s.check(s.controls.AddFault(`slicer:size=4`))
			n := len(s.wrote())
			s.client.Send("PNG\r\n")
			s.rest()
			s.client.Send("OUT\r\n") // it does not overtake what is kept back
			s.server.Want("PNG\r\nOUT\r\n")
			if got, want := s.wrote()[n:], []string{"PNG\r", "\nOUT", "\r\n"}; !slices.Equal(got, want) {
				t.Errorf("writes %q, want %q", got, want)
			}
		})
	})
}

// TestNothingKeptBackIsLost: when a side ends, all that faults keep back of it still arrives.
func TestNothingKeptBackIsLost(t *testing.T) {
	for _, rule := range []string{`coalesce:count=3`, `reorder`, `late:ms=60000 @ cmd == "CAL"`} {
		t.Run(rule, func(t *testing.T) {
			faulty(t, rule, func(s *stage) {
				s.client.Send("CAL 2 bob@hotmail.com\r\n")
				s.rest()
				s.client.HangUp()
				s.server.Want("CAL 2 bob@hotmail.com\r\n")
				s.server.WantEnd()
			})
		})
	}
}

func TestDropTheNth(t *testing.T) {
	faulty(t, `drop:nth=2 @ cmd == "CAL"`, func(s *stage) {
		s.client.Send("CAL 2 a@b.c\r\nPNG\r\nCAL 3 a@b.c\r\nCAL 4 a@b.c\r\n")
		s.server.Want("CAL 2 a@b.c\r\nPNG\r\nCAL 4 a@b.c\r\n")
		if e := s.find("CAL 3"); e.Flags&(session.Dropped|session.Fault) != session.Dropped|session.Fault {
			t.Errorf("flags %v, want dropped and fault", e.Flags.Names())
		}
	})
}

func TestDuplicate(t *testing.T) {
	faulty(t, `duplicate:times=2 @ cmd == "JOI"`, func(s *stage) {
		s.server.Send("JOI bob@hotmail.com Bob\r\nBYE bob@hotmail.com\r\n")
		s.client.Want(strings.Repeat("JOI bob@hotmail.com Bob\r\n", 3) + "BYE bob@hotmail.com\r\n")
	})
}

func TestReorder(t *testing.T) {
	faulty(t, `reorder:ms=1000 @ cmd == "CAL"`, func(s *stage) {
		s.client.Send("CAL 2 a@b.c\r\nPNG\r\n")
		s.server.Want("PNG\r\nCAL 2 a@b.c\r\n")
		s.client.Send("CAL 3 a@b.c\r\n")
		began := time.Now()
		s.server.Want("CAL 3 a@b.c\r\n")
		if d := time.Since(began); d != time.Second {
			t.Errorf("a command that nothing follows waited %s", d)
		}
		s.client.Send("CAL 4 a@b.c\r\nCAL 5 a@b.c\r\nPNG\r\n")
		s.server.Want("CAL 5 a@b.c\r\nCAL 4 a@b.c\r\nPNG\r\n")
	})
}

func TestLate(t *testing.T) {
	faulty(t, `late:ms=5000 @ cmd == "JOI"`, func(s *stage) {
		began := time.Now()
		s.server.Send("JOI bob@hotmail.com Bob\r\nBYE bob@hotmail.com\r\n")
		s.client.Want("BYE bob@hotmail.com\r\n") // overtakes it
		if d := time.Since(began); d != 0 {
			t.Errorf("others waited %s", d)
		}
		s.client.Want("JOI bob@hotmail.com Bob\r\n")
		if d := time.Since(began); d != 5*time.Second {
			t.Errorf("it came after %s", d)
		}
	})
}

func TestErrorAnswersARequest(t *testing.T) {
	faulty(t, `error:code=602 @ cmd == "CAL"`, func(s *stage) {
		s.client.Send("CAL 007 a@b.c\r\nPNG\r\n")
		s.client.Want("602 007\r\n") // the digits are the client's
		s.server.Want("PNG\r\n")     // and the server has heard nothing
		if e := s.find("602"); e.ReplyTo != s.find("CAL").N || e.Flags&session.Injected == 0 {
			t.Errorf("the error answers %d, flags %v", e.ReplyTo, e.Flags.Names())
		}
	})
}

// TestFaultsOfSomeCommands: a fault passes what it cannot disturb, neither marked nor counted,
// although the filter matches it.
func TestFaultsOfSomeCommands(t *testing.T) {
	for _, tt := range []struct{ rule, server, client, answer, passes, verb string }{
		{`error:n=1`, "602 8\r\n", "CAL 9 a@b.c\r\n", "500 9\r\n", "", "602"},
		{`error:n=1 @ cmd == "CAL"`, "CAL 8 RINGING 1\r\n", "CAL 9 a@b.c\r\n", "500 9\r\n", "", "CAL"},
		{`error:n=1 @ cmd == "MSG"`, "MSG a@b.c A 2\r\nhi", "MSG 9 N 2\r\nhi", "500 9\r\n", "", "MSG"},
		{`nak:n=1 @ cmd == "MSG"`, "MSG a@b.c A 2\r\nhi", "MSG 9 N 2\r\nhi", "NAK 9\r\n", "", "MSG"},
		{
			`stale_cookie:n=1 @ role == "SB"`, "JOI a@b.c A\r\n", "USR 9 a@b.c 1.2.3\r\n", "",
			"USR 9 a@b.c 1.2.0\r\n", "JOI",
		},
		{`wrong_length:n=1 @ role == "SB"`, "JOI a@b.c A\r\n", "MSG 9 N 2\r\nhi", "", "MSG 9 N 3\r\nhi", "JOI"},
	} {
		faulty(t, tt.rule, func(s *stage) {
			s.server.Send(tt.server)
			s.client.Want(tt.server)
			if e := s.find(tt.verb); e.Flags&session.Fault != 0 || e.Text != "" {
				t.Errorf("%s: flags %v, text %q of %q", tt.rule, e.Flags.Names(), e.Text, tt.server)
			}
			s.client.Send(tt.client + "PNG\r\n")
			if tt.answer != "" {
				s.client.Want(tt.answer)
			}
			s.server.Want(tt.passes + "PNG\r\n")
		})
	}
}

func TestStaleCookie(t *testing.T) {
	play(t, ControlsOptions{}, func(s *stage) {
		s.check(s.controls.AddFault(`stale_cookie @ cmd == "USR"`))
		s.client.Send("USR 2 alice@hotmail.com 17262740.1050826919.32308\r\n")
		s.server.Want("USR 2 alice@hotmail.com 17262740.1050826919.32300\r\n")
	})
}

func TestOut(t *testing.T) {
	faulty(t, `out:reason=SSD @ cmd in ["CAL", "JOI"]`, func(s *stage) {
		s.server.Send("JOI bob@hotmail.com Bob\r\n")
		s.client.Want("OUT SSD\r\n")
		s.client.WantEnd()
	})
	faulty(t, `out @ cmd == "CAL"`, func(s *stage) {
		s.client.Send("CAL 2 a@b.c\r\n")
		s.client.Want("OUT OTH\r\n")
		s.client.WantEnd()
		s.server.WantEnd()
	})
}

func TestNAK(t *testing.T) {
	faulty(t, `nak`, func(s *stage) {
		s.client.Send(hello + strings.Replace(hello, "3 N", "4 U", 1) + "PNG\r\n")
		s.client.Want("NAK 3\r\n") // who sends with U hears nothing
		s.server.Want("PNG\r\n")
		s.client.WantSilence(time.Second)
	})
}

func TestWrongLength(t *testing.T) {
	faulty(t, `wrong_length:by=-2 @ cmd == "MSG" && dir == "C"`, func(s *stage) {
		s.client.Send(hello)
		s.server.Want(strings.Replace(hello, " 52\r\n", " 50\r\n", 1))
	})
}

func TestGarbage(t *testing.T) {
	faulty(t, `garbage:bytes=20 @ cmd == "PNG"`, func(s *stage) {
		s.client.Send("PNG\r\n")
		s.rest()
		wrote := s.wrote()
		got := wrote[len(wrote)-1]
		if len(got) != 27 || !strings.HasSuffix(got, "\r\nPNG\r\n") || bytes.Count([]byte(got), []byte{'\n'}) != 2 {
			t.Errorf("wrote %q, want a line of 20 bytes before the command", got)
		}
		if e := s.find("?"); e.Flags&(session.Opaque|session.Injected) != session.Opaque|session.Injected {
			t.Errorf("flags %v of the garbage", e.Flags.Names())
		}
	})
}

// TestFaultsRepeat: the same seed, the same traffic, the same hits; another seed, others.
func TestFaultsRepeat(t *testing.T) {
	hits := func(seed uint64) (lines []string) {
		play(t, ControlsOptions{Seed: seed}, func(s *stage) {
			s.check(s.controls.AddFault(`drop:p=0.5 @ cmd == "CAL"`))
			for range 40 {
				s.client.Send("CAL 2 a@b.c\r\n")
			}
			s.client.Send("PNG\r\n")
			s.rest()
			s.mu.Lock()
			defer s.mu.Unlock()
			for _, e := range s.events {
				lines = append(lines, strings.Join(e.Flags.Names(), ","))
			}
		})
		return lines
	}
	first := hits(7)
	if again := hits(7); !slices.Equal(first, again) {
		t.Errorf("seed 7 gave %q and %q", first, again)
	}
	if other := hits(8); slices.Equal(first, other) {
		t.Error("seeds 7 and 8 gave the same")
	}
	if dropped := strings.Count(strings.Join(first, " "), "dropped"); dropped < 8 || dropped > 32 {
		t.Errorf("%d of 40 hit with p=0.5", dropped)
	}
}

// TestSchedule: the common keys decide which commands a rule hits.
func TestSchedule(t *testing.T) {
	for _, tc := range []struct{ keys, want string }{
		{"n=2", "3 4 5 6"},
		{"after=4", "1 2 3 4"},
		{"every=2", "1 3 5"},
		{"after=1,every=2,n=1", "1 2 4 5 6"},
		{"nth=6", "1 2 3 4 5"},
		{"p=0", "1 2 3 4 5 6"},
		{"from=2500ms", "1 2 3"},
		{"until=2500ms", "4 5 6"},
	} {
		t.Run(tc.keys, func(t *testing.T) {
			faulty(t, `drop:`+tc.keys+` @ cmd == "CAL"`, func(s *stage) {
				n := len(s.wrote())
				for _, id := range "123456" {
					s.client.Send("CAL " + string(id) + " a@b.c\r\n")
					time.Sleep(time.Second)
				}
				var got []string
				for _, w := range s.wrote()[n:] {
					got = append(got, w[4:5])
				}
				if strings.Join(got, " ") != tc.want {
					t.Errorf("what passed is %q, want %s", got, tc.want)
				}
			})
		})
	}
}

// TestScheduleOfSeveralConnections: which commands a rule hits that counts per connection does not
// depend on who speaks first.
func TestScheduleOfSeveralConnections(t *testing.T) {
	for _, tc := range []struct{ keys, want string }{
		{"nth=2,per=connection", "1 3 4 5 6"},
		{"n=1,per=connection", "2 3 4 5 6"},
		{"after=2,every=2,n=1,per=connection", "1 2 3 5 6"},
		{"every=2,p=0.5,per=connection", ""}, // by the dice: those of each direction show the same each time
	} {
		t.Run(tc.keys, func(t *testing.T) {
			var before [2]string
			for turn, order := range []string{"aaaaaabbbbbb", "abababababab", "bbbbbbaaaaaa", "abbbaaabbbaa"} {
				faulty(t, `drop:`+tc.keys+` @ cmd == "CAL"`, func(s *stage) {
					passed := sayInOrder(s, order)
					for i, got := range passed {
						if tc.want != "" && got != tc.want {
							t.Errorf("%s: what passed of connection %d is %q, want %s", order, i+1, got, tc.want)
						}
						if turn > 0 && got != before[i] {
							t.Errorf("%s: what passed of connection %d is %q, and was %q in another order", order,
								i+1, got, before[i])
						}
					}
					before = passed
					want := 12 - len(strings.Fields(passed[0])) - len(strings.Fields(passed[1]))
					if got := s.controls.Faults()[0].Hits(); got != want {
						t.Errorf("%s: the rule says it hit %d, and %d are missing", order, got, want)
					}
				})
			}
		})
	}
}

// sayInOrder says CAL 1 to CAL 6 on each of two connections, a letter of order for the next of one;
// it returns the numbers that passed.
func sayInOrder(s *stage, order string) (passed [2]string) {
	other, otherServer := s.meet()
	clients, servers := [2]*msntest.Peer{s.client, other}, [2]*msntest.Peer{s.server, otherServer}
	var said [2]int
	for _, who := range order {
		i := int(who - 'a')
		said[i]++
		clients[i].Send(fmt.Sprintf("CAL %d a@b.c\r\n", said[i]))
		s.rest()
	}
	for i, c := range clients {
		c.Send("OUT\r\n")
		var ids []string
		for {
			line, err := servers[i].R.ReadString('\n')
			s.check(err)
			if line == "OUT\r\n" {
				break
			}
			ids = append(ids, strings.Fields(line)[1])
		}
		passed[i] = strings.Join(ids, " ")
	}
	return passed
}

// TestRemovedFault: without the rule, traffic passes as it did before.
func TestRemovedFault(t *testing.T) {
	faulty(t, `drop`, func(s *stage) {
		if got := s.controls.Faults(); len(got) != 1 || got[0].String() != "drop" {
			t.Errorf("the faults are %v", got)
		}
		s.client.Send("PNG\r\n")
		s.rest()
		if hits := s.controls.Faults()[0].Hits(); hits != 1 {
			t.Errorf("%d hits, want 1", hits)
		}
		if !s.controls.RemoveFault(0) || s.controls.RemoveFault(0) {
			t.Error("a fault can be removed once")
		}
		s.client.Send("OUT\r\n")
		s.server.Want("OUT\r\n")
	})
}

// TestExamplesOfAllFaults: each example of the table is a rule, and is of its kind.
func TestExamplesOfAllFaults(t *testing.T) {
	for _, k := range fault.Kinds() {
		if _, err := fault.Parse(k.Example); err != nil || !strings.HasPrefix(k.Example, k.Name) || k.Means == "" {
			t.Errorf("%s: the example %q: %v", k.Name, k.Example, err)
		}
	}
}

// TestRoomOfAllFaults: rules together keep back no more than 64 MB. What finds no room is sent at
// once.
func TestRoomOfAllFaults(t *testing.T) {
	play(t, ControlsOptions{Seed: 1}, func(s *stage) {
		s.check(s.controls.AddFault(`late:ms=60000,n=40 @ cmd == "MSG"`))
		s.check(s.controls.AddFault(`late:ms=60000 @ cmd == "MSG"`))
		message := "MSG 1 N 1000000\r\n" + strings.Repeat("x", 1_000_000)
		began := time.Now()
		go func() {
			for range 80 {
				s.client.Send(message)
			}
		}()
		kept := int64(64 << 20 / len(message) * len(message))
		_, err := io.CopyN(io.Discard, s.server, int64(80*len(message))-kept)
		s.check(err)
		if d := time.Since(began); d > 10*time.Second {
			t.Errorf("what found no room came after %s", d)
		}
		_, err = io.CopyN(io.Discard, s.server, kept)
		s.check(err)
		if d := time.Since(began); d < time.Minute {
			t.Errorf("the last of what found room came after %s", d)
		}
	})
}

// TestLateMegabytes: what is late is sent in the end, also when more of it comes due together than
// an injection may have, and while the receiver does not read.
func TestLateMegabytes(t *testing.T) {
	faulty(t, `late:ms=60000 @ cmd == "MSG"`, func(s *stage) {
		late := int64(0)
		for i := range 4 {
			message := fmt.Sprintf("MSG %d N 1000000\r\n", i) + strings.Repeat("x", 1_000_000)
			s.client.Send(message)
			late += int64(len(message))
		}
		time.Sleep(2 * time.Minute) // the receiver does not read meanwhile
		_, err := io.CopyN(io.Discard, s.server, late)
		s.check(err)
	})
}
