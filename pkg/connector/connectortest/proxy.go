package connectortest

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"sync"
	"testing"
)

// Proxy stands between a connector and a real server that is spoken to over HTTP, and
// spoils one call or all of them.
type Proxy struct {
	URL    *url.URL // what the connector is given
	target http.Handler

	// Writes tells a call that changes something at the target; nil: every one that is not a GET.
	Writes func(*http.Request) bool

	mu    sync.Mutex
	next  Fault
	write bool // next waits for a call that changes something
	reply http.Handler
}

// Fault answers one call; target performs it.
type Fault func(w http.ResponseWriter, r *http.Request, target http.Handler)

// NewProxy starts a proxy in front of the server at target.
func NewProxy(t *testing.T, target *url.URL) *Proxy {
	t.Helper()
	p := &Proxy{target: &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(&url.URL{Scheme: target.Scheme, Host: target.Host})
		r.Out.Host = r.In.Host // links that the server writes lead back to the proxy
	}}}
	server := httptest.NewServer(p)
	t.Cleanup(server.Close)

	p.URL, _ = url.Parse(server.URL) // it wrote that URL itself
	p.URL.Path = target.Path
	return p
}

// ServeHTTP passes the call on, unless a fault awaits it.
func (p *Proxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	fault, reply := p.take(r)
	switch {
	case reply != nil:
		reply.ServeHTTP(w, r)
	case fault != nil:
		fault(w, r, p.target)
	default:
		p.target.ServeHTTP(w, r)
	}
}

func (p *Proxy) take(r *http.Request) (Fault, http.Handler) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.write && !p.writes(r) {
		return nil, p.reply
	}
	fault := p.next
	p.next, p.write = nil, false
	return fault, p.reply
}

func (p *Proxy) writes(r *http.Request) bool {
	if p.Writes != nil {
		return p.Writes(r)
	}
	return r.Method != http.MethodGet
}

// Next spoils the next call, or the next one that changes something.
func (p *Proxy) Next(write bool, fault Fault) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.next, p.write = fault, write
}

// Reply answers every call by the handler until it is called with nil.
func (p *Proxy) Reply(h http.Handler) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.reply = h
}

// Faults returns all that the proxy can do. half performs half of a batch of the
// target's protocol; it may be nil.
func (p *Proxy) Faults(half func(r *http.Request, target http.Handler)) Faults {
	f := Faults{
		Throttle: func(retryAfter string) {
			p.Next(false, func(w http.ResponseWriter, _ *http.Request, _ http.Handler) {
				if retryAfter != "" {
					w.Header().Set("Retry-After", retryAfter)
				}
				w.WriteHeader(http.StatusTooManyRequests)
			})
		},
		Down: func() {
			p.Next(false, func(w http.ResponseWriter, _ *http.Request, _ http.Handler) {
				w.WriteHeader(http.StatusServiceUnavailable)
			})
		},
		LoseAnswer: func() {
			p.Next(true, func(_ http.ResponseWriter, r *http.Request, target http.Handler) {
				target.ServeHTTP(httptest.NewRecorder(), r)
				panic(http.ErrAbortHandler) // closes the connection without an answer
			})
		},
		Reply: p.Reply,
	}

	if half != nil {
		f.Half = func(refuse bool) { p.Next(true, halved(half, refuse)) }
	}

	return f
}

func halved(half func(*http.Request, http.Handler), refuse bool) Fault {
	return func(w http.ResponseWriter, r *http.Request, target http.Handler) {
		half(r, target)
		if refuse {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		w.WriteHeader(http.StatusInternalServerError)
	}
}

// Refuse has the next call answered with a status and a body, as of a place in a list that is not taken
// any more.
func (p *Proxy) Refuse(status int, header, value, body string) func() (end func()) {
	return func() func() {
		p.Next(false, func(w http.ResponseWriter, _ *http.Request, _ http.Handler) {
			w.Header().Set("Content-Type", "application/json")
			w.Header().Set(header, value)
			w.WriteHeader(status)
			io.WriteString(w, body)
		})
		return func() { p.Next(false, nil) }
	}
}
