package ui

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// playback shows a file as if it were live: each event appears when its time is reached.
type playback struct {
	at     time.Time // in the file
	speed  float64
	paused bool
	last   time.Time // the clock's time when at was moved last
}

// The slowest and the fastest playback.
const (
	minSpeed = 1.0 / 64
	maxSpeed = 1024
)

// playable reports whether there is something to play. If not, the footer says why.
func (a *App) playable() bool {
	switch {
	case a.o.Live:
		a.say("what is live plays by itself; a file can be played")
	case a.o.Log.Len() == 0:
		a.say("there is nothing to play")
	default:
		return true
	}
	return false
}

// play begins to play at the selected command, or at the beginning where the last one is selected.
func (a *App) play() {
	row, e := a.model.Selected()
	at := a.model.Start()
	if e != nil && row < a.model.Rows()-1 {
		at = e.Time
	}
	a.playing = &playback{at: at, speed: 1, last: a.o.Now()}
	a.model.SetFollow(true)
	a.advance()
}

// faster multiplies the speed of playback; the first call begins it.
func (a *App) faster(factor float64) {
	if !a.playable() {
		return
	}
	if a.playing == nil {
		a.play()
	} else {
		a.playing.speed = max(minSpeed, min(a.playing.speed*factor, maxSpeed))
	}
	a.say("playing ×%s: < > speed, p pause, Ctrl-Space one command, :stop", speedText(a.playing.speed))
}

// stepOne plays one command, and pauses after it.
func (a *App) stepOne() {
	if !a.playable() {
		return
	}
	if a.playing == nil {
		a.play()
	}
	a.playing.paused = true
	n := a.model.Horizon()
	if n >= a.o.Log.Len() {
		a.stopPlaying()
		return
	}
	a.playing.at = a.o.Log.At(n).Time
	a.model.SetHorizon(n + 1)
}

// stopPlaying shows the whole file again.
func (a *App) stopPlaying() {
	if a.playing == nil {
		return
	}
	a.playing = nil
	_, e := a.model.Selected()
	a.model.SetHorizon(-1)
	a.model.SetFollow(false)
	if e != nil {
		a.model.Goto(e.N)
	}
	a.say("the whole file is shown again")
}

// advance moves playback on by the time that has gone by, and reports whether anything has changed.
func (a *App) advance() bool {
	p := a.playing
	if p == nil {
		return false
	}
	now := a.o.Now()
	if !p.paused {
		p.at = p.at.Add(time.Duration(float64(now.Sub(p.last)) * p.speed))
	}
	p.last = now
	n := a.model.Before(p.at)
	if p.paused {
		n = max(n, a.model.Horizon())
	}
	if n == a.model.Horizon() {
		return false
	}
	if a.model.SetHorizon(n); n == a.o.Log.Len() && !a.loading && !p.paused {
		a.stopPlaying()
	}
	return true
}

// playState returns the state of playback for the header, "" without playback.
func (a *App) playState() string {
	p := a.playing
	if p == nil {
		return ""
	}
	word := "PLAY"
	if p.paused {
		word = "STEP"
	}
	return fmt.Sprintf("%s ×%s +%s %s/%s ", word, speedText(p.speed), since(p.at.Sub(a.model.Start())),
		thousands(a.model.Horizon()), thousands(a.o.Log.Len()))
}

func speedText(speed float64) string {
	if speed < 1 {
		return "1/" + strconv.FormatFloat(1/speed, 'f', -1, 64)
	}
	return strconv.FormatFloat(speed, 'f', -1, 64)
}

// seek moves to a command (#12 or 12) or to a time (+3.5 seconds since the beginning, 18:04:05).
// While a file is played it is played from there.
func (a *App) seek(text string) {
	at, ok := a.seekTime(strings.TrimSpace(text))
	if !ok {
		a.say("seek wants a number of a command (12), seconds since the beginning (+3.5) or a time (18:04:05)")
		return
	}
	if a.playing == nil {
		if n := a.model.Before(at); n > 0 {
			a.showEvent(a.o.Log.At(n - 1).N)
		}
		return
	}
	a.playing.at, a.playing.last = at, a.o.Now()
	a.model.SetHorizon(a.model.Before(at))
	a.model.SetFollow(true)
}

// seekTime returns the time that a text means.
func (a *App) seekTime(text string) (time.Time, bool) {
	start := a.model.Start()
	if seconds, ok := strings.CutPrefix(text, "+"); ok {
		s, err := strconv.ParseFloat(strings.TrimSuffix(seconds, "s"), 64)
		return start.Add(time.Duration(s * float64(time.Second))), err == nil
	}
	if n, err := strconv.ParseUint(strings.TrimPrefix(text, "#"), 10, 64); err == nil {
		if e := a.model.Event(n); e != nil {
			return e.Time, true
		}
		return start, false
	}
	clock, err := time.Parse("15:04:05.999999999", text)
	if err != nil {
		return start, false
	}
	local := start.Local()
	at := time.Date(local.Year(), local.Month(), local.Day(), clock.Hour(), clock.Minute(), clock.Second(),
		clock.Nanosecond(), time.Local)
	if at.Before(start) {
		at = at.AddDate(0, 0, 1)
	}
	return at, true
}
