package accounts

import "sync"

// maxCache is how many users and list entries together a cache holds. At about 100 bytes each that
// makes 50 MB; ten thousand users with fifty entries each fit.
const maxCache = 500_000

// cache holds users as the database has them. It is safe for concurrent use.
type cache struct {
	mu    sync.RWMutex
	users map[string]*User // by key; a User in it is never changed
	cost  int
	gen   uint64 // rises whenever what was read from the database may have become stale
}

// get returns the user, nil when it is not cached, and the generation to pass to put.
func (c *cache) get(key string) (*User, uint64) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return c.users[key], c.gen
}

// put stores a user that was read from the database, unless something was written since get.
func (c *cache) put(key string, u *User, gen uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.gen == gen {
		c.store(key, u)
	}
}

// update stores users that were written to the database; nil stands for one that was deleted.
func (c *cache) update(users map[string]*User) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.gen++
	for key, u := range users {
		c.store(key, u)
	}
}

// clear empties the cache: another program has written to the database.
func (c *cache) clear() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.gen++
	c.users, c.cost = nil, 0
}

// store puts u into the cache, or removes the user with the key where u is nil, and evicts users
// until the rest fits. c.mu must be locked.
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
	for k, old := range c.users { // any user will do: nearly all are equally likely to be looked up
		if c.cost <= maxCache {
			break
		}
		c.cost -= cost(old)
		delete(c.users, k)
	}
}

// cost returns how much of maxCache a user takes.
func cost(u *User) (n int) {
	for _, l := range u.Lists {
		n += len(l)
	}
	return n + 1
}
