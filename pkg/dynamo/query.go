package dynamo

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"leasehold/pkg/entitlement"
	"leasehold/pkg/names"
)

// tableQuery is one partition of the table or of an index, and which of its index entries are
// asked for.
type tableQuery struct {
	index     *names.Index // nil: the table itself
	partition string
	prefix    string // of the sort value
	from, to  string // both inclusive; to alone means everything up to it
	after     string // exclusive
	newest    bool   // from the end
}

// The indexes, for tableQuery.
var (
	index1 = &names.Indexes[0]
	index2 = &names.Indexes[1]
	index3 = &names.Indexes[2]
	index4 = &names.Indexes[3]
	index5 = &names.Indexes[4]
)

// cursor is where a page ended: the index entry's key, its sort value in the index, and its
// shard.
type cursor struct {
	Shard int    `json:"n,omitempty"`
	PK    string `json:"p,omitempty"`
	SK    string `json:"k,omitempty"`
	Sort  string `json:"s,omitempty"`
}

// attributes returns the names of the partition and sort attributes.
func (w tableQuery) attributes() (partition, sort string) {
	if w.index == nil {
		return names.AttrPK, names.AttrSK
	}
	return w.index.Partition, w.index.Sort
}

// query returns the call that reads one page of index entries. The table is read
// strongly; an index cannot be.
func (db *DB) query(w tableQuery, at *cursor, limit int) *dynamodb.QueryInput {
	text, attrs, values := w.condition()
	in := &dynamodb.QueryInput{TableName: &db.table, KeyConditionExpression: text, ExpressionAttributeNames: attrs,
		ExpressionAttributeValues: values, ScanIndexForward: truth(!w.newest), ExclusiveStartKey: w.start(at)}
	if limit > 0 {
		in.Limit = aws.Int32(int32(limit))
	}
	if w.index != nil {
		in.IndexName = &w.index.ID
	} else {
		in.ConsistentRead = truth(true)
	}
	return in
}

// The conditions on the keys, all there are.
var (
	inPartition = aws.String("#n0 = :v0")
	beginsWith  = aws.String("#n0 = :v0 AND begins_with(#n1, :v1)")
	between     = aws.String("#n0 = :v0 AND #n1 BETWEEN :v1 AND :v2")
	atMost      = aws.String("#n0 = :v0 AND #n1 <= :v1")
	above       = aws.String("#n0 = :v0 AND #n1 > :v1")
)

// condition returns the condition on the keys and what its placeholders mean.
func (w tableQuery) condition() (text *string, attrs map[string]string, values item) {
	partition, sort := w.attributes()

	values = item{":v0": literal(w.partition)}
	// DynamoDB takes one condition on the sort key, so at most one of them is set.
	switch {
	case w.prefix != "":
		text, values[":v1"] = beginsWith, literal(w.prefix)
	case w.from != "":
		text, values[":v1"], values[":v2"] = between, literal(w.from), literal(w.to)
	case w.to != "":
		text, values[":v1"] = atMost, literal(w.to)
	case w.after != "":
		text, values[":v1"] = above, literal(w.after)
	default:
		return inPartition, pairs.of([2]string{partition}), values
	}

	return text, pairs.of([2]string{partition, sort}), values
}

// page reads one page of index entries.
func (db *DB) page(ctx context.Context, w tableQuery, at *cursor, limit int) (entries []item, next *cursor, err error) {
	o := readOnce(ctx)
	if o == nil {
		return db.pageAnew(ctx, w, at, limit)
	}
	of := queryRead{of: w}
	if at != nil {
		of.at = *at
	}
	got, err := o.query(ctx, of, limit, func() (got queried, err error) {
		got.entries, got.next, err = db.pageAnew(ctx, w, at, limit)
		return got, err
	})
	if err != nil {
		return nil, nil, err
	}
	entries, next = got.upTo(limit, w)
	return entries, next, nil
}

func (db *DB) pageAnew(ctx context.Context, w tableQuery, at *cursor, limit int) ([]item, *cursor, error) {
	out, err := db.client.Query(ctx, db.query(w, at, limit))
	if err != nil {
		return nil, nil, failed(ctx, "query", err)
	}
	if len(out.LastEvaluatedKey) == 0 {
		return out.Items, nil, nil
	}
	return out.Items, w.cursorAt(out.LastEvaluatedKey), nil
}

// cursorAt is where a page that ends with an entry ended.
func (w tableQuery) cursorAt(last item) *cursor {
	_, sort := w.attributes()
	return &cursor{PK: textOf(last, names.AttrPK), SK: textOf(last, names.AttrSK), Sort: textOf(last, sort)}
}

// ahead reads one page of index entries and looks one entry further, in the same call, so
// that it is known whether more follow: sure says that they do. It is false where a call
// brought less than was asked for.
func (db *DB) ahead(ctx context.Context, w tableQuery, at *cursor, limit int) (entries []item, next *cursor, sure bool, err error) {
	if limit == 0 {
		entries, next, err = db.page(ctx, w, at, 0)
		return entries, next, false, err
	}

	entries, next, err = db.page(ctx, w, at, limit+1)
	if err != nil || len(entries) <= limit {
		return entries, next, false, err
	}

	return entries[:limit], w.cursorAt(entries[limit-1]), true, nil
}

// start returns the index entry that a page begins after. The partition is never the client's
// word.
func (w tableQuery) start(at *cursor) item {
	if at == nil || at.SK == "" {
		return nil
	}
	if w.index == nil {
		return Key{w.partition, at.SK}.item()
	}
	it := Key{at.PK, at.SK}.item()
	it[w.index.Partition], it[w.index.Sort] = literal(w.partition), literal(at.Sort)
	return it
}

// all reads every row of a query that cannot grow: there are as many index entries as
// connectors at most (entitlement.MaxConnectors), and as many beside a group as roles were
// given to it. It refuses none, since a removal rests on it.
func (db *DB) all(ctx context.Context, w tableQuery) ([]item, error) {
	var all []item
	for at := (*cursor)(nil); ; {
		entries, next, err := db.page(ctx, w, at, 0)
		if err != nil {
			return nil, err
		}
		all = append(all, entries...)
		if at = next; at == nil {
			return all, nil
		}
	}
}

// parse reads a page token of the list. What is malformed, or of another list, is Invalid.
func (w tableQuery) parse(token string) (*cursor, error) {
	if token == "" {
		return nil, nil
	}

	list, text, _ := strings.Cut(token, ".")
	var at cursor
	raw, err := base64.RawURLEncoding.DecodeString(text)
	if err == nil {
		err = json.Unmarshal(raw, &at)
	}

	value := at.Sort
	// A token comes from outside: what it names must lie within the list that was asked for.
	if w.index == nil {
		value = at.SK
	}

	if err != nil || list != w.mark() || at.SK == "" || (w.index != nil && at.PK == "") || !w.covers(value) {
		return nil, badToken()
	}

	return &at, nil
}

// token writes a page token.
func (w tableQuery) token(at *cursor) string {
	if at == nil {
		return ""
	}
	raw, _ := json.Marshal(at) // strings and a number always have a form
	return w.mark() + "." + base64.RawURLEncoding.EncodeToString(raw)
}

// mark tells lists apart in page tokens.
func (w tableQuery) mark() string { return digest(w.partition, w.prefix)[:8] }

// covers reports a sort value within the query.
func (w tableQuery) covers(sort string) bool {
	return strings.HasPrefix(sort, w.prefix) && sort >= w.from && (w.to == "" || sort <= w.to)
}

func badToken() error {
	return entitlement.Errorf(entitlement.Invalid, "The page token is not one of this list: begin again without it.")
}
