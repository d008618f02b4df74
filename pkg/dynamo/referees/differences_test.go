package referees

import (
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"leasehold/pkg/dynamo/dynamotest"
)

// dynamoDBLocal is Amazon's own.
func dynamoDBLocal() *referee {
	return &referee{name: "DynamoDBLocal", start: once(dynamotest.StartDynamoDBLocal), asSent: true,
		accepts: []string{"deep nesting in an expression"},
		excuses: map[string]func(s step, ours, theirs outcome) bool{
			"a transaction with a malformed action is refused, or canceled for it": malformed,
			"one item twice is only found where the conditions hold":               twice,
			"another mistake is found before a table that is not there":            otherMistake,
			"a page that begins at the closed end of a range is empty, or refused": atEnd,
			"the last page of a range that is full says that there is more":        lastPage,
		}}
}

// miniStack takes more than the service does.
func miniStack() *referee {
	return &referee{name: "MiniStack", start: once(dynamotest.Start), units: true, simple: true,
		accepts: []string{
			"a null that is none", "an empty set", "an attribute without a name", "an index key that is too long", "an attribute changed twice",
			"a section twice", "no such function", "no syntax", "too many operators", "an order of what has none",
			"a key that is missing", "a key that is too long", "more than the key", "deep nesting in an expression", "an update of a key",
		},
		excuses: map[string]func(s step, ours, theirs outcome) bool{
			"beside a malformed action, other actions give reasons or do not":      reasons,
			"a transaction with a malformed action is refused, or canceled for it": malformed,
		}}
}

// malformed is a transaction that neither makes: one for the form of the whole, and the
// other for that of an action.
func malformed(s step, ours, theirs outcome) bool {
	_, together := s.in.(*dynamodb.TransactWriteItemsInput)
	is := func(a, b outcome) bool {
		return strings.HasPrefix(a.text, "ValidationException") && strings.Contains(b.text, "ValidationError")
	}
	return together && (is(ours, theirs) || is(theirs, ours))
}

// reasons is a transaction that neither makes, for a malformed action at least.
func reasons(s step, ours, theirs outcome) bool {
	of := func(a outcome) bool { return strings.HasPrefix(a.text, "canceled") }
	return of(ours) && of(theirs) && strings.Contains(theirs.text, "ValidationError")
}

// twice is a transaction with two actions on one item, of which one fails.
func twice(s step, ours, theirs outcome) bool {
	return s.odd == oneItemTwice && verdict(ours.text) == "ValidationException" && strings.Contains(theirs.text, "ConditionalCheckFailed")
}

// otherMistake is a transaction that names no table, and may be ill-typed as well.
func otherMistake(s step, ours, theirs outcome) bool {
	return s.odd == noSuchTable && verdict(ours.text) == "ResourceNotFoundException" && verdict(theirs.text) == "ValidationException"
}

// lastPage is a page with as many rows as were asked for, behind which none is: one says
// so at once, and the other with the next page.
func lastPage(s step, ours, theirs outcome) bool {
	in, ok := s.in.(*dynamodb.QueryInput)
	return ok && in.IndexName == nil && in.Limit != nil && ours.text == theirs.text && ours.more && !theirs.more
}

// atEnd is a page behind the last row that a range can have.
func atEnd(s step, ours, theirs outcome) bool {
	in, ok := s.in.(*dynamodb.QueryInput)
	return ok && in.ExclusiveStartKey != nil && strings.HasPrefix(ours.text, "ok: 0") && !ours.more && verdict(theirs.text) == "ValidationException"
}
