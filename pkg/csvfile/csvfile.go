// Package csvfile writes lists as files that spreadsheets open: CSV with a header row, in which
// no cell is ever run as a formula (A10).
package csvfile

import (
	"bytes"
	"encoding/csv"
	"strings"
	"time"

	"leasehold/pkg/entitlement"
	"leasehold/pkg/views"
)

// Media is the media type of exports.
const Media = "text/csv; charset=utf-8"

// MaxRows is how many rows one export has at most.
const MaxRows = 5_000

// File is one export while it is written, in memory.
type File struct {
	text bytes.Buffer
	rows *csv.Writer
}

// New begins a file with its header row; without columns, what goes on from another one.
func New(columns ...string) *File {
	f := &File{}
	f.rows = csv.NewWriter(&f.text)
	f.rows.UseCRLF = true // as RFC 4180 has it
	if len(columns) > 0 {
		f.rows.Write(columns) // into memory, which does not fail
	}
	return f
}

// Grow makes room for so many bytes.
func (f *File) Grow(n int) { f.text.Grow(n) }

// Add writes a row, each cell of it as one that a spreadsheet shows and does not run.
func (f *File) Add(cells ...string) {
	safe := make([]string, len(cells))
	for i, text := range cells {
		safe[i] = Cell(text)
	}
	f.rows.Write(safe) // likewise
}

// Bytes is the file as far as it was written.
func (f *File) Bytes() []byte {
	f.rows.Flush()
	return f.text.Bytes()
}

// AssignmentColumns are the header row of an export of assignments.
var AssignmentColumns = []string{"assignmentId", "personId", "personName", "userPrincipalName", "accessPackageId", "accessPackageName", "policyId", "policyName",
	"state", "status", "startDateTime", "endDateTime", "expiredDateTime", "requestedById", "requestedByName"}

// AssignmentJoins are what AssignmentRow shows of an assignment.
var AssignmentJoins = views.With{views.JoinTarget: nil, views.JoinPackage: nil, views.JoinPolicy: nil, views.JoinRequest: nil}

// AssignmentRow is one assignment. What it names and is not there any more is an empty name.
func AssignmentRow(a *views.Assignment, now time.Time) []string {
	var person entitlement.User
	if a.Subject != nil {
		person = *a.Subject
	}
	var pkg, policy string
	if a.Package != nil {
		pkg = a.Package.DisplayName
	}
	if a.Policy != nil {
		policy = a.Policy.DisplayName
	}
	var by entitlement.UserID
	var byName string
	if a.Request != nil {
		by = a.Request.AssignmentRequest.Requestor
		if a.Request.CreatedBy != nil {
			byName = a.Request.CreatedBy.DisplayName
		}
	}

	return []string{string(a.ID), string(a.Assignment.Subject), person.DisplayName, person.UserPrincipalName, string(a.Assignment.Package), pkg, string(a.Assignment.Policy), policy,
		string(a.State), a.Status(now), Moment(a.Start), Moment(a.End), Moment(a.Ended), string(by), byName}
}

// Moment is an instant in a cell; empty where there is none.
func Moment(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Truncate(time.Second).Format(time.RFC3339)
}

// Cell makes of a text one that a spreadsheet shows and does not run as a formula (A10). What
// looks like such a sign in its wide form is taken for it by some.
func Cell(text string) string {
	if strings.HasPrefix(text, "\t") || strings.HasPrefix(text, "\r") || strings.HasPrefix(text, "\n") {
		return "'" + text
	}
	if first := strings.TrimSpace(text); first != "" && strings.ContainsAny(string([]rune(first)[:1]), "=+-@＝＋－＠") {
		return "'" + text
	}
	return text
}
