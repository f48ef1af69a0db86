package control

import (
	"fmt"
	"net/http"
	"net/http/pprof"
	"strconv"
	"time"

	"github.com/msnscope/msnscope/internal/door"
)

// maxProfile is how long a profile may take in seconds.
const maxProfile = 300

// addProfiles adds Go's own profiles, which need the token as all else does: a profile of the heap
// has what was said in it.
func addProfiles(mux *http.ServeMux) {
	for path, h := range map[string]http.HandlerFunc{
		"": pprof.Index, "cmdline": pprof.Cmdline, "profile": pprof.Profile, "symbol": pprof.Symbol,
		"trace": pprof.Trace,
	} {
		mux.HandleFunc("GET /debug/pprof/"+path, func(w http.ResponseWriter, r *http.Request) {
			seconds, err := strconv.Atoi(r.FormValue("seconds"))
			if r.FormValue("seconds") != "" && (err != nil || seconds < 0 || seconds > maxProfile) {
				refuse(w, fmt.Errorf("seconds=%q: it must be a number up to %d", r.FormValue("seconds"), maxProfile))
				return
			}
			longest := max(time.Duration(seconds)*time.Second, door.StallTime) // as is pprof's own default
			_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(longest + door.StallTime))
			h(w, r)
		})
	}
}
