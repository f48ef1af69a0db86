package conformance

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// act does what a line with a colon says. What is answered is looked at only as far as it must be, and then forgotten.
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
		return fmt.Errorf("%q is no action", verb)
	}
	if err != nil {
		return err
	}
	p.settle()
	own := verb == "logon" || verb == "online" || verb == "forget"
	for _, c := range p.peers {
		if !own || c.name == conn {
			p.forget(c)
		}
	}
	return nil
}

// hangUp closes a connection, or only its sending side.
func (p *player) hangUp(conn string, half bool) error {
	c, err := p.peer(conn)
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
		return errors.New("this connection cannot be closed by halves")
	}
	return w.CloseWrite()
}

// ask sends a command and returns the fields of the line that answers it with the given verb, passing over other lines.
func (p *player) ask(conn, verb string, args ...string) ([]string, error) {
	c, err := p.peer(conn)
	if err != nil {
		return nil, err
	}
	p.trid++
	id := strconv.Itoa(p.trid)
	if err := p.send(c, strings.Join(append([]string{verb, id}, args...), " ")+"\r\n"); err != nil {
		return nil, err
	}
	return p.find(c, func(f []string) bool { return len(f) > 1 && f[1] == id })
}

// find returns the fields of the next line that is wanted, passing over others.
func (p *player) find(c *peer, wanted func(fields []string) bool) ([]string, error) {
	for {
		c.await(p.target.Patience, func(unread string, _ bool) bool { return strings.Contains(unread, "\r\n") })
		unread, _ := c.unread()
		line, _, whole := strings.Cut(unread, "\r\n")
		if !whole {
			return nil, fmt.Errorf("%s: got %q and no answer", c.name, unread)
		}
		c.skip(len(line) + 2)
		p.note(c, line)
		p.answered(c)
		f := strings.Fields(line)
		if !wanted(f) {
			continue
		}
		if _, err := strconv.Atoi(f[0]); err == nil {
			return nil, fmt.Errorf("%s: refused with %q", c.name, line)
		}
		return f, nil
	}
}

// logon signs the user in, and follows a referral.
func (p *player) logon(conn, dialect string) error {
	user := userOf(conn)
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
	}
	digest, _ := p.value("md5 challenge " + user)
	delete(p.values, "challenge")
	f, err := p.ask(conn, "USR", "MD5", "S", digest)
	if err != nil {
		return err
	}
	if len(f) < 5 || f[2] != "OK" {
		return fmt.Errorf("the logon was answered with %q", f)
	}
	p.values[user+".name"] = f[4]
	p.online[conn] = true
	return nil
}

// redial gives the name of a connection to a new one, made to where the user was referred.
func (p *player) redial(conn string) error {
	if _, ok := p.referred[userOf(conn)+".ns"]; !ok {
		return errors.New("the logon was answered neither with a challenge nor with a referral")
	}
	for i, c := range p.peers {
		if c.name == conn {
			_ = c.Close()
			p.peers = append(p.peers[:i], p.peers[i+1:]...)
			break
		}
	}
	return nil
}

func (p *player) goOnline(conn, state string) error {
	if !p.online[conn] {
		if err := p.logon(conn, "MSNP2"); err != nil {
			return err
		}
	}
	_, err := p.ask(conn, "CHG", state)
	return err
}

// serial asks for the version of the user's properties.
func (p *player) serial(conn string) error {
	f, err := p.ask(conn, "SYN", "0")
	if err == nil {
		p.values[userOf(conn)+".serial"] = f[2]
	}
	return err
}

// change puts users on a list of this one, or takes them off.
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

// chat makes a switchboard session and brings others into it.
func (p *player) chat(conn string, others []string) error {
	user := userOf(conn)
	f, err := p.ask(user+".ns", "XFR", "SB")
	if err != nil {
		return err
	}
	if len(f) < 6 {
		return fmt.Errorf("XFR SB was answered with %q", f)
	}
	if _, err := p.ask(conn, "USR", p.values[user], f[5]); err != nil {
		return err
	}
	for _, other := range others {
		if _, err := p.ask(conn, "CAL", p.values[other]); err != nil {
			return err
		}
		ns, err := p.peer(other + ".ns")
		if err != nil {
			return err
		}
		ring, err := p.find(ns, func(f []string) bool { return len(f) > 4 && f[0] == "RNG" })
		if err != nil {
			return err
		}
		if _, err := p.ask(other+".sb", "ANS", p.values[other], ring[4], ring[1]); err != nil {
			return err
		}
	}
	return nil
}
