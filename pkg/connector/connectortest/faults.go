package connectortest

import (
	"net/http"
	"time"

	"leasehold/pkg/connector"
	"leasehold/pkg/entitlement"
)

var faults = []test{
	{name: "a throttled call says when to come back, within bounds", run: func(c *caller) {
		if !c.needs(c.Faults.Throttle != nil, "throttling") {
			return
		}
		date := time.Now().Add(20 * time.Minute).UTC().Format(http.TimeFormat)
		for _, say := range []struct {
			header   string
			min, max time.Duration
		}{
			{"7", 7 * time.Second, 7 * time.Second},
			{date, 19 * time.Minute, 20 * time.Minute},
			{"86400", time.Minute, time.Hour},
			{"99999999999999999999", time.Minute, time.Hour},
			{"", 0, 0},
			{"-5", 0, 0},
			{"soon", 0, 0},
		} {
			c.Faults.Throttle(say.header)
			_, err := c.Connector.Check(c.Context(), c.Role, c.can.Ways[0], c.ids[:1])
			c.mustBeThrottled(err, say.header, say.min, say.max)
		}

		c.Faults.Throttle("7")
		_, err := c.Connector.Apply(c.Context(), c.Role, c.batch(c.grant(0, 1)))
		c.mustBeThrottled(err, "7", 7*time.Second, 7*time.Second)
		c.mustHold()
	}},
	{name: "a target that is down is asked again, and loses nothing", run: func(c *caller) {
		if !c.needs(c.Faults.Down != nil, "way to be down") {
			return
		}
		c.Faults.Down()
		_, err := c.Connector.Apply(c.Context(), c.Role, c.batch(c.grant(0, 1)))
		if err == nil {
			c.Fatal("Apply succeeded while the target was down")
		}
		c.mustBePassing(err)
		c.settle(c.grant(0, 1))
		c.mustHold(0, 1)
	}},
	{name: "an answer that is lost after a grant leaves it stored once", run: func(c *caller) {
		if !c.needs(c.Faults.LoseAnswer != nil, "answers to lose") {
			return
		}
		c.Faults.LoseAnswer()
		if n, want := c.settle(c.grant(0, 1)), c.batches(2); n != want {
			c.Errorf("%d writes, want %d, with the one whose answer was lost", n, want)
		}
		c.mustHold(0, 1)
	}},
	{name: "an answer that is lost after a revoke leaves it done", run: func(c *caller) {
		if !c.needs(c.Faults.LoseAnswer != nil, "answers to lose") {
			return
		}
		c.settle(c.grant(0, 1))
		c.Faults.LoseAnswer()
		c.settle(c.revoke(0))
		c.mustHold(1)
	}},
	{name: "a batch that fails half done is completed, with nobody stored twice", run: func(c *caller) { c.halfDone(false) }},
	{name: "a batch that is refused half done is completed, with nobody stored twice", run: func(c *caller) { c.halfDone(true) }},
}

func (c *caller) halfDone(refuse bool) {
	if !c.needs(c.Faults.Half != nil, "batches that can be half done") {
		return
	}
	c.settle(c.grant(4, 5))
	c.Faults.Half(refuse)
	c.settle(append(c.grant(0, 1, 2, 3), c.revoke(4, 5)...))
	c.mustHold(0, 1, 2, 3)
}

// mustBeThrottled fails the test unless err asks for a pause between min and max.
func (c *caller) mustBeThrottled(err error, header string, min, max time.Duration) {
	c.Helper()
	if err == nil {
		c.Fatalf("Retry-After %q: no error", header)
	}
	c.mustBePassing(err)
	if kind := entitlement.KindOf(err); kind != entitlement.Throttled {
		c.Errorf("Retry-After %q: kind %v, want %v", header, kind, entitlement.Throttled)
	}
	if after := connector.RetryAfter(err); after < min || after > max {
		c.Errorf("Retry-After %q: come back after %v, want %v to %v", header, after, min, max)
	}
}
