package ui

// suspend gives the terminal back to the shell and stops the process. When the shell continues it,
// the screen is drawn again. A proxy in the same process stops too meanwhile.
func (a *App) suspend() {
	if err := a.screen.Suspend(); err != nil {
		a.report(err)
		return
	}
	err := a.o.Stop()
	if resumed := a.screen.Resume(); resumed != nil {
		a.quit = true // the terminal is gone
		return
	}
	a.screen.Sync()
	a.dirty = true
	a.report(err)
}
