package server

import (
	"strings"

	"github.com/msnscope/msnscope/decode/dialect"
)

// The dialects after MSNP2. What they changed is a row in the table of each; what the server must do otherwise asks c.since.

const (
	newest   = 7 // from MSNP8 on the logon is another one
	siteIDs  = 3 // XFR NS and URL have one word more
	phones   = 5 // PRP and BPR
	proofs   = 6 // CHL and QRY; USR OK tells whether the address is verified
	grouping = 7 // contacts in groups; XFR NS tells the present server
)

// since reports whether the client speaks the dialect with the number or a later one.
func (c *conn) since(number int) bool { return c.table.Number() >= number }

// choose returns the table of the first dialect of the client's that this server speaks, nil for none (§7.1), and whether the client
// wants to see CVR0 in the answer.
func (c *conn) choose(r *request) (chosen *dialect.Table, cvr0 bool) {
	for i := range r.m.NumArgs() {
		name := r.arg(i)
		if t := dialect.Lookup(name); chosen == nil && t != nil && c.s.speaks(t) {
			chosen = t
		}
		cvr0 = cvr0 || c.s.set.Extensions && strings.EqualFold(name, "CVR0")
	}
	return chosen, cvr0
}

// speaks reports whether the server speaks a dialect; the draft is about MSNP2 alone.
func (s *Server) speaks(t *dialect.Table) bool {
	return t == dialect.MSNP2 || s.set.Extensions && t.Number() <= newest
}

// speak makes t the dialect of the connection.
func (c *conn) speak(t *dialect.Table) { c.table, c.in.Grammar = t, t }

// ims switches messages for a television set on or off, which makes no difference here.
func (c *conn) ims(r *request) { c.send(line("IMS", r.id(), "0", r.arg(0))) }

// sdc takes an invitation by mail with a text, which is not sent.
func (c *conn) sdc(r *request) { c.snd(r) }
