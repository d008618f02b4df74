package components

import (
	"context"
	"crypto/rand"
	"path/filepath"
	"strconv"
	"strings"
)

// Audience is what a token has to be made for before Leasehold takes it.
const Audience = "api://leasehold"

// provider is the OpenID provider.
type provider struct {
	issuer  string
	keySet  string // as the functions reach it
	secret  string // of the client leasehold-robot
	process *process
}

// startProvider starts the OpenID provider with keys and a robot's secret of its own. It sends
// people back to the portals and nowhere else.
func startProvider(ctx context.Context, o Options, h hosts, portals []string) (*provider, error) {
	port, err := freePort(h.ours, 0)
	if err != nil {
		return nil, err
	}
	p := &provider{
		issuer: address(h.ours, port),
		keySet: address(h.inside, port) + "/jwks",
		secret: rand.Text(),
	}

	p.process, err = start("openid-provider", o.log("openid-provider"), []string{
		// By environment, since what stands in a command line can be read by everybody here.
		"HOST=" + h.ours,
		"PORT=" + strconv.Itoa(port),
		"AUDIENCE=" + Audience,
		"ROBOT_SECRET=" + p.secret,
		"PORTAL=" + strings.Join(portals, " "),
	}, "node", filepath.Join(o.Root, "localstack", "oidc", "provider.mjs"))
	if err != nil {
		return nil, err
	}
	return p, p.process.ready(ctx, p.issuer+"/jwks")
}
