package components

import (
	"fmt"
	"math/rand/v2"
	"net"
	"strconv"
)

// Ports that people expect to find the emulator and the proxy on.
const (
	emulatorPort = 4566
	proxyPort    = 8080
)

// listen opens the preferred port, or a free one where that is busy or zero.
//
// Free ports are drawn below the range from which systems take the local ends of
// outgoing connections: a part binds its port some time after it was chosen, and
// in that time no connection can be given it.
func listen(host string, preferred int) (net.Listener, error) {
	// A busy port is no failure: two stacks of one machine may want the same.
	if preferred != 0 {
		if l, err := net.Listen("tcp", net.JoinHostPort(host, strconv.Itoa(preferred))); err == nil {
			return l, nil
		}
	}

	var last error

	for range 100 {
		l, err := net.Listen("tcp", net.JoinHostPort(host, strconv.Itoa(15000+rand.IntN(15000))))
		if err == nil {
			return l, nil
		}
		last = err
	}
	return nil, fmt.Errorf("find a free port on %s: %w", host, last)
}

// freePort chooses a port for a process that opens it itself.
func freePort(host string, preferred int) (int, error) {
	l, err := listen(host, preferred)
	if err != nil {
		return 0, err
	}
	defer l.Close()

	return l.Addr().(*net.TCPAddr).Port, nil
}

// address is the base URL of a part.
func address(host string, port int) string {
	return "http://" + net.JoinHostPort(host, strconv.Itoa(port))
}
