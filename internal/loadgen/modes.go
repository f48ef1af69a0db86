package loadgen

import (
	"context"
	"sync"
	"time"
)

// storm has users sign in and off again until the time is over.
func (r *run) storm(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, r.o.Duration)
	defer cancel()
	r.pace.start(r.o.Rate)
	r.measured = r.begun
	workers := min(atOnce, len(r.members))
	var wg sync.WaitGroup
	for w := range workers {
		wg.Go(func() {
			var mine []*member // each worker has users of its own, so that none is signed in twice
			for i := w; i < len(r.members); i += workers {
				mine = append(mine, r.members[i])
			}
			for n := 0; ctx.Err() == nil && (r.o.Messages == 0 || n/len(mine) < r.o.Messages); n++ {
				if m := mine[n%len(mine)]; r.signIn(ctx, m) {
					m.signOff(ctx)
				}
			}
		})
	}
	wg.Wait()
	r.signing = time.Since(r.begun)
}

// idle has all users sign in and stay.
func (r *run) idle(ctx context.Context) {
	r.pace.start(r.o.Rate)
	r.gather(ctx)
	select {
	case <-ctx.Done():
	case <-time.After(r.o.Duration):
	}
}

// lists has all users change their allow lists until the time is over, and restores the lists in
// the end.
func (r *run) lists(ctx context.Context) {
	r.gather(ctx)
	ctx, cancel := context.WithTimeout(ctx, r.o.Duration)
	defer cancel()
	r.pace.start(r.o.Rate)
	var wg sync.WaitGroup
	for i, m := range r.members {
		if m.client != nil { // else it could not sign in, which was counted
			wg.Go(func() { m.changeList(ctx, r.members[(i+1)%len(r.members)].user.Handle) })
		}
	}
	wg.Wait()
}

// changeList alternately adds another user to the allow list and removes it.
func (m *member) changeList(ctx context.Context, other string) {
	listed := false
	change := func(ctx context.Context) (err error) {
		if listed {
			err = m.client.RemoveContact(ctx, "AL", other)
		} else {
			err = m.client.AddContact(ctx, "AL", other, other)
		}
		if err == nil {
			listed = !listed
		}
		return err
	}
	for n := 0; m.r.o.Messages == 0 || n < m.r.o.Messages; n++ {
		at, err := m.r.pace.wait(ctx)
		if err != nil || !m.alive() {
			break
		}
		if m.r.step(ctx, "list change", change) {
			m.r.times[listChange].add(time.Since(at))
		}
	}
	end, cancel := context.WithTimeout(context.WithoutCancel(ctx), patience)
	defer cancel()
	// A change that was in progress when the time was over may or may not have been done, so an
	// error says nothing.
	_ = m.client.RemoveContact(end, "AL", other)
}

// gather signs all users in, and makes them online.
func (r *run) gather(ctx context.Context) {
	each(ctx, r.members, func(m *member) {
		if r.signIn(ctx, m) {
			r.step(ctx, "go online", func(ctx context.Context) error { return m.client.SetState(ctx, "NLN") })
		}
	})
	r.measured = time.Now()
	r.signing = r.measured.Sub(r.begun)
}

// signIn signs the user in if necessary, and reports whether it is signed in.
func (r *run) signIn(ctx context.Context, m *member) bool {
	at, err := r.pace.wait(ctx)
	if err != nil {
		return false
	}
	if !r.step(ctx, "sign-in", m.signIn) {
		return false
	}
	r.times[signIn].add(time.Since(at))
	return true
}
