package scim

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"unicode"

	"leasehold/pkg/connector"
	"leasehold/pkg/connector/outbound"
	"leasehold/pkg/entitlement"
)

// Some servers keep a version of everything (RFC 7644, 3.14), and some of these change nothing for
// somebody who does not name the one that was read. A member is put in or taken out by itself, so
// that no version needs to be named; one is where the server demands it (status 428). What is decided
// by a look at an account is done to the version that was looked at.

// featureETag is the feature of a check that a server keeps versions.
const featureETag = "etag"

// versionTries bounds how often a change is tried of what others change meanwhile.
const versionTries = 3

var (
	askVersion = outbound.Operation{Op: "scim: read version", What: "for a version"}

	errMoved     = errors.New("it was changed since it was read")
	errNoVersion = errors.New("status 428 and no version")
)

// changeSeen sends a change of an account as it was seen. That it is another one by now is for whoever
// decided to look at. Where the server demands a version and none was seen, it has changed nothing: the account
// is looked at once more, and changed if it is still what was decided on.
func (c *Connector) changeSeen(ctx context.Context, ask outbound.Operation, method string, ref connector.PrincipalRef, seen connector.AccountShown, body any) error {
	path := c.accountPath(ref)
	err := c.sendChange(ctx, ask, method, path, seen.Version, body)

	if r := refusalOf(err); r != nil && r.status == http.StatusPreconditionRequired && seen.Version == "" {
		now, lookErr := c.lookAtAccount(ctx, ref, true)
		switch {
		case lookErr != nil:
			return lookErr
		case now.Mark != seen.Mark || now.Active != seen.Active:
			return moved(ask)
		case now.Version == "":
			return connector.Fail(entitlement.Unavailable, ask.Op, &connector.Refusal{Reason: connector.RefusedByTarget,
				Detail: "The target demands the version of an account that is changed (status 428), and shows none. Have it show versions, or demand none."}, errNoVersion)
		}
		err = c.sendChange(ctx, ask, method, path, now.Version, body)
	}

	if r := refusalOf(err); r != nil && r.status == http.StatusPreconditionFailed {
		return moved(ask)
	}
	return err
}

func moved(ask outbound.Operation) error {
	return connector.Fail(entitlement.Unavailable, ask.Op, &connector.Refusal{Reason: connector.RefusedByTarget,
		Detail: "Somebody else changed it at the target since it was read. It is read again before it is changed."}, errMoved)
}

// maxTag bounds a version.
const maxTag = 256

// tag returns a version as a header can carry it, or "": no other one is a version.
func tag(version string) string {
	if len(version) > maxTag || strings.ContainsFunc(version, unicode.IsControl) {
		return ""
	}
	return version
}

// change sends a change that is right whatever else is there, and where the server demands a version,
// with that of the moment: the refusal has changed nothing, and of what others do meanwhile
// nothing is lost.
func (c *Connector) change(ctx context.Context, ask outbound.Operation, method, path string, body any) error {
	err := c.sendChange(ctx, ask, method, path, "", body)

	for range versionTries {
		r := refusalOf(err)
		if r == nil || r.status != http.StatusPreconditionRequired && r.status != http.StatusPreconditionFailed {
			return err
		}
		now, lookErr := c.versionOf(ctx, path)
		switch {
		case lookErr != nil && refusalOf(lookErr) == nil:
			return lookErr
		case now == "":
			return err // it names none, so that nobody can name one to it
		}
		err = c.sendChange(ctx, ask, method, path, now, body)
	}
	return err
}

func (c *Connector) versionOf(ctx context.Context, path string) (string, error) {
	var found struct{ Meta struct{ Version string } }
	version, err := c.getVersioned(ctx, askVersion, path, url.Values{"attributes": {"id,meta"}}, &found)
	if version == "" {
		version = tag(found.Meta.Version)
	}
	return version, err
}

func (c *Connector) sendChange(ctx context.Context, ask outbound.Operation, method, path, version string, content any) error {
	var body io.Reader
	if content != nil {
		text, err := json.Marshal(content)
		if err != nil {
			return entitlement.Wrap(entitlement.Internal, ask.Op, err, "")
		}
		body = bytes.NewReader(text)
	}
	request, err := http.NewRequestWithContext(ctx, method, c.base+path, body)
	if err != nil {
		return ask.Unanswered(err)
	}
	if content != nil {
		request.Header.Set("Content-Type", mediaType)
	}
	if version != "" {
		request.Header.Set("If-Match", version)
	}

	response, err := c.send(ask, request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	io.CopyN(io.Discard, response.Body, maxError) // a short body read to its end lets the connection be used again
	if isPage(response) {
		return ask.NotUnderstood(response.StatusCode, errPage)
	}
	return nil
}
