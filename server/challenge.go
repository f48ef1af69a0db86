package server

import (
	"strings"

	"github.com/msnscope/msnscope/decode"
)

// challengeClient asks a client of MSNP6 or later, once a connection, to prove what it is.
func (c *conn) challengeClient() {
	if c.user.proof == "" && c.since(proofs) {
		c.askForProof("0")
	}
}

func (c *conn) askForProof(id string) {
	challenge, err := digits(c.s.o.Rand, 20)
	if err != nil {
		c.log().Error("no challenge for a client", "err", err)
		return
	}
	c.user.proof, c.user.proven = challenge, false
	c.send(line("CHL", id, challenge))
}

// chl is a client that asks to be challenged.
func (c *conn) chl(r *request) { c.askForProof(r.id()) }

// qry is the answer to a challenge: the MD5 digest of it and the client's key. A wrong one ends the connection.
func (c *conn) qry(r *request) {
	if c.user.proof == "" || c.user.proven {
		c.fail(r, unexpected)
		return
	}
	key, known := decode.ClientKey(r.arg(0))
	if !known || !strings.EqualFold(string(r.m.Payload()), decode.MD5Response(c.user.proof, key)) {
		c.fail(r, badProof)
		return
	}
	c.user.proven = true
	c.send(line("QRY", r.id()))
}
