package web

import (
	"crypto/rand"
	"crypto/subtle"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"sync"
)

// maxOnce is how many links may wait to be opened: one more makes the oldest useless.
const maxOnce = 8

// gate lets in whoever opened one of its links, by a cookie, and nobody whom another page sent.
//
//   - A link works once. The cookie lasts as long as the gate, so it ends with the process.
//   - The Host must be an address, or a name that nobody else's name server can point here: a page
//     of another site could otherwise become this one for the browser (DNS rebinding).
//   - The Origin, where the browser says one, must be the page itself; what changes something must
//     have one. Cookies know no ports, so SameSite alone would let in pages of other ports.
type gate struct {
	host   string // the host on which the page was asked to listen, "" for loopback
	cookie string // the value of the cookie

	mu    sync.Mutex
	links []string // that were not opened yet, the oldest first
}

func newGate(host string) *gate { return &gate{host: host, cookie: rand.Text()} }

// link returns the secret of a new link.
func (g *gate) link() string {
	g.mu.Lock()
	defer g.mu.Unlock()
	once := rand.Text()
	if g.links = append(g.links, once); len(g.links) > maxOnce {
		g.links = slices.Delete(g.links, 0, 1)
	}
	return once
}

// open reports whether once belongs to a link that nobody has opened, and makes it useless.
func (g *gate) open(once string) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	for i, l := range g.links {
		if same(l, once) {
			g.links = slices.Delete(g.links, i, i+1)
			return true
		}
	}
	return false
}

func same(a, b string) bool { return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1 }

// foreign returns why a request was not sent by the page, "" if it may have been.
func (g *gate) foreign(r *http.Request) string {
	if !g.knows(r.Host) {
		return "the page is at another address: the Host of this request is no address of this machine"
	}
	site := r.Header.Get("Sec-Fetch-Site")
	switch origin := r.Header.Get("Origin"); {
	case origin != "" && origin != "http://"+r.Host:
		return "another page sent this request: its Origin is not that of the page"
	case origin == "" && r.Method != http.MethodGet && r.Method != http.MethodHead:
		return "this request has no Origin, so the page did not send it"
	case site != "" && site != "same-origin" && r.URL.Path != "/":
		return "another page sent this request"
	}
	return ""
}

// knows reports whether the page may be at this host: the loopback addresses, localhost, and the
// host on which it was asked to listen; any address if that is all of them. Ports are not compared,
// because a tunnel may have another.
func (g *gate) knows(hostport string) bool {
	host := (&url.URL{Host: hostport}).Hostname()
	ip, err := netip.ParseAddr(host)
	if host == "localhost" || err == nil && ip.IsLoopback() || g.host != "" && host == g.host {
		return true
	}
	all, bad := netip.ParseAddr(g.host)
	return err == nil && bad == nil && all.IsUnspecified()
}

// cookieName returns the name of the cookie for a host and port: cookies know no ports, and several
// programs may have a page.
func cookieName(hostport string) string {
	if _, port, err := net.SplitHostPort(hostport); err == nil {
		return "msnscope-" + port
	}
	return "msnscope"
}

// admits reports whether the request has the cookie, or opens a link and so gets it.
func (g *gate) admits(w http.ResponseWriter, r *http.Request) bool {
	name := cookieName(r.Host)
	for _, c := range r.CookiesNamed(name) {
		if same(c.Value, g.cookie) {
			return true
		}
	}
	if r.URL.Path != "/" || r.Method != http.MethodGet || !g.open(r.URL.Query().Get("once")) {
		return false
	}
	http.SetCookie(w, &http.Cookie{
		Name: name, Value: g.cookie, Path: "/", HttpOnly: true, SameSite: http.SameSiteStrictMode,
	})
	return true
}
