package lambdaio_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"leasehold/pkg/lambdaio"
)

func TestSchedule(t *testing.T) {
	due := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	event := events.EventBridgeEvent{Time: due.In(time.FixedZone("", 3600))}

	tests := map[string]struct {
		handle func(context.Context, time.Time) error
		want   string // part of the error, "" for none
	}{
		"done":   {func(context.Context, time.Time) error { return nil }, ""},
		"failed": {func(context.Context, time.Time) error { return errors.New("shard 2, Bearer abc.def") }, "shard 2"},
		"panic":  {func(context.Context, time.Time) error { panic("nil map") }, "2026-11-23T12:00:00Z panicked"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			ctx, log := logged()
			var got time.Time
			err := lambdaio.Schedule(func(ctx context.Context, at time.Time) error {
				got = at
				return tt.handle(ctx, at)
			})(ctx, event)

			if !got.Equal(due) || got.Location() != time.UTC {
				t.Errorf("due = %v, want %v", got, due)
			}
			if tt.want == "" {
				if err != nil {
					t.Errorf("error = %v, want none", err)
				}
				return
			}
			if err == nil || !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), "abc.def") {
				t.Errorf("error = %v, want %q in it and no token", err, tt.want)
			}
			if log.Len() == 0 {
				t.Error("nothing was logged")
			}
		})
	}
}
