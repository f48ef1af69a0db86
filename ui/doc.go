// Package ui is the inspector: it shows a ui/model.Model on the screens of a terminal.
//
//	terminal --keys, mouse--> Run --> keys.go: one table --> actions ----> model
//	Log (grows by itself) --------> Run, every frame --> model.Step ---'     |
//	terminal <--thrifty <--tcell <--cells that differ-- canvas <--whole frames-- draw <-------'
//
// One goroutine, that of [App.Run], owns the model, the widgets and the screen; a second one only
// waits for the terminal's events. The widgets are tview's; its Application is not used: its queue
// never returns after Stop, it draws at every key, and a loop of our own ends at once when its
// context does. Nobody who writes to the log ever waits for the screen. A key is drawn within a
// frame, what comes by itself four times a second.
//
// At most one of these covers the panes: a prompt (one line that is typed), a form (a few values),
// a picker (a list from which one line is picked), the editor of a held command, an overlay (a
// text). What they need from the program, such as writing a file, is a function of [Options].
//
// Text from the wire passes through printable first (escape.go). Then newCell puts it into a cell
// of a table, so that tview finds no markup in it, or put draws it on the screen: it knows no
// markup, and lets no control character through either.
package ui
