package store

import (
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/msnscope/msnscope/decode/session"
)

const (
	// pageEvents and pageBytes end a page: small enough that reading one from the disk takes less than a millisecond, large
	// enough that the list of pages is a thousandth of the events.
	pageEvents = 1024
	pageBytes  = 1 << 20
	// coldPages is how many pages from the disk stay decoded: the window of a screen, a search that runs through, and some
	// places that readers come back to. At 1 MB and one large command each, 8 to 24 MB.
	coldPages = 8
)

// page is a run of events. The appender alone writes n and size; what is set when a page goes to disk is read by others only
// after they saw hot be nil.
type page struct {
	first int // index of its first event
	n     int
	size  int64
	hot   atomic.Pointer[hotEvents] // nil when the page is on disk

	at     int64 // where in the spill file
	length int
	zone   *time.Location
	newest time.Time
	lost   bool
}

type hotEvents struct{ events [pageEvents]*session.Event }

func newPage(first int) *page {
	p := &page{first: first}
	p.hot.Store(new(hotEvents))
	return p
}

func (p *page) full() bool { return p.n == pageEvents || p.size >= pageBytes }

// cache holds the pages from the disk that were used last. Readers of one page wait for one of them to read it; readers of
// other pages do not wait.
type cache struct {
	mu    sync.Mutex
	pages []*coldPage // the last used first
}

type coldPage struct {
	page   *page
	final  *overlay
	once   sync.Once
	events []*session.Event
	err    error
}

func (c *cache) get(p *page, final *overlay, from *spill) ([]*session.Event, error) {
	cold := c.entry(p, final)
	cold.once.Do(func() {
		cold.events, cold.err = from.read(p)
		if final != nil {
			for _, e := range cold.events { // nobody else has them yet
				final.layOver(e)
			}
		}
	})
	if cold.err != nil {
		c.drop(cold) // another try may do better
	}
	return cold.events, cold.err
}

func (c *cache) entry(p *page, final *overlay) *coldPage {
	c.mu.Lock()
	defer c.mu.Unlock()
	i := slices.IndexFunc(c.pages, func(e *coldPage) bool { return e.page == p && e.final == final })
	if i == 0 {
		return c.pages[0]
	}
	cold := &coldPage{page: p, final: final}
	if i > 0 {
		cold = c.pages[i]
		c.pages = slices.Delete(c.pages, i, i+1)
	} else if len(c.pages) == coldPages {
		c.pages = slices.Delete(c.pages, coldPages-1, coldPages)
	}
	c.pages = slices.Insert(c.pages, 0, cold)
	return cold
}

func (c *cache) drop(cold *coldPage) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.pages = slices.DeleteFunc(c.pages, func(e *coldPage) bool { return e == cold })
}

func (c *cache) clear() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.pages = nil
}
