package portal

import (
	"context"
	"errors"
	"mime"
	"net/http"
	"slices"
	"strconv"

	"leasehold/pkg/authz"
	"leasehold/pkg/entitlement"
	"leasehold/pkg/views"
)

// assignmentRoutes are the pages of those who assign packages, and those of who has what.
var assignmentRoutes = []route{
	{http.MethodGet, "/manage/packages/{id}/people", authz.ListAssignments, packagePeople},
	{http.MethodGet, "/manage/packages/{id}/people/export", authz.ListAssignments, exportPeople},
	{http.MethodPost, "/manage/packages/{id}/people/end", authz.RemoveDirectly, endPeople},
	{http.MethodGet, "/manage/packages/{id}/people/{assignment}", authz.ReadAssignment, showHolder},
	{http.MethodPost, "/manage/packages/{id}/people/{assignment}/reprocess", authz.Reprocess, reprocessHolder},
	{http.MethodGet, "/manage/packages/{id}/assign", authz.AssignDirectly, assignForm},
	{http.MethodPost, "/manage/packages/{id}/assign", authz.AssignDirectly, checkAssign},
	{http.MethodPost, "/manage/packages/{id}/assign/confirmed", authz.AssignDirectly, assign},
	{http.MethodGet, "/manage/packages/{id}/requests", authz.ListRequests, packageRequests},
	{http.MethodGet, "/manage/packages/{id}/requests/{request}", authz.ReadRequest, showPackageRequest},
	{http.MethodPost, "/manage/packages/{id}/requests/{request}/cancel", authz.CancelRequest, cancelPackageRequest},
	{http.MethodPost, "/manage/packages/{id}/requests/{request}/reprocess", authz.Reprocess, reprocessPackageRequest},
	{http.MethodGet, "/people", authz.ReadUser, findPeople},
	{http.MethodGet, "/people/{id}", authz.ReadUser, showPerson},
}

// managed is a package as those see it who assign it.
type managed struct {
	entitlement.AccessPackage
	At      string // which of its pages this is
	Persons bool   // the visitor may read the pages of people
	Assigns bool   // and may assign packages somewhere
}

// path is the address of one of the package's pages.
func (m managed) path(below string) string {
	return "/manage/packages/" + string(m.ID) + below
}

// managedPackage reads the package of the page's path. Whoever may do more with it than know
// of it, the use case of each page asks.
func (v *visit) managedPackage(ctx context.Context, at string) (managed, error) {
	id, err := pathID[entitlement.PackageID](v)
	if err != nil {
		return managed{}, err
	}

	// What the page leads to. What is behind a link, its own use case says. Whoever comes by a role in
	// the package's catalog is asked for it by each of them.
	shown, opens := managed{At: at}, v.Views.Opens(ctx, v.by.Caller)
	err = views.Together(
		func() (err error) { shown.AccessPackage, err = v.Requests.Package(ctx, v.by.Caller, id); return err },
		func() (err error) {
			if shown.Persons, err = opens(authz.ReadUser); err == nil {
				shown.Assigns, err = opens(authz.AssignDirectly)
			}
			return err
		},
		func() error { v.Views.RolesAhead(ctx, v.by.Caller, authz.ListAssignments, id); return nil })
	if err != nil {
		return managed{}, err
	}
	return shown, nil
}

// partID is the id of something that belongs to what the page's path begins with.
func partID[T ~string](v *visit, name string) (T, error) {
	id, err := entitlement.ParseID[T]("The id in the address", v.request.PathValue(name))
	if err != nil {
		return "", entitlement.Errorf(entitlement.NotFound, "There is no such page.")
	}
	return id, nil
}

// maxTold bounds how far a list is gone through to count what is in it, and how far it is
// searched for rows that a filter lets through.
const maxTold = 1000

// filter is one choice among the rows of a list.
type filter[T any] struct {
	Key  string // in the address; "" is all
	Name string // a text of the catalog
	Fits func(T) bool
}

// told is a page of a list with what its filters would show.
type told[T any] struct {
	Rows   []T
	Chosen string
	Counts []count
	Next   string
	Unread int // rows that could not be read
}

// count is one filter with how many rows it has.
type count struct {
	Key, Name string
	N         int  // of those that were counted
	More      bool // at least as many
	Counted   bool
}

