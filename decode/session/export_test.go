package session

// Remembered tells the tests how much the graph keeps.
func (c *Conn) Remembered() (requests, links int) { return len(c.requests), len(c.graph.links.byKey) }
