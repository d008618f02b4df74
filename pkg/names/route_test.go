package names

import "testing"

func TestFindRoute(t *testing.T) {
	tests := map[string]struct{ method, path, want string }{
		"the rest":                         {"GET", "/v1.0/users/x", Catalogs},
		"ours":                             {"GET", Ours + "/connectors", Catalogs},
		"the list of packages":             {"GET", Entitlement + "/accessPackages", Catalogs},
		"one package, read":                {"GET", Entitlement + "/accessPackages/x", Requests},
		"one package, changed":             {"PATCH", Entitlement + "/accessPackages/x", Catalogs},
		"below a package":                  {"GET", Entitlement + "/accessPackages/x/resourceRoleScopes", Catalogs},
		"requirements":                     {"POST", Entitlement + "/accessPackages/x/getApplicablePolicyRequirements", Requests},
		"all requests":                     {"GET", Entitlement + "/assignmentRequests", Requests},
		"below a request":                  {"POST", Entitlement + "/assignmentRequests/x/cancel", Requests},
		"what only begins like them":       {"GET", Entitlement + "/assignmentsAndMore", Catalogs},
		"with a slash at the end":          {"GET", Entitlement + "/catalogs/", Catalogs},
		"health":                           {"GET", HealthPath, Requests},
		"health, a method it has not":      {"POST", HealthPath, ""},
		"the version alone":                {"GET", APIVersion, ""},
		"the version and a slash":          {"GET", APIVersion + "/", ""},
		"elsewhere":                        {"GET", "/other", ""},
		"elsewhere, beginning like it":     {"GET", "/v1.0.1/users", ""},
		"a person whose id is like a word": {"GET", "/v1.0/users/assignmentRequests", Catalogs},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			route, ok := FindRoute(tt.method, tt.path)
			if route.Function != tt.want || ok != (tt.want != "") {
				t.Errorf("%s %s goes to %q, want %q", tt.method, tt.path, route.Function, tt.want)
			}
		})
	}
}

func TestEveryRouteLeadsToItself(t *testing.T) {
	for _, route := range Routes {
		method := route.Method
		if method == AnyMethod {
			method = "PUT"
		}
		if got, ok := FindRoute(method, route.Path); !ok || got != route {
			t.Errorf("%s %s leads to %+v", method, route.Path, got)
		}
	}
}
