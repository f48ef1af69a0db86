package conformance

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// reset puts the users into the state that a case begins with: empty lists, GTC and BLP at their
// defaults, the names that they had at first, and offline. It fails if one of them cannot sign in,
// even at the second attempt.
func (l *lane) reset(ctx context.Context) error {
	if l.signIn != nil || l.blind {
		return nil // nothing can be changed, or nothing is known of what to change
	}
	for _, user := range names {
		if !l.dirty[user] {
			continue
		}
		err := l.clean(ctx, user)
		if err != nil && ctx.Err() == nil {
			err = l.clean(ctx, user) // it may just have been slow
		}
		if err != nil {
			return err
		}
		delete(l.dirty, user)
	}
	return nil
}

// leave resets the users after the last case, even when the run was interrupted.
func (l *lane) leave(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), leaveTime)
	defer cancel()
	if err := l.reset(ctx); err != nil {
		l.note("the lists could not be emptied at the end: %v", err)
	}
}

// leaveTime is how long leave may take, since a user may be waiting for the prompt.
const leaveTime = 30 * time.Second

// clean signs one user in and undoes what can be undone. It adds a note about what the server
// refuses to undo.
func (l *lane) clean(ctx context.Context, user string) error {
	target := l.target
	target.Settle = l.settle(ctx)
	p := newPlayer(ctx, target)
	defer p.close()
	conn, handle := user+".ns", p.values[user]
	if err := p.logon(conn, "MSNP2"); err != nil {
		return fmt.Errorf("signing %s in: %w", handle, err)
	}
	name := p.values[user+".name"]
	first, known := l.names[user]
	if !known {
		l.names[user] = name
	}
	p.settle()
	undo, err := p.changes(conn)
	if err != nil && ctx.Err() == nil {
		l.blind = true
		l.note("the users' lists stay as they are, since the server does not send them: %s", causeOf(err))
	}
	if known && name != first {
		undo = append(undo, []string{"REA", handle, first})
	}
	removed := 0
	for _, command := range undo {
		_, err := p.ask(conn, command[0], command[1:]...)
		switch {
		case err == nil && command[0] == "REM":
			removed++
		case err != nil && ctx.Err() == nil:
			l.note("%s: the server does not accept %s: %s", handle, quote(strings.Join(command, " ")), causeOf(err))
		}
		if err != nil && !isRefusal(err) {
			break // the connection is gone
		}
	}
	if !known && removed > 0 {
		l.note("%s had contacts: %d entries were removed from the lists", handle, removed)
	}
	return nil
}

// changes returns the commands that empty a user's lists and restore the defaults, as far as the
// answer to SYN shows what there is (§7.5).
func (p *player) changes(conn string) (undo [][]string, err error) {
	lines, err := p.properties(conn)
	for _, f := range lines {
		switch {
		case len(f) == 8 && f[0] == "LST" && f[2] != "RL":
			undo = append(undo, []string{"REM", f[2], f[6]})
		case len(f) == 4 && f[0] == "GTC" && f[3] != "A":
			undo = append(undo, []string{"GTC", "A"})
		case len(f) == 4 && f[0] == "BLP" && f[3] != "AL":
			undo = append(undo, []string{"BLP", "AL"})
		}
	}
	return undo, err
}

// isRefusal reports whether the server answered with an error.
func isRefusal(err error) bool {
	var d *deviation
	return errors.As(err, &d) && strings.Contains(d.cause, " is refused with ")
}

// properties returns the lines that follow the answer to a SYN. The last line of the reverse list
// ends them; some servers send none where the version is the one asked for.
func (p *player) properties(conn string) (lines [][]string, err error) {
	version, err := p.sync(conn)
	if err != nil {
		return nil, err
	}
	c, err := p.conn(conn)
	if err != nil {
		return nil, err
	}
	c.await(p.ctx, p.deadline(), func() bool {
		unread, _ := c.unread()
		all := strings.Split(unread, "\r\n")
		return version == "0" || slices.ContainsFunc(all[:len(all)-1], endOfLists)
	})
	p.settle()
	unread, _ := c.unread()
	for line := range strings.SplitSeq(unread, "\r\n") {
		lines = append(lines, strings.Fields(line))
	}
	p.forget(c)
	return lines, nil
}

// endOfLists reports whether the line is the last of the reverse list, which comes last (§7.5).
func endOfLists(line string) bool {
	f := strings.Fields(line)
	return len(f) > 5 && f[0] == "LST" && f[2] == "RL" && f[4] == f[5]
}
