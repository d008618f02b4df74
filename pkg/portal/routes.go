package portal

import "leasehold/pkg/authz"

// Route is a page or a form, for those who go through all of them: what stands below
// names.PortalPath, and the action without which nobody is let in.
type Route struct {
	Method, Pattern string
	Action          authz.Action
}

// Routes are all pages and forms behind the sign-in.
func Routes() (all []Route) {
	for _, r := range routes {
		all = append(all, Route{r.method, r.pattern, r.action})
	}
	return all
}
