package graph

import (
	"context"
	"encoding/json"
	"fmt"
	"runtime"
	"runtime/debug"
	"strings"
	"testing"
	"time"

	"leasehold/pkg/dynamo/dynamotest"
	"leasehold/pkg/entitlement"
	"leasehold/pkg/exports"
	"leasehold/pkg/names"
	stored "leasehold/pkg/objects"
)

// worker carries on what it was told of.
func (w *fixture) worker() {
	w.Helper()
	for len(w.exports.told) > 0 {
		told := w.exports.told[0]
		w.exports.told = w.exports.told[1:]
		if err := w.exporter.Run(dynamotest.As(w.Context(), names.Fanout), told.Caller, told.ID); err != nil {
			w.Fatal(err)
		}
	}
}

func (w *fixture) fileAt(link string) string {
	w.Helper()
	text, err := w.files.Get(w.Context(), strings.TrimPrefix(link, "/"))
	if err != nil {
		w.Fatal(err)
	}
	return string(text)
}

func TestALongExportIsAFileOfItsOwn(t *testing.T) {
	w := newFixture(t)
	w.offer(open())
	held := w.ask("member")

	asked := w.call("admin", "POST", filtered(exportsPath, "accessPackage/id eq '"+w.ids["package"]+"'"), nil).want(202)
	at := exportsPath + "/" + asked.get("id")
	if asked.get("status") != "notStarted" || asked.body["downloadUrl"] != nil || asked.header.Get("Location") != publicURL+at {
		t.Errorf("asked: %s, at %s", asked.text, asked.header.Get("Location"))
	}

	w.worker()
	done := w.call("admin", "GET", at, nil).want(200)
	if done.get("status") != "succeeded" || done.body["rows"] != 1.0 {
		t.Errorf("done: %s", done.text)
	}
	small := w.call("admin", "GET", filtered(exportPath, "accessPackage/id eq '"+w.ids["package"]+"'"), nil).want(200).text
	if got := w.fileAt(done.get("downloadUrl")); got != small || !strings.Contains(got, held) {
		t.Errorf("the file is %q, want what the small export is: %q", got, small)
	}

	// Nobody sees another's, whatever they may see themselves.
	w.call("robot", "GET", at, nil).want(404)
	w.call("member", "POST", exportsPath, nil).want(403)
	for _, option := range []string{"$top=1", "$select=id", "$expand=target", "$orderby=id", "$count=true", "$filter=nonsense%20eq%201"} {
		w.call("admin", "POST", exportsPath+"?"+option, nil).want(400)
	}
	w.call("admin", "POST", exportsPath, object{"filter": "state eq 'expired'"}).want(400)
	w.call("admin", "GET", at+"?$expand=target", nil).want(400)
}

func TestS12_AnExportThatIsAskedForAgainIsOne(t *testing.T) {
	w := newFixture(t)
	ask := func(header map[string][]string) string {
		return w.send("admin", "POST", filtered(exportsPath, "state eq 'expired'"), nil, header).want(202).get("id")
	}
	key, name := map[string][]string{"Idempotency-Key": {"one"}, "Client-Request-Id": {"x"}}, map[string][]string{"Client-Request-Id": {"two"}}
	one, two := ask(key), ask(name)
	key["Client-Request-Id"] = []string{"y"}
	third, fourth := ask(nil), ask(nil)
	if ask(key) != one || ask(name) != two || one == two || third == fourth {
		t.Error("a repeat is another export, or another export the same")
	}
	w.worker()
	if got := w.call("admin", "GET", exportsPath+"/"+one, nil).want(200); got.get("status") != "succeeded" {
		t.Errorf("told of twice: %s", got.text)
	}
	w.exports.told = nil
	if ask(key) != one || len(w.exports.told) != 0 {
		t.Error("the worker was told of what is done")
	}
}

func TestA11_WhoeverMayNotSeeItAnyMoreGetsNoMoreOfAnExport(t *testing.T) {
	for name, change := range map[string]func(*fixture){
		"disabled": func(w *fixture) {
			w.call("admin", "PATCH", "/v1.0/users/"+w.ids["other"], object{"accountEnabled": false}).want(204)
		},
		"no administrator any more": func(w *fixture) {
			w.call("admin", "DELETE", "/v1.0/groups/"+string(entitlement.AdministratorsGroup)+"/members/"+w.ids["other"]+"/$ref", nil).want(204)
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newFixture(t)
			w.call("admin", "POST", "/v1.0/groups/"+string(entitlement.AdministratorsGroup)+"/members/$ref", object{"@odata.id": "/v1.0/directoryObjects/" + w.ids["other"]}).want(204)
			asked := w.call("other", "POST", exportsPath, nil).want(202).get("id")
			change(w)
			w.worker()
			x, err := w.exporter.Find(t.Context(), entitlement.UserID(w.ids["other"]), asked)
			if err != nil || x.Status != exports.Failed || x.Why == "" {
				t.Errorf("%+v, %v", x, err)
			}
			if _, err := w.files.Get(t.Context(), names.FilesBelow+w.ids["other"]+"/"+asked+".csv"); err == nil {
				t.Error("there is a file")
			}
		})
	}
}

