package graph

import (
	"cmp"
	"context"
	"net/http"
	"net/url"

	"leasehold/pkg/authz"
	"leasehold/pkg/clock"
	"leasehold/pkg/csvfile"
	"leasehold/pkg/entitlement"
	"leasehold/pkg/exports"
	"leasehold/pkg/graph/odata"
)

// exportsPath is where longer exports are asked for, with the options of the short one: a worker
// writes the file, and whoever asked for it is given a link to it.
const exportsPath = ours + "/assignmentExports"

// startExport notes an export. It changes nothing that anybody else sees, so that whoever may
// read may do it; a repeat of the call is the same export.
func startExport(ctx context.Context, c *call) (response, error) {
	content, err := c.content()
	if err == nil && len(content) > 0 {
		err = entitlement.Errorf(entitlement.Invalid, "An export takes no body: say in $filter and $search what is on it.")
	}
	if err != nil {
		return response{}, err
	}

	// What is wrong with it is told now and not by the worker; whether the caller may see it
	// turns out where it is read.
	w, err := c.exported(ctx)
	if err == nil {
		_, err = w.piece(ctx, 1)
	}
	// Who may see nothing at all of a person or an assignment gets an empty list of it, which is
	// no file: only a package narrows what somebody must be allowed to see.
	if _, ofPackage, wrong := packageFiltered(ctx, c); err == nil && wrong == nil && !ofPackage {
		_, err = c.deps.Requests.Assignments(ctx, c.by.Caller, entitlement.Page{Limit: 1})
	}
	if err != nil {
		return response{}, err
	}
	if err := c.deps.Limiter.take(c.principal); err != nil {
		return response{}, err
	}

	x := exports.Export{Caller: c.by.ID, Scopes: c.by.Scopes, Application: c.by.Application, Query: c.request.URL.RawQuery}
	if x.ID, err = c.exportID(); err != nil {
		return response{}, err
	}
	if x, err = c.deps.Exports.Ask(ctx, x); err != nil {
		return response{}, err
	}
	shown := mapExport(linkedExport{Export: x})
	shown["@odata.context"] = c.metadata(ctx, exportType().set+"/$entity")
	return response{status: http.StatusAccepted, body: shown, location: c.link(ctx, exportsPath+"/"+x.ID)}, nil
}

// exportID derives the id of an export from what its caller calls it, so that a repeat has it
// too; "" where the caller calls it nothing. It need not be a secret: an export is found by
// whoever asked for it alone.
func (c *call) exportID() (string, error) {
	key, err := commandKey(c.request.Header)
	theirs := c.request.Header.Get(clientRequestID)
	if key != "" || !isPrintable(theirs) { // a key is enough, whatever the call is named
		theirs = ""
	}
	if err != nil || key == "" && theirs == "" {
		return "", err
	}
	return clock.Derive(nil, "export", string(c.by.ID), key, theirs, c.request.URL.RawQuery), nil
}

// getExport shows how far an export is, with a link to the file once it is there. The link is
// anybody's for some minutes, so that each look makes a new one.
func getExport(ctx context.Context, c *call) (response, error) {
	x, err := c.deps.Exports.Find(ctx, c.by.ID, c.path["exportId"])
	if err != nil {
		return response{}, err
	}
	link, err := c.deps.Exports.Link(ctx, x)
	if err != nil {
		return response{}, err
	}
	return entity(ctx, c, exportType(), linkedExport{x, link})
}

// linkedExport is an export with the link to its file; "" where there is none yet.
type linkedExport struct {
	exports.Export
	link string
}

func exportType() entityType[linkedExport] {
	return entityType[linkedExport]{set: "leasehold/exports", mapper: mapExport, navigation: noNavigation}
}

func mapExport(x linkedExport) object {
	return object{"id": x.ID, "status": string(x.Status), "rows": x.Rows, "query": text(x.Query), "failureReason": text(x.Why), "downloadUrl": text(x.link),
		"createdDateTime": instant(x.Created), "lastActionDateTime": instant(x.Moved)}
}

// Exporter writes exports for those who asked for them.
type Exporter struct{ deps Deps }

// NewExporter returns an exporter. Of deps it needs what reads: Directory, Views, Requests and Clock.
func NewExporter(d Deps) *Exporter { return &Exporter{d} }

// Piece writes rows from a place in the list until there are so many bytes, or the list ends.
// The caller is read anew: whoever has left, or may not see it any more, gets no more of it.
func (x *Exporter) Piece(ctx context.Context, of exports.Export, from string, enough int) (exports.Piece, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, exportPath, nil)
	if err != nil {
		return exports.Piece{}, err
	}
	c := &call{deps: &x.deps, request: request}
	c.by.Caller = authz.Caller{ID: of.Caller, Scopes: of.Scopes, Application: of.Application}
	if c.by.Caller, err = x.deps.Directory.Account(ctx, c.by.Caller); err == nil {
		err = authz.Admit(c.by.Caller, authz.ListAssignments)
	}
	query, malformed := url.ParseQuery(of.Query)
	if err = cmp.Or(err, malformed); err == nil {
		c.options, err = odata.Parse(query)
	}
	if err != nil {
		return exports.Piece{}, err
	}

	w, err := c.exported(ctx)
	if err != nil {
		return exports.Piece{}, err
	}
	w.token = from

	// What goes on from an earlier piece has no header row of its own.
	out := csvfile.New()
	if from == "" {
		out = csvfile.New(csvfile.AssignmentColumns...)
	}
	out.Grow(enough + enough/8)
	rows, err := c.exportUntil(ctx, w, enough, func(rows []row) (int, error) {
		err := c.exportRows(ctx, out, rows)
		return len(out.Bytes()), err
	})
	return exports.Piece{Text: out.Bytes(), Rows: rows, Next: w.token}, err
}

// exportUntil goes through a list until so many bytes are written.
func (c *call) exportUntil(ctx context.Context, w *walk, enough int, write func([]row) (int, error)) (n int, err error) {
	for bytes := 0; !w.ended && bytes < enough; {
		rows, err := w.piece(ctx, entitlement.PageSize)
		if err != nil {
			return n, err
		}
		if bytes, err = write(rows); err != nil {
			return n, err
		}
		n += len(rows)
	}
	return n, nil
}
