package intercept

import (
	"fmt"
	"log/slog"

	"github.com/msnscope/msnscope/internal/steer"
	"github.com/msnscope/msnscope/proxy"
	"github.com/msnscope/msnscope/proxy/fault"
)

// Bench is all that can be done to the traffic of one proxy: what the inspector and the control API steer by. Its methods are
// safe for concurrent use.
type Bench struct {
	*Desk
	proxy    *proxy.Proxy
	injector *Injector
	mappings *Mappings
	faults   *fault.Rules
	chain    *Chain
	seed     uint64
}

// BenchOptions say what is done from the start on. Its zero value does nothing.
type BenchOptions struct {
	Desk DeskOptions
	// Seed decides what the dice of faults show.
	Seed uint64
	Log  *slog.Logger
}

// NewBench returns a bench for p.
func NewBench(p *proxy.Proxy, o BenchOptions) *Bench {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Desk.Log == nil {
		o.Desk.Log = o.Log
	}
	b := &Bench{
		proxy: p, seed: o.Seed, Desk: NewDesk(o.Desk), mappings: NewMappings(o.Log), faults: fault.NewRules(o.Desk.Now),
	}
	b.injector = NewInjector(p, func() { b.chain.Update() })
	b.chain = NewChain(p, b.injector, b.mappings, b.faults, b.Desk)
	return b
}

// Intercept holds what an expression matches from now on; "" holds nothing.
func (b *Bench) Intercept(expr string) error {
	if err := b.Desk.Intercepts(expr); err != nil {
		return err
	}
	b.chain.Update()
	return nil
}

// ReleaseAll lets everything go on, and holds nothing more.
func (b *Bench) ReleaseAll() {
	b.Desk.ReleaseAll()
	b.chain.Update()
}

// Inject sends a command.
func (b *Bench) Inject(in steer.Injection) error { return b.injector.Inject(in) }

// Kill ends a connection.
func (b *Bench) Kill(conn int) error {
	c := b.proxy.Conn(conn)
	if c == nil {
		return fmt.Errorf("connection %d: %w", conn, steer.ErrNoConn)
	}
	c.Kill(false, "killed by hand")
	return nil
}

// Map replaces all mappings.
func (b *Bench) Map(rules []*Mapping) {
	b.mappings.Set(rules)
	b.chain.Update()
}

// Mappings returns the mappings. The slice does not change.
func (b *Bench) Mappings() []*Mapping { return b.mappings.List() }

// AddFault applies a fault from now on.
func (b *Bench) AddFault(text string) error {
	if _, err := b.faults.Add(text, b.seed); err != nil {
		return err
	}
	b.chain.Update()
	return nil
}

// RemoveFault takes out fault i, counted from 0 as [Bench.Faults] has them, and reports whether there was one.
func (b *Bench) RemoveFault(i int) bool {
	ok := b.faults.Remove(i)
	b.chain.Update()
	return ok
}

// Faults returns the faults. The slice does not change.
func (b *Bench) Faults() []*fault.Rule { return b.faults.List() }
