package conformance

import (
	"cmp"
	"slices"
)

// Status is the outcome of a case.
type Status string

// These are the statuses.
const (
	Passed Status = "passed"
	Failed Status = "failed" // the server did something else
	// it could not be played, since the server cannot do what it takes
	Blocked   Status = "blocked"
	Skipped   Status = "skipped"    // it does not apply to this server
	NotPlayed Status = "not played" // the run ended first
)

// Report is the outcome of a run. It is written as JSON as it stands.
type Report struct {
	Server       string `json:"server"`
	Dispatch     string `json:"dispatch,omitempty"` // addresses, as far as they were found
	Notification string `json:"notification,omitempty"`
	Switchboard  string `json:"switchboard,omitempty"`
	Preset       string `json:"preset,omitempty"` // the only preset allowed; "" for any

	Passed    int     `json:"passed"`
	Failed    int     `json:"failed"`
	Blocked   int     `json:"blocked"`
	Skipped   int     `json:"skipped"`
	NotPlayed int     `json:"not_played"`
	Seconds   float64 `json:"seconds"`

	// Causes groups the failed and blocked cases by what they have in common, the largest group
	// first.
	Causes []Cause `json:"causes"`
	// Notes are what else people must know, such as what the server would not undo.
	Notes []string `json:"notes,omitempty"`
	Cases []Result `json:"cases"`
}

// Cause is why some cases failed.
type Cause struct {
	Cause string   `json:"cause"`
	Count int      `json:"count"`
	First string   `json:"first"` // what exactly came in the first of the cases
	Cases []string `json:"cases"` // names of the cases
}

// Result is the outcome of one case.
type Result struct {
	Name     string   `json:"name"`
	Sections []string `json:"sections"`
	Status   Status   `json:"status"`
	Preset   string   `json:"preset,omitempty"` // in which the server passed, where presets differ
	// in a few words, the same for all cases that failed for the same reason
	Cause string `json:"cause,omitempty"`
	// the line of the script, what was wanted and what came
	Detail  string  `json:"detail,omitempty"`
	Why     string  `json:"why,omitempty"` // why it was skipped
	Seconds float64 `json:"seconds"`
}

// blocked returns r as the result of a case that could not be played because of err.
func (r Result) blocked(err error) Result {
	r.Status, r.Cause, r.Detail = Blocked, causeOf(err), err.Error()
	return r
}

// AsWanted reports whether all cases that apply to this server were played and passed, and there
// was at least one.
func (r *Report) AsWanted() bool { return r.Failed+r.Blocked+r.NotPlayed == 0 && r.Passed > 0 }

// sum counts the results and groups the failures by their causes.
func (r *Report) sum() {
	count := map[Status]int{}
	index := map[string]int{} // of a cause
	for _, c := range r.Cases {
		if count[c.Status]++; c.Status != Failed && c.Status != Blocked {
			continue
		}
		i, known := index[c.Cause]
		if !known {
			i = len(r.Causes)
			index[c.Cause] = i
			r.Causes = append(r.Causes, Cause{Cause: c.Cause, First: c.Name + ": " + c.Detail})
		}
		r.Causes[i].Count++
		r.Causes[i].Cases = append(r.Causes[i].Cases, c.Name)
	}
	slices.SortStableFunc(r.Causes, func(a, b Cause) int { return cmp.Compare(b.Count, a.Count) })
	r.Passed, r.Failed, r.Blocked = count[Passed], count[Failed], count[Blocked]
	r.Skipped, r.NotPlayed = count[Skipped], count[NotPlayed]
}
