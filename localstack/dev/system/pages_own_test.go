package system

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"leasehold/localstack/components"
	"leasehold/localstack/visitor"
	"leasehold/pkg/clock"
	"leasehold/pkg/entitlement"
	"leasehold/pkg/names"
)

// Somebody sets language and time zone once, for every browser; times are then shown in that
// zone, with UTC beside them for machines, and days that are typed are days there.
func TestStory_PeopleSetTheirLanguageAndTimeZone(t *testing.T) {
	c := clock.NewVirtual(time.Date(2030, 10, 24, 21, 30, 0, 0, time.UTC))
	o := open(t, Options{clock: c})
	member := o.signIn(components.Member)
	member.follow("My settings")
	member.has(200, "As the browser asks for", "It is now 24 Oct 2030, 21:30 UTC")

	for _, wrong := range []map[string]string{{"zone": "Europe/Nowhere"}, {"zone": "Local"}, {"language": "fr"}, {"zone": "<script>alert(1)</script>", "language": "<b>"}} {
		values := url.Values{}
		for name, value := range wrong {
			values.Set(name, value)
		}
		member.open("/my-settings")
		member.send("/my-settings", values)
		member.has(400, "There is a problem", "Choose one of the")
		if strings.Contains(member.page.Source, "<script") || strings.Contains(member.page.Source, "<b>") {
			t.Error("what was sent is part of the page")
		}
	}

	member.open("/my-settings")
	member.press("Save", map[string]string{"language": "de", "zone": "Europe/Berlin"})
	member.has(200, "Gespeichert.", "Es ist jetzt 24.10.2030, 23:30 CEST")

	// Another browser, and so another session; a request has both times.
	again := &reader{T: t, Visitor: visitor.New(nil), site: member.site}
	again.must(again.Visitor.SignIn(t.Context(), again.site, components.Member))
	again.has(200, "Start", "Meine Einstellungen")
	made := o.ask(nil)
	again.open("/requests/" + made)
	again.has(200, "24.10.2030, 23:30 CEST")
	if !strings.Contains(again.page.Source, `datetime="2030-10-24T21:30`) {
		t.Error("machines are not told UTC")
	}

	// Nobody sees what somebody prefers in the events.
	me := o.call(components.Member, "GET", names.APIVersion+"/me", nil, 200)["id"].(string)
	admin := o.signIn(components.Admin)
	admin.open("/audit/" + string(entitlement.OfUser) + "/" + me)
	admin.has(200, "preferences changed", "The chain is whole")
	if strings.Contains(admin.page.Text, "Berlin") {
		t.Error("the event tells where somebody lives")
	}
	admin.open("/audit?from=2030-10-25&to=2030-10-25")
	admin.has(200, "Nothing of this kind happened.", "your time zone: UTC")
	admin.open("/my-settings")
	admin.press("Save", map[string]string{"zone": "Pacific/Auckland"})
	admin.open("/audit?person=" + me + "&from=2030-10-25&to=2030-10-25") // there it is that day already
	admin.has(200, "submitted", "your time zone: Pacific/Auckland", "25 Oct 2030, 10:30 NZDT")
}

// Whoever runs the service sees how much happens a day and how long roles take to go, what was
// parked, and which targets rest.
func TestStory_WhoRunsTheServiceSeesFiguresParkedMessagesAndTargetsThatRest(t *testing.T) {
	c := clock.NewVirtual(time.Now())
	o := open(t, Options{clock: c})
	admin := o.signIn(components.Admin)
	admin.open("/operations/figures")
	admin.has(200, "Nothing was counted yet.")

	made := o.ask(nil)
	o.call(components.Member, "POST", names.Entitlement+"/assignmentRequests", object{"requestType": "userRemove", "assignment": object{"id": made}}, 201)
	o.eventually("the roles are gone", func() bool {
		c.Advance(time.Second)
		return len(o.call(components.Admin, "GET", names.Ours+"/removals", nil, 200)["value"].([]any)) == 0
	})
	c.Advance(20 * time.Minute)
	if err := o.Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	admin.open("/operations/figures")
	admin.has(200, "Counted until", "Requests and approvals a day", "The figures of each day, the latest last", "Longest", " s")
	for _, part := range []string{"<svg", "<title id=\"asked-title\">", "<desc id=\"lag-desc\">", `class="outline"`} {
		if !strings.Contains(admin.page.Source, part) {
			t.Errorf("no %s: %s", part, admin.page.Source)
		}
	}
	if strings.Contains(admin.page.Source, "style=") {
		t.Error("an inline style, which the policy forbids")
	}

	// A message that is no message is parked after its tries.
	admin.open("/operations")
	admin.has(200, "Parked messages", "make dlq", "None: every target system is spoken to.")
	o.queues[names.DeliverUrgent].Send("nonsense", 0)
	o.eventually("the message is parked", func() bool {
		c.Advance(time.Minute)
		return len(o.queues[names.DeliverUrgent].Dead()) == 1
	})
	admin = o.signIn(components.Admin) // it took long enough for the session to end
	admin.open("/operations")
	admin.has(200, "deliver-urgent ! 1")
}
