package server

import (
	"log/slog"
	"strings"

	"github.com/msnscope/msnscope/decode"
)

// challengeClient challenges a client of MSNP6 or later, once a connection, to prove which program
// it is.
func (c *conn) challengeClient() {
	if c.user.proof == "" && c.since(proofs) {
		c.askForProof("0")
	}
}

// askForProof sends a new challenge; id is the TrID, 0 where the client did not ask for one.
func (c *conn) askForProof(id string) {
	challenge, err := digits(c.s.o.Rand, 20)
	if err != nil {
		c.logOften(slog.LevelError, "cannot make a challenge for a client", "err", err)
		return
	}
	c.user.proof, c.user.proven = challenge, false
	c.send(line("CHL", id, challenge))
}

// chl handles a client's request to be challenged.
func (c *conn) chl(r *request) { c.askForProof(r.id()) }

// qry handles the answer to a challenge: the MD5 digest of the challenge and the client's key. A
// wrong answer ends the connection.
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