// An export of a hundred thousand rows is written in parts, and no more of it is in memory.
func TestY19_AnExportOfAHundredThousandRowsTakesLittleMemory(t *testing.T) {
	const rows, most = 100_000, 32 << 20
	w := newFixture(t)
	w.offer(open())
	held := w.ask("member")
	request, err := w.store.Request(t.Context(), entitlement.RequestID(held))
	if err != nil {
		t.Fatal(err)
	}
	slots, err := w.store.Holders(t.Context(), request.Package, entitlement.Page{})
	if err != nil || len(slots.Items) != 1 {
		t.Fatalf("%v, %v", slots, err)
	}
	dynamotest.Fill(t, w.store, rows-1, func(i int, c *entitlement.Change) {
		a := *slots.Items[0].Assignment
		a.ID, a.Subject = entitlement.AssignmentID(dynamotest.OldID(4, i)), entitlement.UserID(dynamotest.OldID(5, i))
		c.Slots = append(c.Slots, entitlement.AssignmentSlot{Package: a.Package, Subject: a.Subject, Assignment: &a})
	})

	// In place of the fixture's, which keeps what it is given.
	measured := &heap{Memory: &stored.Memory{Forget: true}, least: settled()}
	w.exporter.Bucket = measured
	defer debug.SetGCPercent(debug.SetGCPercent(10)) // what is alive is measured, and not what waits for the collector
	x, err := w.exporter.Ask(t.Context(), exports.Export{Caller: entitlement.UserID(w.ids["admin"]), Scopes: 255})
	if err != nil {
		t.Fatal(err)
	}
	w.worker()

	x, err = w.exporter.Find(t.Context(), x.Caller, x.ID)
	if err != nil || x.Status != exports.Succeeded || x.Rows != rows {
		t.Fatalf("%s with %d rows: %s, %v", x.Status, x.Rows, x.Why, err)
	}
	if len(x.Parts) < 3 {
		t.Errorf("it has %d parts, and so says little", len(x.Parts))
	}
	t.Logf("%d rows in %d parts, %.1f MiB of heap at most", x.Rows, len(x.Parts), float64(measured.most)/(1<<20))
	if measured.most > most {
		t.Errorf("it takes %d bytes of heap, want at most %d", measured.most, most)
	}
}

// heap is a bucket that measures what is alive when a part is there to be written, with the part.
type heap struct {
	*stored.Memory
	least, most uint64
}

func (h *heap) Part(ctx context.Context, key, upload string, number int, content []byte) (string, error) {
	if now := settled(); now > h.least {
		h.most = max(h.most, now-h.least)
	}
	return h.Memory.Part(ctx, key, upload, number, content)
}

func settled() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// A worker that has no time left hands over, one that fails is told again, and each goes on
// where the last one was.
func TestAnExportGoesOnWhereItWas(t *testing.T) {
	ctx, cancel := context.WithDeadline(t.Context(), time.Now().Add(time.Second))
	defer cancel()
	writer := &fourParts{fails: map[string]error{"2": entitlement.Errorf(entitlement.Unavailable, "The table does not answer.")}}
	queue, bucket := &exportQueue{}, &stored.Memory{}
	w := newFixture(t)
	s := &exports.Service{Bucket: bucket, Queue: queue, Writer: writer, Clock: w.clock, IDs: w.clock}
	x, err := s.Ask(ctx, exports.Export{Caller: "00000000-0000-4000-8000-000000000001"})
	if err != nil {
		t.Fatal(err)
	}
	for run := 1; run <= 5; run++ { // a part each, since there is less than a second
		err := s.Run(ctx, x.Caller, x.ID)
		if failed := run == 3; (err != nil) != failed {
			t.Errorf("run %d: %v", run, err)
		}
		if run == 3 {
			writer.fails = nil
		}
	}
	got, err := bucket.Get(ctx, names.FilesBelow+string(x.Caller)+"/"+x.ID+".csv")
	if err != nil || string(got) != "rows 0,rows 1,rows 2,rows 3," {
		t.Errorf("the file is %q, %v", got, err)
	}
	if len(queue.told) != 1+3 {
		t.Errorf("it was told of %d times", len(queue.told))
	}

	// Told again it does nothing; and where nobody noted that it was done, it begins anew.
	text, err := bucket.Get(ctx, names.FilesBelow+string(x.Caller)+"/"+x.ID+".json")
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Run(ctx, x.Caller, x.ID); err != nil {
		t.Fatal(err)
	}
	var lost exports.Export
	if err := json.Unmarshal(text, &lost); err != nil {
		t.Fatal(err)
	}
	lost.Status, lost.At, lost.Parts = exports.Running, "3", lost.Parts[:3]
	if text, err = json.Marshal(lost); err != nil {
		t.Fatal(err)
	}
	if err := bucket.Put(ctx, names.FilesBelow+string(x.Caller)+"/"+x.ID+".json", text, false); err != nil {
		t.Fatal(err)
	}
	for range 5 {
		if err := s.Run(ctx, x.Caller, x.ID); err != nil {
			t.Fatal(err)
		}
	}
	if x, err = s.Find(ctx, x.Caller, x.ID); err != nil || x.Status != exports.Succeeded || x.Rows != 4 {
		t.Errorf("%+v, %v", x, err)
	}
}

// fourParts writes four parts of a row.
type fourParts struct{ fails map[string]error }

func (p *fourParts) Piece(_ context.Context, _ exports.Export, from string, _ int) (exports.Piece, error) {
	if err := p.fails[from]; err != nil {
		return exports.Piece{}, err
	}
	n := 0
	fmt.Sscan(from, &n)
	next := ""
	if n < 3 {
		next = fmt.Sprint(n + 1)
	}
	return exports.Piece{Text: []byte(fmt.Sprintf("rows %d,", n)), Rows: 1, Next: next}, nil
}
