package graph

import (
	"context"
	"net/http"

	"leasehold/pkg/authz"
	"leasehold/pkg/csvfile"
	"leasehold/pkg/entitlement"
	"leasehold/pkg/views"
)

// exportPath is where assignments are taken away as a file. It is a path of ours: those of
// Graph answer JSON whatever is asked for.
const exportPath = ours + "/assignments/export"

// csvMedia is the media type of exports.
const csvMedia = csvfile.Media

// maxExported is how many rows one export has at most.
const maxExported = csvfile.MaxRows

// exportOperations are lists as files.
var exportOperations = []operation{
	{method: "GET", path: exportPath, action: authz.ListAssignments, serve: exportAssignments},
	{method: "POST", path: exportsPath, action: authz.ListAssignments, serve: startExport},
	{method: "GET", path: exportsPath + "/{exportId}", action: authz.ReadSelf, serve: getExport},
}

// exportAssignments answers with the assignments that the filter lets through, as the list of
// them has it, one a row. It reads and writes page by page, and gives up where the rows or the
// bytes become too many: more than one answer is never in memory.
func exportAssignments(ctx context.Context, c *call) (response, error) {
	w, err := c.exported(ctx)
	if err != nil {
		return response{}, err
	}

	out := csvfile.New(csvfile.AssignmentColumns...)

	for n := 0; !w.ended; {
		if err := w.tooLong("an export"); err != nil {
			return response{}, err
		}
		rows, err := w.piece(ctx, entitlement.PageSize)
		if err != nil {
			return response{}, err
		}
		if n += len(rows); n > maxExported {
			return response{}, exportTooLong()
		}
		if err := c.exportRows(ctx, out, rows); err != nil {
			return response{}, err
		}
		if excess(out.Bytes()) > 1 {
			return response{}, exportTooLong()
		}
	}

	return response{status: http.StatusOK, plain: string(out.Bytes()), media: csvMedia, file: "assignments.csv"}, nil
}

// exported returns the list that an export is of, at its beginning.
func (c *call) exported(ctx context.Context) (*walk, error) {
	k := c.assignments()
	// In the words of all others for what has nothing to expand.
	flat := entityType[object]{mapper: func(o object) object { return o }, navigation: noNavigation}
	if err := checkShown(c, flat, object{}); err != nil {
		return nil, err
	}
	if err := c.refuseOptions("An export takes $filter and $search alone, not %s.", "$filter", "$search"); err != nil {
		return nil, err
	}
	if err := c.options.Rows.Check(k.sample()); err != nil {
		return nil, err
	}

	read, err := assignmentsFor(ctx, c)
	if err != nil {
		return nil, err
	}
	return newWalk(c, rowsOf(c, k, viewed(read, views.OfAssignments)), nil), nil
}

func exportTooLong() error {
	return entitlement.Errorf(entitlement.Invalid, "One export holds at most %d rows and %d MB. Name a package in $filter (accessPackage/id eq '...'), a state beside it (state eq 'delivered'), "+
		"go through %s page by page, or POST the same to %s for a file.", maxExported, maxResponse>>20, heldPath, exportsPath)
}

// exportRows writes the rows of one page, with what they name joined to all of them at once.
func (c *call) exportRows(ctx context.Context, out *csvfile.File, rows []row) error {
	of := make([]*views.Assignment, len(rows))
	for i, r := range rows {
		of[i] = r.item.(*views.Assignment)
	}
	if err := c.deps.Views.Assignments(ctx, c.by.Caller, of, csvfile.AssignmentJoins); err != nil {
		return err
	}

	now := c.deps.Clock.Now()
	for _, a := range of {
		out.Add(csvfile.AssignmentRow(a, now)...)
	}
	return nil
}
