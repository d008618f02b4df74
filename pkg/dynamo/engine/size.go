package engine

// Limits of sizes.
const (
	maxItem        = 400 << 10
	maxTransaction = 4 << 20
	maxPage        = 1 << 20  // of a query
	maxBatch       = 16 << 20 // of a batch of items

	maxPartitionKey = 2048
	maxSortKey      = 1024
)

const (
	containerSize = 3 // of a list or a map
	elementSize   = 1 // of each member of one
)

// sizeOfItem returns the bytes that an item counts as, by the published rules.
func sizeOfItem(it item) int {
	n := 0
	for name, v := range it {
		n += len(name) + sizeOf(v)
	}
	return n
}

func sizeOf(v value) int {
	n := 0
	switch v := v.(type) {
	case *text:
		n = len(v.Value)
	case *number:
		n = numberSize(v.Value)
	case *binary:
		n = len(v.Value)
	case *truth, *null:
		n = 1
	case *texts:
		for _, m := range v.Value {
			n += len(m)
		}
	case *numbers:
		for _, m := range v.Value {
			n += numberSize(m)
		}
	case *blobs:
		for _, m := range v.Value {
			n += len(m)
		}
	case *list:
		n = containerSize + elementSize*len(v.Value)
		for _, e := range v.Value {
			n += sizeOf(e)
		}
	case *object:
		n = containerSize + elementSize*len(v.Value) + sizeOfItem(v.Value)
	}
	return n
}
