package graph

import "testing"

const noCatalog = "00000000-0000-4000-8000-00000000ffff"

// Microsoft's SDK for Python 1.65 writes depends_on in every request of a batch, where the
// documentation has dependsOn. Both are an order to be kept, never a reason to refuse.
func TestABatchTakesDependsOnAsEachOfficialClientSpellsIt(t *testing.T) {
	w := newFixture(t)
	for _, spelling := range []string{"dependsOn", "depends_on"} {
		refused := object{"id": "refused", "method": "GET", "url": emBelow + "/catalogs/" + noCatalog, spelling: []string{}}
		awaits := object{"id": "awaits", "method": "GET", "url": "/me", spelling: []string{"refused"}}
		got := w.batch("admin", awaits, refused)
		if status(got["refused"]) != 404 || status(got["awaits"]) != 424 {
			t.Errorf("%s: %v", spelling, got)
		}
	}

	// A call that waits for two may name one of them in each spelling.
	both := getting("both", "/me", "first")
	both["depends_on"] = []string{"refused"}
	got := w.batch("admin", getting("first", "/me"), getting("refused", emBelow+"/catalogs/"+noCatalog), both)
	if status(got["both"]) != 424 {
		t.Errorf("both: %v", got)
	}
}
