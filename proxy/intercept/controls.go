package intercept

import (
	"context"
	"fmt"
	"log/slog"

	"github.com/msnscope/msnscope/internal/edit"
	"github.com/msnscope/msnscope/internal/script"
	"github.com/msnscope/msnscope/proxy"
	"github.com/msnscope/msnscope/proxy/fault"
)

// Controls do all that people can do to the traffic of one proxy: the inspector and the control API
// work by them. Their methods are safe for concurrent use.
type Controls struct {
	*HoldQueue
	proxy    *proxy.Proxy
	injector *Injector
	mappings *Mappings
	faults   *fault.Rules
	scripts  *scripts
	chain    *Chain
	seed     uint64
}

// ControlsOptions configure Controls. The zero value works.
type ControlsOptions struct {
	HoldQueue HoldQueueOptions
	// Seed makes the random choices of faults repeatable: those of the same seed are the same.
	Seed uint64
	// Scripts see and change commands; nil for none. Start a goroutine with [Controls.RunScripts].
	Scripts *script.Set
	// Log gets warnings, those of the HoldQueue too if that has no log of its own; nil discards
	// them.
	Log *slog.Logger
}

// NewControls returns the controls of p.
func NewControls(p *proxy.Proxy, o ControlsOptions) *Controls {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.HoldQueue.Log == nil {
		o.HoldQueue.Log = o.Log
	}
	c := &Controls{
		proxy: p, seed: o.Seed, HoldQueue: NewHoldQueue(o.HoldQueue),
		mappings: NewMappings(o.Log), faults: fault.NewRules(o.HoldQueue.Now),
	}
	c.injector = NewInjector(p, func() { c.chain.Update() })
	c.scripts = &scripts{o.Scripts, c.HoldQueue, c.injector, c.HoldQueue.o.Now, o.Log}
	c.chain = NewChain(p, c.injector, c.mappings, c.scripts, c.faults, c.HoldQueue)
	return c
}

// RunScripts calls the scripts once a second, and loads those again whose files have changed, until
// ctx ends.
func (c *Controls) RunScripts(ctx context.Context) {
	if !c.scripts.Idle() {
		c.scripts.run(ctx, c.chain.Update)
	}
}

// Intercept holds commands that the filter expression expr matches from now on; "" holds none. The
// error is that of an expression which does not compile, and nothing changes then.
func (c *Controls) Intercept(expr string) error {
	if err := c.HoldQueue.Intercepts(expr); err != nil {
		return err
	}
	c.chain.Update()
	return nil
}

// ReleaseAll sends on all held commands unchanged, and holds none from now on.
func (c *Controls) ReleaseAll() {
	c.HoldQueue.ReleaseAll()
	c.chain.Update()
}

// Inject sends a command, as [edit.Injection] describes it. The error wraps [edit.ErrNoConn] for a
// connection that is not open, and is an [edit.NotAllowedError] for a command that the table of the
// connection's dialect does not allow.
func (c *Controls) Inject(in edit.Injection) error { return c.injector.Inject(in) }

// Kill closes both sides of the connection with the number conn. The error wraps [edit.ErrNoConn]
// if it is not open.
func (c *Controls) Kill(conn int) error {
	killed := c.proxy.Conn(conn)
	if killed == nil {
		return fmt.Errorf("connection %d: %w", conn, edit.ErrNoConn)
	}
	killed.Kill(false, "killed by hand")
	return nil
}

// Map replaces all mappings. It keeps the slice, which must not change any more.
func (c *Controls) Map(rules []*Mapping) {
	c.mappings.Set(rules)
	c.chain.Update()
}

// Mappings returns the mappings in their order. The caller must not change the slice.
func (c *Controls) Mappings() []*Mapping { return c.mappings.List() }

// AddFault parses a rule as [fault.Parse] does, and applies it after the others from now on.
func (c *Controls) AddFault(text string) error {
	if _, err := c.faults.Add(text, c.seed); err != nil {
		return err
	}
	c.chain.Update()
	return nil
}

// RemoveFault removes the rule with the index i in [Controls.Faults], and reports whether there was
// one.
func (c *Controls) RemoveFault(i int) bool {
	ok := c.faults.Remove(i)
	c.chain.Update()
	return ok
}

// Faults returns the rules in their order. The caller must not change the slice.
func (c *Controls) Faults() []*fault.Rule { return c.faults.List() }
