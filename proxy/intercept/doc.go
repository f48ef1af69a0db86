// Package intercept lets people act on live traffic: hold commands and edit them ([HoldQueue]),
// rewrite them by rules ([Mapping]), and inject commands of their own ([Injector]). Each is an
// interceptor of the proxy, as are the faults of package fault; a [Chain] applies them one after
// the other:
//
//	command -> answers to injected requests kept -> mappings -> scripts -> faults -> hold queue
//	        -> sent on
//
// Without any of them the proxy has no interceptor, and traffic passes at its full speed.
package intercept
