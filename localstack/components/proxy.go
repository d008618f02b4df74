package components

import (
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"path/filepath"
	"sync/atomic"

	"leasehold/pkg/names"
)

// proxy is one address that stands before the deploy and stays, while the address of
// the API on the emulator changes with every deploy. It listens for plain http, and
// for https since some clients send a token no other way.
type proxy struct {
	url, secureURL string
	certificate    string // file

	stage   atomic.Pointer[url.URL] // nil until there is an API to lead to
	servers []*http.Server
}

// openProxy listens; until lead is called it answers 503.
func openProxy(o Options) (*proxy, error) {
	// The familiar port where it is free, so that an address can be remembered.
	plain, err := listen(loopback, o.prefer(proxyPort))
	if err != nil {
		return nil, err
	}
	secure, err := listen(loopback, 0)
	if err != nil {
		return nil, errors.Join(err, plain.Close())
	}

	d := &proxy{
		url:         "http://" + plain.Addr().String(),
		secureURL:   "https://" + secure.Addr().String(),
		certificate: filepath.Join(o.Dir, "ca.pem"),
	}
	pair, err := makeCertificate(d.certificate)
	if err != nil {
		return nil, errors.Join(err, plain.Close(), secure.Close())
	}

	// It listens before anything is behind it, since the stack must know its address.
	d.serve(plain)
	d.serve(tls.NewListener(secure, &tls.Config{Certificates: []tls.Certificate{pair}}))
	return d, nil
}

func (d *proxy) serve(l net.Listener) {
	quiet := log.New(io.Discard, "", 0) // a client that goes away is no news
	proxy := &httputil.ReverseProxy{
		Rewrite:   d.rewrite,
		Transport: &http.Transport{DisableCompression: true, MaxIdleConnsPerHost: 64},
		ErrorLog:  quiet,
	}

	server := &http.Server{ErrorLog: quiet, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if d.stage.Load() == nil {
			http.Error(w, "the stack is not deployed yet", http.StatusServiceUnavailable)
			return
		}
		proxy.ServeHTTP(w, r)
	})}

	d.servers = append(d.servers, server)
	go server.Serve(l) // ends with close
}

// lead has the proxy lead to an API on the emulator.
func (d *proxy) lead(endpoint, api string) error {
	stage, err := url.Parse(endpoint + "/_aws/execute-api/" + api + "/" + names.StageName)
	if err != nil {
		return err
	}
	d.stage.Store(stage)
	return nil
}

// rewrite puts the stage in front of the path. Path and query go on exactly as
// they came: quotes and encoded slashes in them have a meaning to the API.
func (d *proxy) rewrite(r *httputil.ProxyRequest) {
	stage := d.stage.Load()
	r.Out.URL.Scheme, r.Out.URL.Host, r.Out.Host = stage.Scheme, stage.Host, ""
	r.Out.URL.Path = stage.Path + r.In.URL.Path
	r.Out.URL.RawPath = stage.Path + r.In.URL.EscapedPath()
	r.Out.URL.RawQuery = r.In.URL.RawQuery

	// The API chooses by this which of its addresses links begin with.
	proto := "http"
	if r.In.TLS != nil {
		proto = "https"
	}
	r.Out.Header.Set("Forwarded", fmt.Sprintf("host=%q;proto=%s", r.In.Host, proto))
}

// close stops listening and ends what is under way.
func (d *proxy) close() error {
	var failed []error
	for _, server := range d.servers {
		failed = append(failed, server.Close())
	}
	return errors.Join(failed...)
}
