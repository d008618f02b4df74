package entitlement

// Page asks for a piece of a list. Token is a Paged.Next of the same list, or empty.
type Page struct {
	Limit int
	Token string
	// Thorough asks for pieces as large as they may be, whatever they cost: somebody reads on
	// to the end of the list, or to what a filter lets through.
	Thorough bool
	// Beside reads a list that is made of two from both at once, for whoever reads on anyway: the
	// first page may be as long as one of each.
	Beside bool
	Named  Named // for lists in the order of names; all others take no notice
}

// Named says what those are called that a page is asked for: it may leave out all others,
// and need not. The empty one asks for all.
type Named struct {
	Begins string // with which their names begin, in any case
	Whole  bool   // it is all of their name
}

// PageSize is the size of a page where the caller names none, and the largest one.
const PageSize = 100

// Size returns the limit within 1 and PageSize.
func (p Page) Size() int {
	if p.Limit < 1 || p.Limit > PageSize {
		return PageSize
	}
	return p.Limit
}

// Paged is a piece of a list. Next is empty at its end; a page may be shorter than
// asked, or empty, and still have a next.
type Paged[T any] struct {
	Items []T
	Next  string
	// Sure says of a Next that is not empty that more does follow. Where it is false, nothing
	// may.
	Sure bool
	// Spent says that the piece has cost what one call should: a page with something on it is
	// answered as it is.
	Spent bool
	// Unread is how many items of the page could not be read and were left out. What is
	// decided on all that there is must not be decided without them.
	Unread int
}
