package metrics

import (
	"sync/atomic"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/decode/dialect"
	"github.com/msnscope/msnscope/decode/session"
)

// Traffic counts the events of a proxy. Make one with [NewTraffic].
//
// It is called as each event is made, rather than subscribed to the bus: the event is in the
// processor's cache at that moment, and to count it takes less than a subscription takes to queue
// it. The order of [proxy.Options.Publish], one call at a time, leaves the counters uncontended.
type Traffic struct {
	verbs  []string // the values of the label command; 0 is other
	number []uint8  // the index in verbs, by the ID of the row
	cells  [][len(sides)][len(roleNames)]atomic.Uint64
	bytes  [len(sides)][len(roleNames)]atomic.Uint64
	flags  [16]atomic.Uint64 // by bit
	kinds  [session.Wait + 1]atomic.Uint64
	trips  *prometheus.HistogramVec
	trip   [][len(roleNames)]prometheus.Observer // made when first needed
}

// sides and roleNames are the values of the labels from and role.
var (
	sides     = [...]string{"client", "server"}
	roleNames = [...]string{"unknown", "DS", "NS", "SB", "FT"}
)

const errorAnswer = "error"

// NewTraffic returns counters that are 0.
func NewTraffic() *Traffic {
	t := &Traffic{verbs: []string{"other"}, number: []uint8{0}}
	known := map[string]uint8{}
	for _, table := range dialect.All() {
		for i := range table.Rows() {
			row := &table.Rows()[i]
			name := verbName(row)
			if _, ok := known[name]; !ok {
				known[name] = uint8(len(t.verbs))
				t.verbs = append(t.verbs, name)
			}
			for len(t.number) <= row.ID() {
				t.number = append(t.number, 0)
			}
			t.number[row.ID()] = known[name]
		}
	}
	t.cells = make([][len(sides)][len(roleNames)]atomic.Uint64, len(t.verbs))
	t.trip = make([][len(roleNames)]prometheus.Observer, len(t.verbs))
	t.trips = prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name: proxyTrips.name, Help: proxyTrips.help,
		// A bucket is a tenth wider than the one below. From 20 µs to a minute that takes 160 of
		// them; a series that needs more gets wider ones.
		NativeHistogramBucketFactor: 1.1, NativeHistogramMaxBucketNumber: 160,
	}, proxyTrips.labels)
	return t
}

// verbName returns the value of the label command for a row.
func verbName(row *dialect.Row) string {
	if row.IsError() {
		return errorAnswer
	}
	return row.Verb
}

func placeOf(role dialect.Role) int {
	switch role {
	case dialect.DS:
		return 1
	case dialect.NS:
		return 2
	case dialect.SB:
		return 3
	case dialect.FT:
		return 4
	}
	return 0
}

// Count counts an event. Only one goroutine at a time may call it.
func (t *Traffic) Count(e *session.Event) {
	if e.Kind != session.Command {
		t.kinds[e.Kind].Add(1)
		return
	}
	verb, side, role := 0, 0, placeOf(e.Role)
	if e.Row != nil {
		verb = int(t.number[e.Row.ID()])
	}
	if e.Dir == decode.FromServer {
		side = 1
	}
	t.cells[verb][side][role].Add(1)
	t.bytes[side][role].Add(uint64(len(e.In.Raw)))
	if e.Flags != 0 {
		for i := range t.flags {
			if e.Flags&(1<<i) != 0 {
				t.flags[i].Add(1)
			}
		}
	}
	if e.ReplyTo != 0 {
		o := &t.trip[verb][role]
		if *o == nil {
			*o = t.trips.WithLabelValues(t.verbs[verb], roleNames[role])
		}
		(*o).Observe(e.RTT.Seconds())
	}
}

// collect sends what was counted.
func (t *Traffic) collect(ch chan<- prometheus.Metric) {
	for verb := range t.cells {
		for side := range t.cells[verb] {
			for role := range t.cells[verb][side] {
				if n := t.cells[verb][side][role].Load(); n > 0 {
					ch <- proxyCommands.metric(float64(n), t.verbs[verb], sides[side], roleNames[role])
				}
			}
		}
	}
	for side := range t.bytes {
		for role := range t.bytes[side] {
			if n := t.bytes[side][role].Load(); n > 0 {
				ch <- proxyBytes.metric(float64(n), sides[side], roleNames[role])
			}
		}
	}
	for i := range t.flags {
		flag := session.Flag(1<<i) &^ (session.Missing | session.Lint) // which live commands never have
		if names := flag.Names(); len(names) == 1 {
			ch <- proxyFlagged.metric(float64(t.flags[i].Load()), names[0])
		}
	}
	ch <- proxyOpened.metric(float64(t.kinds[session.Open].Load()))
	ch <- proxyGaps.metric(float64(t.kinds[session.Gap].Load()))
	t.trips.Collect(ch)
}
