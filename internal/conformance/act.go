package conformance

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// act carries out a script line with a colon. It checks the answers only as far as it needs them,
// and then forgets them.
func (p *player) act(conn, text string) error {
	verb, rest, _ := strings.Cut(text, " ")
	words := strings.Fields(rest)
	var err error
	switch verb {
	case "logon":
		err = p.logon(conn, append(words, "MSNP2")[0])
	case "online":
		err = p.goOnline(conn, append(words, "NLN")[0])
	case "serial":
		err = p.serial(conn)
	case "add", "rem":
		err = p.change(conn, verb, words)
	case "chat":
		err = p.chat(conn, words)
	case "forget":
	case "close", "halfclose":
		return p.hangUp(conn, verb == "halfclose")
	default:
		return fmt.Errorf("unknown action %q", verb)
	}
	if err != nil {
		return err
	}
	p.settle()
	own := verb == "logon" || verb == "online" || verb == "forget"
	for _, c := range p.conns {
		if !own || c.name == conn {
			p.forget(c)
		}
	}
	return nil
}

// hangUp closes a connection, or only its sending direction.
func (p *player) hangUp(conn string, half bool) error {
	c, err := p.conn(conn)
	if err != nil {
		return err
	}
	defer p.settle()
	if !half {
		c.expect = true
		return c.Close()
	}
	w, ok := c.Conn.(interface{ CloseWrite() error })
	if !ok {
		return errors.New("this connection cannot be half-closed")
	}
	if err := w.CloseWrite(); err != nil && !p.closedAt(c) {
		return err
	}
	return nil
}

// ask sends a command and returns the fields of the line that answers it with the given verb,
// skipping other lines.
func (p *player) ask(conn, verb string, args ...string) ([]string, error) {
	c, err := p.conn(conn)
	if err != nil {
		return nil, err
	}
	p.trid++
	c.segments = ""
	id := strconv.Itoa(p.trid)
	if err := p.send(c, strings.Join(append([]string{verb, id}, args...), " ")+"\r\n"); err != nil {
		return nil, err
	}
	return p.find(c, verb, func(f []string) bool { return len(f) > 1 && f[1] == id })
}

// find returns the fields of the next line for which wanted reports true, skipping others. want is
// the expected verb, for the error.
func (p *player) find(c *scriptConn, want string, wanted func(fields []string) bool) ([]string, error) {
	deadline, from := p.deadline(), c.offset() // other lines do not extend it
	for {
		c.await(p.ctx, deadline, func() bool { _, whole := c.line(); return whole })
		line, whole := c.line()
		if closed := c.over(); !whole {
			return nil, p.wrong(c, c.lacking(want, closed),
				"%s: want %s, got %s and then %s", c.name, want, quote(c.since(from)), then(closed))
		}
		c.skip(len(line) + 2)
		p.note(c, line)
		p.answered(c)
		f := strings.Fields(line)
		if !wanted(f) {
			continue
		}
		if isCode(f[0]) {
			return nil, p.wrong(c, c.asked+" is refused with "+verb(line),
				"%s: %s is refused with %s", c.name, c.asked, quote(line))
		}
		return f, nil
	}
}

// maxReferrals is how many servers in a row may refer a user on.
const maxReferrals = 4

// logon signs the user in, following referrals.
func (p *player) logon(conn, dialect string) error {
	user, referrals := userOf(conn), 0
	for {
		if _, err := p.ask(conn, "VER", dialect, "CVR0"); err != nil {
			return err
		}
		if _, err := p.ask(conn, "INF"); err != nil {
			return err
		}
		f, err := p.ask(conn, "USR", "MD5", "I", p.values[user])
		if err != nil {
			return err
		}
		if f[0] == "USR" && len(f) > 4 {
			p.values["challenge"] = f[4]
			break
		}
		if err := p.redial(conn); err != nil {
			return err
		}
		if referrals++; referrals > maxReferrals {
			return p.deviates("referrals do not end",
				"%s: referred %d times, the last time with %q", conn, referrals, strings.Join(f, " "))
		}
	}
	digest, _ := p.value("md5 challenge " + user)
	delete(p.values, "challenge")
	f, err := p.ask(conn, "USR", "MD5", "S", digest)
	if err != nil {
		return err
	}
	if len(f) < 5 || f[2] != "OK" {
		return p.deviates("the logon has an unexpected answer", "%s: the logon was answered with %q", conn, f)
	}
	p.values[user+".name"] = f[4]
	p.online[conn] = true
	return nil
}

// redial closes a connection so that its name stands for a new one, to the server that the user was
// referred to.
func (p *player) redial(conn string) error {
	if _, ok := p.referred[userOf(conn)+".ns"]; !ok {
		return p.deviates("the logon has an unexpected answer",
			"%s: USR was answered neither with a challenge nor with a referral", conn)
	}
	for i, c := range p.conns {
		if c.name == conn {
			_ = c.Close()
			p.conns = append(p.conns[:i], p.conns[i+1:]...)
			break
		}
	}
	return nil
}

// goOnline logs the user on, unless that is done, and sets the state.
func (p *player) goOnline(conn, state string) error {
	if !p.online[conn] {
		if err := p.logon(conn, "MSNP2"); err != nil {
			return err
		}
	}
	_, err := p.ask(conn, "CHG", state)
	return err
}

// serial fetches the version of the user's properties.
func (p *player) serial(conn string) error {
	version, err := p.sync(conn)
	if err == nil {
		p.values[userOf(conn)+".serial"] = version
	}
	return err
}

// sync sends a SYN and returns the version in its answer.
func (p *player) sync(conn string) (version string, err error) {
	f, err := p.ask(conn, "SYN", "0")
	if err != nil {
		return "", err
	}
	if len(f) < 3 {
		return "", p.deviates("the answer to SYN has no version", "%s: SYN was answered with %q", conn, f)
	}
	return f[2], nil
}

// change adds other users to a list of this one, or removes them.
func (p *player) change(conn, verb string, words []string) error {
	for _, other := range words[1:] {
		args := []string{words[0], p.values[other]}
		if verb == "add" {
			args = append(args, other)
		}
		if _, err := p.ask(conn, strings.ToUpper(verb), args...); err != nil {
			return err
		}
	}
	return nil
}

// chat opens a switchboard session and brings others into it.
func (p *player) chat(conn string, others []string) error {
	user := userOf(conn)
	f, err := p.ask(user+".ns", "XFR", "SB")
	if err != nil {
		return err
	}
	if len(f) < 6 {
		return p.deviates("XFR SB has an unexpected answer", "%s: XFR SB was answered with %q", conn, f)
	}
	if _, err := p.ask(conn, "USR", p.values[user], f[5]); err != nil {
		return err
	}
	for _, other := range others {
		if _, err := p.ask(conn, "CAL", p.values[other]); err != nil {
			return err
		}
		ns, err := p.conn(other + ".ns")
		if err != nil {
			return err
		}
		ring, err := p.find(ns, "RNG", func(f []string) bool { return len(f) > 4 && f[0] == "RNG" })
		if err != nil {
			return err
		}
		if _, err := p.ask(other+".sb", "ANS", p.values[other], ring[4], ring[1]); err != nil {
			return err
		}
	}
	return nil
}
