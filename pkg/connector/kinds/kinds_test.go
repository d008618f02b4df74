package kinds

import "testing"

func TestASiteIsNamedByItsAddressAndItsRoleByANumber(t *testing.T) {
	const site = "https://contoso.sharepoint.com/sites/sales"
	for _, c := range []struct {
		site, role string
		ok         bool
	}{
		{site, "", true}, {site, "4", true}, {"https://contoso.sharepoint.com", "12", true},
		{"", "", false}, {"contoso", "", false}, {"http://contoso.sharepoint.com", "", false}, {"https:///sites/sales", "", false},
		{"https://ann@contoso.sharepoint.com", "", false}, {site + "?a=b", "", false}, {site + "#top", "", false}, {site + "?", "", false},
		{site, "Owner", false}, {site, "0", false}, {site, "-4", false}, {site, "04", false}, {site, "4.0", false}, {site, "99999999999", false},
	} {
		if err := validSite(c.site, c.role); (err == nil) != c.ok {
			t.Errorf("site %q, role %q: %v", c.site, c.role, err)
		}
	}
}
