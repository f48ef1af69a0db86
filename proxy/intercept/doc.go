// Package intercept is what people do to live traffic: hold commands and change them ([Desk]), rewrite them by rules
// ([Mapping]), and send commands of their own. Each is an interceptor of the proxy, as are the faults of package fault; a
// [Chain] applies them one after the other:
//
//	command -> answers to injected requests are kept -> mappings -> faults -> desk -> sent on
//
// Without any of them the proxy has no interceptor, and traffic passes at its full speed.
package intercept
