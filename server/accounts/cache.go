package accounts

import "sync"

// maxCache is how much a cache holds: users and list entries together. An entry is 100 bytes or so, which makes 50 MB; ten
// thousand users with fifty entries each fit.
const maxCache = 500_000

// cache keeps users as the database has them. It is safe for concurrent use.
type cache struct {
	mu    sync.RWMutex
	users map[string]*User // by key; never changed
	cost  int
	gen   uint64 // rises when what was read from the database before may be old
}

// get returns the user, nil when it is not here, and the generation for put.
func (c *cache) get(key string) (*User, uint64) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return c.users[key], c.gen
}

// put stores what was read from the database, unless something was written since get.
func (c *cache) put(key string, u *User, gen uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.gen == gen {
		c.store(key, u)
	}
}

// update stores what was written to the database; nil is a user that was deleted.
func (c *cache) update(users map[string]*User) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.gen++
	for key, u := range users {
		c.store(key, u)
	}
}

// clear forgets everything: another program has written.
func (c *cache) clear() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.gen++
	c.users, c.cost = nil, 0
}

func (c *cache) store(key string, u *User) {
	if old := c.users[key]; old != nil {
		c.cost -= cost(old)
		delete(c.users, key)
	}
	if u == nil {
		return
	}
	if c.users == nil {
		c.users = make(map[string]*User)
	}
	c.users[key] = u
	c.cost += cost(u)
	for k, old := range c.users { // whatever comes first: nearly every user is as likely to be asked for
		if c.cost <= maxCache {
			break
		}
		c.cost -= cost(old)
		delete(c.users, k)
	}
}

func cost(u *User) (n int) {
	for _, l := range u.Lists {
		n += len(l)
	}
	return n + 1
}
