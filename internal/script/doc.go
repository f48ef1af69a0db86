// Package script runs programs in Starlark that people write to see, change and answer commands.
//
//	FILE --Load--> Script --Command--> Result: what becomes of one command
//	                      --Opened, Closed, Tick--> Orders: what to send, and what to close
//
// A [Set] has the scripts of one run. It knows neither sockets nor a clock: what scripts ask for is
// handed back when the hook has ended, and whoever asked carries it out. docs/SCRIPTS.md has what
// scripts can do; its tables and the names here are the same.
//
// A script cannot harm what it is about. A hook that fails, or takes too many steps or too long,
// leaves the command as it came; one that fails [maxFailures] times in a row disables its script.
// What a hook hands back and what stays in state is measured when it ends. What the library cannot
// bound is the memory that one hook takes meanwhile: see bound.go.
//
// Each script has one lock, held while one of its hooks runs and while nothing else is called than
// the methods of [Conn], which must not call scripts.
package script
