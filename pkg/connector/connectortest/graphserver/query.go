package graphserver

import (
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// maxClauses is how many comparisons one filter may hold.
const maxClauses = 15

// clause is one comparison of a filter; the clauses are joined by or.
type clause struct {
	attribute string
	values    []string
	starts    bool
}

var clauses = []*regexp.Regexp{
	regexp.MustCompile(`^(\w+) eq '((?:[^']|'')*)'$`),
	regexp.MustCompile(`^(\w+) eq ([0-9a-f-]{36})$`),
	regexp.MustCompile(`^(otherMails|proxyAddresses)/any\(\w+:\w+ eq '((?:[^']|'')*)'\)$`),
	regexp.MustCompile(`^startswith\((\w+),'((?:[^']|'')*)'\)$`),
	regexp.MustCompile(`^(\w+) in \((.*)\)$`),
}

// parse reads a filter, or says that it is none.
func parse(filter string) (all []clause, ok bool) {
	n := 0
	for part := range strings.SplitSeq(filter, " or ") {
		var found clause
		for i, form := range clauses {
			m := form.FindStringSubmatch(part)
			if m == nil {
				continue
			}
			found = clause{attribute: m[1], values: []string{plain(m[2])}, starts: i == 3}
			if i == 4 {
				found.values = nil
				for v := range strings.SplitSeq(m[2], ",") {
					v = strings.TrimSpace(v)
					if len(v) < 2 || v[0] != '\'' || v[len(v)-1] != '\'' {
						return nil, false
					}
					found.values = append(found.values, plain(v[1:len(v)-1]))
				}
			}
			break
		}
		if found.attribute == "" {
			return nil, false
		}
		n += len(found.values)
		all = append(all, found)
	}
	return all, n <= maxClauses
}

func plain(quoted string) string { return strings.ReplaceAll(quoted, "''", "'") }

// match reports that something has one of the values, without regard to case.
func match(all []clause, of func(attribute string) []string) bool {
	return slices.ContainsFunc(all, func(c clause) bool {
		return slices.ContainsFunc(of(c.attribute), func(have string) bool {
			return slices.ContainsFunc(c.values, func(v string) bool {
				return strings.EqualFold(have, v) || c.starts && strings.HasPrefix(strings.ToLower(have), strings.ToLower(v))
			})
		})
	})
}

// advanced reports that a request asks for an advanced query.
func (c *call) advanced() bool {
	return c.Header.Get("ConsistencyLevel") == "eventual"
}

// page answers with a piece of a list, and where the next one is.
func (s *Server) page(c *call, most int, all []any) answer {
	query := c.URL.Query()
	top := 100
	if query.Has("$top") {
		n, err := strconv.Atoi(query.Get("$top"))
		if err != nil || n < 1 || n > most {
			return s.bad("Invalid page size specified: '" + query.Get("$top") + "'. Must be between 1 and " + strconv.Itoa(most) + " inclusive.")
		}
		top = n
	}
	if s.PageSize > 0 && !(s.FirstPage && query.Has("$filter")) {
		top = min(top, s.PageSize)
	}

	from := 0
	if token := query.Get("$skiptoken"); token != "" {
		n, err := strconv.Atoi(strings.TrimPrefix(token, "m~"))
		if err != nil || n < 0 {
			return s.bad("Invalid page token.")
		}
		from = min(n, len(all))
	}

	to := min(from+top, len(all))
	some := all[from:to]
	if some == nil {
		some = []any{}
	}
	body := map[string]any{"@odata.context": c.base + "/$metadata#directoryObjects", "value": some}
	if query.Get("$count") == "true" && c.advanced() {
		body["@odata.count"] = len(all)
	}
	// What is found by a filter is shown whole: the reports are about plain lists.
	filtered := query.Has("$filter")
	if to < len(all) && (!s.FirstPage || filtered) {
		next := url.Values{}
		for name, values := range query {
			if name != "$skiptoken" {
				next[name] = values
			}
		}
		next.Set("$skiptoken", "m~"+strconv.Itoa(to))
		body["@odata.nextLink"] = c.base + strings.TrimPrefix(c.URL.Path, "/v1.0") + "?" + next.Encode()
	}
	return answer{status: http.StatusOK, body: body}
}

// selected leaves the attributes that a request selects; without a choice all of them.
func (c *call) selected(entity map[string]any) map[string]any {
	chosen := c.URL.Query().Get("$select")
	if chosen == "" {
		return entity
	}
	left := map[string]any{}
	// What an object is of is said beside what was asked for.
	if kind, has := entity["@odata.type"]; has {
		left["@odata.type"] = kind
	}
	for name := range strings.SplitSeq(chosen, ",") {
		if v, has := entity[name]; has {
			left[name] = v
		}
	}
	return left
}
