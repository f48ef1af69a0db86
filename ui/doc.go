// Package ui is the inspector: the screens over a ui/model.Model, in a terminal.
//
//	terminal --keys, mouse--> Run --> keys.go: one table --> actions ----> model
//	Log (grows by itself) --------> Run, every frame --> model.Step ---'     |
//	terminal <--one draw a frame, only when something changed-- draw <-------'
//
// One goroutine, that of [App.Run], owns the model, the widgets and the screen; a second one only waits for the terminal's
// events. The widgets are tview's; its Application is not used: its queue never returns after Stop, it draws at every key, and a
// loop of our own ends at once when its context does. Nobody who writes to the log ever waits for the screen.
//
// What came from the wire passes format.Printable first. Then it goes into a cell of a table, where newCell escapes tview's
// markup, or to the screen by put, which knows no markup and lets through no control character either.
package ui
