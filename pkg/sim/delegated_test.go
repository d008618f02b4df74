package sim

import (
	"testing"

	"leasehold/pkg/entitlement"
)

// Who owns one catalog does nothing in the other one, neither to a package nor to what was
// assigned of it; once the package has moved to the catalog, its owner does, and whoever owned
// the one that it was in does not any more.
func TestS19_AnOwnerKeepsWhatIsInTheCatalogNow(t *testing.T) {
	p := smallSimulation()
	p.Delegated = true
	p.Packages[plainPack].Roles = []int{2} // the second catalog offers it too
	p.Roles = []Role{{Role: 0, Holder: 1, Elsewhere: true}}
	tellIn(t, p, func(w *simulation) {
		var refused bool
		w.listen = func(err error) {
			refused = entitlement.KindOf(err) == entitlement.Forbidden || entitlement.KindOf(err) == entitlement.NotFound && err != nil
		}
		as := func(k Kind, b, c int, may bool) {
			w.act(Command{Kind: k, A: plainPack, B: b, C: c, By: 1})
			w.all()
			w.want(refused != may, "%s by its owner elsewhere: refused %v", k, refused)
		}

		w.assigns(2, plainPack)
		w.delivers()
		as(Rename, 5, 1, false)
		as(ReprocessAssignment, 0, 0, false)
		as(GiveRole, 0, 0, false)

		w.act(Command{Kind: MovePackage, A: plainPack, B: 1})
		w.all()
		w.want(w.oracle.within[w.population.packages[plainPack]] == w.catalogAt(1), "the package has not moved")
		as(Rename, 7, 1, true)
		as(ReprocessAssignment, 0, 0, true)
		as(RemoveByAdmin, 0, 0, true)
		w.delivers()
	})
}

// Who may offer resources by a role offers a group that they own, and neither one that they do
// not own nor one that holds roles.
func TestS17_AnOwnerOffersWhatTheyManageAlone(t *testing.T) {
	p := smallSimulation()
	p.Delegated = true
	p.Roles = []Role{{Role: 0, Holder: 0}}
	tellIn(t, p, func(w *simulation) {
		var refused bool
		w.listen = func(err error) { refused = entitlement.KindOf(err) == entitlement.Forbidden }
		as := func(k Kind, a, b int, may bool) {
			w.act(Command{Kind: k, A: a, B: b, C: 3, By: 1})
			w.all()
			w.want(refused != may, "%s of group %d: refused %v", k, a, refused)
		}

		as(Offer, 1, 0, false) // it is nobody's
		as(Withdraw, 0, 0, true)
		as(Offer, 0, 0, true)
		w.act(Command{Kind: GiveRole, A: 4, B: 1, C: 2}) // to the group
		w.all()
		as(Withdraw, 0, 0, false)
	})
}
