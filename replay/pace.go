package replay

import (
	"context"
	"time"

	"github.com/msnscope/msnscope/internal/compare"
)

// pace waits until the step is due by the clock of the recording, and handles what arrives
// meanwhile. If a server took longer than the recorded one, the replay goes on with the recorded
// pauses from there.
func (p *player) pace(ctx context.Context, s *step) error {
	if p.o.Speed <= 0 {
		return nil
	}
	first := &p.plan.circles[0].steps[0]
	due := p.begun.Add(p.lag + time.Duration(float64(s.at-first.at)/p.o.Speed))
	if late := time.Since(due); late > 0 {
		p.lag += late
		return nil
	}
	for time.Now().Before(due) {
		if err := p.receive(ctx, due); err != nil {
			return err
		}
	}
	return nil
}

// lateness returns a difference if the command came later than it may.
func (p *player) lateness(s *step, at time.Time) []compare.Diff {
	if w := p.plan.wants[int(s.index)].within; w > 0 && at.Sub(p.sent) > w {
		return []compare.Diff{{Field: compare.FieldTime, Want: "within " + w.String(), Got: at.Sub(p.sent).String()}}
	}
	if p.o.Speed <= 0 || p.sent.IsZero() || s.at == 0 {
		return nil
	}
	then, now := time.Duration(s.at-p.sentAt), at.Sub(p.sent)
	if now <= max(then, 0)+p.o.late() || p.compare.Ignores(compare.FieldTime) {
		return nil
	}
	shown := func(d time.Duration) string { return d.Round(time.Millisecond).String() }
	return []compare.Diff{{Field: compare.FieldTime, Want: shown(then) + " after the client's last", Got: shown(now)}}
}
