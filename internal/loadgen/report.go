package loadgen

import "time"

// Progress is the progress of a run.
type Progress struct {
	Users, SignedIn int
	Acts            uint64 // acts of the mode's kind
	Errors          uint64
	Elapsed         time.Duration
}

// Report is the result of a run.
type Report struct {
	Mode     Mode `json:"mode"`
	Users    int  `json:"users"`
	SignedIn int  `json:"signed_in"` // at the end; in mode SignIn nobody stays
	// since all were signed in; in mode SignIn, of the whole run
	Seconds float64 `json:"seconds"`
	// Operations are keyed by name: "sign-in"; "change" lasts until the server answers, "seen"
	// until one of the others notices, "seen by all" until the last one does; "message" and
	// "message to all" likewise; "list change" until the server answers.
	Operations map[string]Latency `json:"operations"`
	// Errors counts errors by kind, at most maxKinds of them.
	Errors map[string]uint64 `json:"errors"`
}

// watch calls Options.Progress until it is stopped.
func (r *run) watch() (stop func()) {
	if r.o.Progress == nil {
		return func() {}
	}
	end, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		tick := time.NewTicker(progressTime)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				r.o.Progress(r.progress())
			case <-end:
				return
			}
		}
	}()
	return func() {
		close(end)
		<-ended
	}
}

func (r *run) progress() Progress {
	r.mu.Lock()
	defer r.mu.Unlock()
	return Progress{
		Users: len(r.members), SignedIn: int(r.signedIn.Load()), Acts: r.times[acts[r.o.Mode]].count(),
		Errors:  r.failed,
		Elapsed: time.Since(r.begun),
	}
}

func (r *run) report() *Report {
	elapsed := time.Since(r.measured)
	if r.measured.IsZero() {
		elapsed = 0
	}
	out := &Report{
		Mode: r.o.Mode, Users: len(r.members), SignedIn: int(r.signedIn.Load()), Seconds: elapsed.Seconds(),
		Operations: make(map[string]Latency), Errors: make(map[string]uint64),
	}
	for op := range operations {
		within := elapsed
		if op == signIn {
			within = r.signing
		}
		if l := r.times[op].latency(within); l.Count > 0 {
			out.Operations[operationNames[op]] = l
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for kind, n := range r.errors {
		out.Errors[kind] = n
	}
	return out
}
