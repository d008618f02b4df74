package names

import "strings"

// FindRoute returns the route by which the gateway serves a call, path being the one
// below the stage as it was sent. The gateway chooses the resource first: segment by
// segment a plain one goes before a variable, and that before {proxy+}, which is greedy.
// Only then it looks for the method, so that a resource without it serves the call to
// nobody.
func FindRoute(method, path string) (Route, bool) {
	resource, best := "", ""
	for _, route := range Routes {
		if rank, fits := fit(route.Path, path); fits && (best == "" || rank < best) {
			resource, best = route.Path, rank
		}
	}

	var found Route
	for _, route := range Routes {
		if route.Path != resource {
			continue
		}
		if route.Method == method {
			return route, true
		}
		if route.Method == AnyMethod {
			found = route
		}
	}

	return found, found != Route{}
}

// fit ranks how a path fits a route's; what sorts first is more specific.
func fit(route, path string) (rank string, fits bool) {
	have := strings.Split(path, "/")
	want := strings.Split(route, "/")

	for i, segment := range want {
		// Letters sort as the gateway ranks: a plain segment, a variable, the greedy rest.
		switch {
		case segment == "{proxy+}":
			return rank + "c", i < len(have) && have[i] != ""
		case i >= len(have):
			return "", false
		case strings.HasPrefix(segment, "{"):
			rank += "b"
		case segment == have[i]:
			rank += "a"
		default:
			return "", false
		}
	}

	return rank, len(have) == len(want)
}
