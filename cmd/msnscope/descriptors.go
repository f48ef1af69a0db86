package main

import (
	"context"
	"net"

	"github.com/msnscope/msnscope/proxy"
)

// modest is a listener for clients, which leaves some descriptors to the rest of the process.
type modest struct{ net.Listener }

// Accept implements [net.Listener]. Where descriptors are scarce it returns an error that passes.
func (l modest) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return unlessScarce(c)
}

// leaveDescriptors makes everything that the proxy opens leave some descriptors to the rest of the
// process: connections to servers, and those to the ports of --referral-ports.
func leaveDescriptors(o *proxy.Options) {
	if o.Dial == nil { // else it is the embedded server, which needs none
		o.Dial = func(ctx context.Context, network, addr string) (net.Conn, error) {
			c, err := new(net.Dialer).DialContext(ctx, network, addr)
			if err != nil {
				return nil, err
			}
			return unlessScarce(c)
		}
	}
	o.Listen = func(network, addr string) (net.Listener, error) {
		l, err := net.Listen(network, addr)
		if err == nil {
			l, err = unlessScarce(l)
		}
		if err != nil {
			return nil, err
		}
		return modest{l}, nil
	}
}
