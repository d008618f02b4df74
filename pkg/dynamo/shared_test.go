package dynamo_test

import (
	"context"
	"maps"
	"reflect"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"leasehold/pkg/dynamo/engine"
)

// TestWhatIsReadIsNeverChanged plays the suite on an engine that hands its own items out,
// and compares each with a copy that was made when it was written.
func TestWhatIsReadIsNeverChanged(t *testing.T) {
	type kept struct {
		item, copy map[string]types.AttributeValue
	}
	var mu sync.Mutex
	var all []kept
	t.Run("suite", func(t *testing.T) {
		suite(t, inMemory(engine.Options{Share: true, Committed: func(_ context.Context, writes []engine.Write) {
			mu.Lock()
			defer mu.Unlock()
			for _, w := range writes {
				if w.After != nil {
					all = append(all, kept{w.After, copied(w.After)})
				}
			}
		}}).db())
	})
	for _, k := range all {
		if !reflect.DeepEqual(k.item, k.copy) {
			t.Errorf("what was written as %v became %v", k.copy, k.item)
		}
	}
	if len(all) < 1000 {
		t.Errorf("only %d items were written", len(all))
	}
}

func copied(it map[string]types.AttributeValue) map[string]types.AttributeValue {
	out := maps.Clone(it)
	for name, v := range out {
		out[name] = copiedValue(v)
	}
	return out
}

func copiedValue(v types.AttributeValue) types.AttributeValue {
	switch v := v.(type) {
	case *types.AttributeValueMemberS:
		return &types.AttributeValueMemberS{Value: v.Value}
	case *types.AttributeValueMemberN:
		return &types.AttributeValueMemberN{Value: v.Value}
	case *types.AttributeValueMemberBOOL:
		return &types.AttributeValueMemberBOOL{Value: v.Value}
	case *types.AttributeValueMemberB:
		return &types.AttributeValueMemberB{Value: append([]byte{}, v.Value...)}
	case *types.AttributeValueMemberBS:
		out := &types.AttributeValueMemberBS{}
		for _, m := range v.Value {
			out.Value = append(out.Value, append([]byte{}, m...))
		}
		return out
	case *types.AttributeValueMemberL:
		out := &types.AttributeValueMemberL{}
		for _, e := range v.Value {
			out.Value = append(out.Value, copiedValue(e))
		}
		return out
	case *types.AttributeValueMemberM:
		return &types.AttributeValueMemberM{Value: copied(v.Value)}
	}
	return v
}
