package sharepoint_test

import (
	"fmt"
	"strings"
	"testing"

	"leasehold/pkg/connector"
	"leasehold/pkg/connector/connectortest"
	"leasehold/pkg/connector/connectortest/sharepointserver"
	"leasehold/pkg/entitlement"
)

func TestTheMembersOfASiteGroupAreListed(t *testing.T) {
	for _, character := range []string{"as documented", "small pages", "no filters on members", "verbose errors"} {
		t.Run(character, func(t *testing.T) {
			connectortest.RunHolders(t, func(t *testing.T) connectortest.Harness { return harness(t, sharepointserver.Named(character)) })
		})
	}
}

// crowd puts people into a group as an owner of the site would. A group of the directory is put there
// by its own login name.
func crowd(s *sharepointserver.Server, group int, character sharepointserver.Character, proxy *connectortest.Proxy) *connectortest.Crowd {
	n := 0
	return &connectortest.Crowd{
		Many: 5 * character.PageSize,
		Put: func(many int) (all []connector.PrincipalRef) {
			for range many {
				n++
				who := strings.ToLower(s.AddUser(sharepointserver.User{UPN: fmt.Sprintf("One%d@contoso.com", n)}))
				s.Put(sales, group, who, true)
				all = append(all, connector.PrincipalRef(who))
			}
			return all
		},
		Take: func(p connector.PrincipalRef) { s.Put(sales, group, string(p), false) },
		Nest: func() {
			s.Put(sales, group, "c:0t.c|tenant|11111111-1111-4111-8111-111111111111", true)
			s.Put(sales, group, "c:0(.s|true", true)
		},
		Expire: proxy.Refuse(400, "SPRequestGuid", "11111111-1111-4111-8111-111111111111", `{"odata.error":{"code":"-1, Microsoft.SharePoint.Client.InvalidClientQueryException","message":{"lang":"en-US","value":"The query string $skiptoken is invalid."}}}`),
	}
}

// Who is there cannot be listed of a group that shows its members to nobody; people can be asked about.
func TestAGroupThatHidesItsMembersIsNotListed(t *testing.T) {
	h := harness(t, sharepointserver.Named("hides members"))
	if page, err := h.Connector.(connector.Lister).Holders(t.Context(), h.Role, ""); entitlement.KindOf(err) != entitlement.Unsupported {
		t.Errorf("got %+v, %v", page, err)
	}
}

// A server that shows the first page again and again is not read for ever.
func TestAListThatDoesNotGoOnIsNoList(t *testing.T) {
	h := harness(t, sharepointserver.Character{Name: "small pages, and always the first", PageSize: 2, IgnoresSkip: true})
	h.Crowd.Put(6)
	cursor := ""
	for range 3 {
		page, err := h.Connector.(connector.Lister).Holders(t.Context(), h.Role, cursor)
		if err != nil {
			if connector.RefusalOf(err).Reason != connector.NotUnderstood {
				t.Errorf("got %v", err)
			}
			return
		}
		cursor = page.Next
	}
	t.Error("the first page was taken for three")
}
