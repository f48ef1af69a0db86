package server

import (
	"slices"
	"strings"

	"github.com/msnscope/msnscope/decode/dialect"
)

// This file is about the dialects after MSNP2. What they changed on the wire is a row in the table
// of each; where the server must behave differently, it asks c.since.

const (
	newest   = 7 // from MSNP8 on the logon is a different one
	siteIDs  = 3 // XFR NS and URL have one word more
	phones   = 5 // PRP and BPR
	proofs   = 6 // CHL and QRY; USR OK says whether the address is verified
	grouping = 7 // contacts in groups; XFR NS names the present server
)

// since reports whether the client speaks the dialect with the number or a later one.
func (c *conn) since(number int) bool { return c.table.Number() >= number }

// choose returns the dialects in the client's list that this server speaks, in the client's order
// (§7.1), and whether the client expects CVR0 in the answer. The first of them is spoken. The draft
// answers with that one alone, but some clients look for another one of them in the answer.
func (c *conn) choose(r *request) (all []*dialect.Table, cvr0 bool) {
	for i := range r.m.NumArgs() {
		name := r.arg(i)
		if t := dialect.Lookup(name); t != nil && c.s.speaks(t) && !slices.Contains(all, t) {
			all = append(all, t)
		}
		cvr0 = cvr0 || c.s.set.Extensions && strings.EqualFold(name, "CVR0")
	}
	return all, cvr0
}

// speaks reports whether the server speaks a dialect. The draft covers MSNP2 only.
func (s *Server) speaks(t *dialect.Table) bool {
	return t == dialect.MSNP2 || s.set.Extensions && t.Number() <= newest
}

// speak makes t the dialect of the connection.
func (c *conn) speak(t *dialect.Table) { c.table, c.in.Grammar = t, t }

// ims handles IMS, which switches messages to a television set on or off. It only confirms it.
func (c *conn) ims(r *request) { c.send(line("IMS", r.id(), "0", r.arg(0))) }

// sdc handles SDC, an invitation by mail with a text, as it does SND.
func (c *conn) sdc(r *request) { c.snd(r) }
