package session

import (
	"net/netip"
	"strconv"
	"strings"

	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/decode/body"
	"github.com/msnscope/msnscope/decode/dialect"
)

// File is what an invitation says about a file that one user sends to another. Its sender chose the
// name and the size, so they may be wrong.
type File struct {
	Sender string // the handle of the user who offers it, "" if unknown
	Name   string
	Size   int64 // in bytes, -1 if unknown
}

// maxOffers is how many invitations to file transfers a Graph remembers, and how many addresses of
// senders.
const maxOffers = 1 << 10

// offers remembers invitations to file transfers until their connections come.
type offers struct {
	files recent[string, File] // by offerKey
	ways  recent[string, way]  // by the AuthCookie and the receiver, by the AuthCookie, and by the address
	known bool                 // the maps exist
}

// way is what an invitation tells in advance about the connection that carries the file.
type way struct {
	conn    int
	session string
	file    File
}

// offerKey identifies an invitation: its cookie is unique only within a switchboard and a sender. A
// switchboard session whose number is unknown is one connection.
func (c *Conn) offerKey(sender, cookie string) string {
	talk := c.session
	if talk == "" {
		talk = "c" + strconv.Itoa(c.id)
	}
	return talk + " " + strings.ToLower(sender) + " " + cookie
}

// learnOffer remembers what a message says about a file transfer, if it is a step of an invitation.
func (c *Conn) learnOffer(dir decode.Dir, row *dialect.Row, m *decode.Message) {
	v, ok := body.ReadInvite(m.Payload())
	if !ok {
		return
	}
	o := &c.graph.offers
	if !o.known {
		o.files, o.ways, o.known = newRecent[string, File](maxOffers), newRecent[string, way](3*maxOffers), true
	}
	who := c.user
	if dir == decode.FromServer {
		who = string(row.Find(m, dialect.Handle))
	}
	switch {
	case v.OffersFile():
		o.files.put(c.offerKey(who, v.Cookie), File{who, v.File, v.FileSize})
	case v.Listens():
		f, known := o.files.get(c.offerKey(who, v.Cookie))
		if !known {
			f = File{Sender: who, Size: -1}
			if v.SenderConnects { // the receiver listens
				f.Sender = ""
			}
		}
		w := way{c.id, c.session, f}
		if dir == decode.FromServer {
			o.ways.put(wayKey(v.AuthCookie, c.user), w)
		}
		o.ways.put(wayKey(v.AuthCookie, ""), w)
		for _, host := range []string{v.IP, v.Internal} {
			if address, ok := addressOf(host, v.Port); ok {
				o.ways.put(address, w)
			}
		}
	}
}

func wayKey(authCookie, receiver string) string { return authCookie + " " + strings.ToLower(receiver) }

// addressOf returns the IP address and port in the form in which they can be compared.
func addressOf(ip, port string) (string, bool) {
	addr, err := netip.ParseAddr(ip)
	n, perr := strconv.ParseUint(port, 10, 16)
	return netip.AddrPortFrom(addr.Unmap(), uint16(n)).String(), err == nil && perr == nil && n > 0
}

// Offers reports whether an invitation names the address (IP address and port) as the one from
// which a file is to be fetched: a connection there is a file transfer, whatever its bytes look
// like.
func (g *Graph) Offers(address string) bool {
	_, ok := g.offers.ways.get(address)
	return ok
}

// followOffer links a file transfer to its invitation: by the AuthCookie and the receiver, by the
// AuthCookie, or, before the receiver has named itself, by the address.
func (c *Conn) followOffer(authCookie []byte) {
	o := &c.graph.offers
	w, ok := o.ways.get(c.server)
	if authCookie != nil {
		if w, ok = o.ways.get(wayKey(string(authCookie), c.user)); !ok {
			w, ok = o.ways.get(wayKey(string(authCookie), ""))
		}
	}
	if ok {
		c.via, c.session, c.file = w.conn, w.session, &w.file
	}
}

// File returns what the invitation to a file transfer says about its file, the zero File for a
// connection that is no file transfer or whose invitation is not known.
func (c *Conn) File() File {
	if c.file == nil {
		return File{}
	}
	return *c.file
}
