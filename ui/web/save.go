package web

import (
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/msnscope/msnscope/internal/door"
	"github.com/msnscope/msnscope/ui/model"
)

// save sends a part of the log as a file, which the browser saves. A view saves one at a time; one
// whose browser takes nothing for [door.StallTime] ends.
func (l *Live) save(w http.ResponseWriter, r *http.Request) {
	v, err := l.viewOf(r, false)
	if err == nil && l.o.Save == nil {
		err = errors.New("nothing can be saved here")
	}
	form, extension := r.FormValue("form"), ""
	for _, f := range model.Forms() {
		if f[0] == form {
			extension = f[1]
		}
	}
	if err == nil && extension == "" {
		err = fmt.Errorf("form=%.20q: there is no such form", form)
	}
	if err != nil {
		reply(w, nil, err)
		return
	}
	v.mu.Lock()
	events, comments, busy := v.model.Part(r.FormValue("what")), v.model.Comments(), v.saving
	v.saving = v.saving || events != nil
	v.mu.Unlock()
	switch {
	case events == nil:
		reply(w, nil, errors.New("nothing is selected that could be saved"))
		return
	case busy:
		reply(w, nil, errors.New("it is still being saved"))
		return
	}
	defer func() {
		v.mu.Lock()
		v.saving = false
		v.mu.Unlock()
	}()
	name := "msnscope-" + l.o.Now().Format("20060102-150405") + "." + extension
	w.Header().Set("Content-Type", "application/octet-stream")
	w.Header().Set("Content-Disposition", "attachment; filename="+name)
	if _, err := l.o.Save(patientWriter{w}, form, events, comments); err != nil {
		panic(http.ErrAbortHandler) // the file has begun, and must not look complete
	}
}

// patientWriter gives each write its time.
type patientWriter struct{ http.ResponseWriter }

func (w patientWriter) Write(p []byte) (int, error) {
	_ = http.NewResponseController(w.ResponseWriter).SetWriteDeadline(time.Now().Add(door.StallTime))
	return w.ResponseWriter.Write(p)
}