// Text is the name with the number, and a sign that there may be more.
func (c count) Text() string {
	switch {
	case !c.Counted:
		return c.Name
	case c.More:
		return c.Name + " (" + strconv.Itoa(c.N) + "+)"
	default:
		return c.Name + " (" + strconv.Itoa(c.N) + ")"
	}
}

// tell reads one page of a list through the filter that the address chooses. On the first page
// it goes on, to count what all filters have.
func tell[T any](ctx context.Context, v *visit, filters []filter[T], read func(context.Context, entitlement.Page) (entitlement.Paged[T], error)) (told[T], error) {
	query := v.request.URL.Query()
	shown := told[T]{}
	at := slices.IndexFunc(filters, func(f filter[T]) bool { return f.Key == query.Get("state") })
	if at < 0 {
		return shown, entitlement.Errorf(entitlement.Invalid, "There is no such state to filter by. Choose one of those shown.")
	}
	shown.Chosen = filters[at].Key
	token, err := v.unseal(ctx, query.Get("page"))
	if err != nil {
		return shown, err
	}

	counting, counts, gone := token == "", make([]int, len(filters)), 0
	next, filled, limit := "", false, onPage
	for {
		list, err := read(ctx, entitlement.Page{Limit: limit, Token: token, Beside: counting})
		if err != nil {
			return shown, err
		}
		fits := slices.DeleteFunc(slices.Clone(list.Items), func(item T) bool { return !filters[at].Fits(item) })

		// A large piece is for where few rows fit: of one that has many, less is read again.
		if !filled && limit > onPage && len(shown.Rows)+len(fits) > 2*onPage {
			limit = onPage
			continue
		}

		for _, item := range list.Items {
			for i, f := range filters {
				if f.Fits(item) {
					counts[i]++
				}
			}
		}
		gone += limit
		if !filled {
			shown.Rows, shown.Unread = append(shown.Rows, fits...), shown.Unread+list.Unread
			next, filled = list.Next, len(shown.Rows) >= onPage
		}
		if token = list.Next; token == "" || gone >= maxTold || filled && !counting {
			break
		}
		limit = entitlement.PageSize
	}

	for i, f := range filters {
		shown.Counts = append(shown.Counts, count{Key: f.Key, Name: f.Name, N: counts[i], More: token != "", Counted: counting})
	}
	shown.Next, err = v.next(ctx, next)
	return shown, err
}

// file is a file to be kept, in place of a page.
type file struct {
	name, media string
	body        []byte
}

func (f *file) write(w http.ResponseWriter) {
	w.Header().Set("Content-Type", f.media)
	w.Header().Set("Content-Disposition", `attachment; filename="`+f.name+`"`)
	w.Write(f.body) // a browser that is gone is no news
}

// parseForm reads a form, also one that sends a file with it. The body is bounded already, so
// that all of it stays in memory.
func parseForm(r *http.Request, most int64) error {
	media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err == nil && media == "multipart/form-data" {
		err = r.ParseMultipartForm(most)
	} else {
		err = r.ParseForm()
	}

	if _, large := errors.AsType[*http.MaxBytesError](err); large {
		return entitlement.Errorf(entitlement.Invalid, "A form holds at most %d KB. Go back, and divide what you sent.", most>>10)
	}
	if err != nil {
		return entitlement.Errorf(entitlement.Invalid, "The form could not be read. Open the page again.")
	}
	return nil
}

// doneCount is how many things the page before did, as the address says it: it only words a
// message.
func (v *visit) doneCount(name string) int {
	query := v.request.URL.Query()
	n, err := strconv.Atoi(query.Get(name))
	if err != nil || query.Has("page") || n < 0 || n > maxTold {
		return 0
	}
	return n
}

// holderView is one assignment of a package with its person.
type holderView = views.Assignment

// joined adds to assignments what a page shows beside them. Of none there is nothing to ask for:
// what rights it takes depends on the catalogs that they are in.
func (v *visit) joined(ctx context.Context, all []*holderView, wanted views.With) error {
	if len(all) == 0 {
		return nil
	}
	return v.Views.Assignments(ctx, v.by.Caller, all, wanted)
}
