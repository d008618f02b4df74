package main

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"leasehold/pkg/names"
)

// checkFunctions complains when the functions are not those of names, as names says.
func checkFunctions(t template) (complaints []string) {
	if got, want := len(t.ofType("AWS::Lambda::Function")), len(t.functions()); got != want {
		complaints = append(complaints, fmt.Sprintf("there are %d functions, names has %d", got, want))
	}
	for _, f := range t.functions() {
		r, ok := t.Resources[t.function(f.ID)]
		if !ok {
			complaints = append(complaints, f.ID+" is missing")
			continue
		}
		want := map[string]any{"Runtime": "provided.al2023", "Handler": "bootstrap", "Timeout": f.Timeout.Seconds(), "MemorySize": float64(f.Memory)}
		for property, value := range want {
			if r.at(property) != value {
				complaints = append(complaints, fmt.Sprintf("%s: %s is %v, want %v", f.ID, property, r.at(property), value))
			}
		}
	}
	return complaints
}

// checkEnvironment complains when a function is given other keys than names says.
func checkEnvironment(t template) (complaints []string) {
	for _, f := range t.functions() {
		variables, _ := t.Resources[t.function(f.ID)].at("Environment", "Variables").(map[string]any)
		got := slices.Sorted(maps.Keys(variables))
		var want []string
		for _, key := range f.Env() {
			want = append(want, string(key))
		}
		slices.Sort(want)
		if !slices.Equal(got, want) {
			complaints = append(complaints, fmt.Sprintf("%s is given %v, names says %v", f.ID, got, want))
		}
	}
	return complaints
}

// checkLogs complains about logs that are kept for ever, or that nobody writes.
func checkLogs(t template) (complaints []string) {
	for _, id := range t.ofType("AWS::Logs::LogGroup") {
		if t.Resources[id].at("RetentionInDays") == nil {
			complaints = append(complaints, id+" is kept for ever")
		}
	}
	for _, id := range t.ofType("AWS::Lambda::Function") {
		if log := refersTo(t.Resources[id].at("LoggingConfig", "LogGroup")); t.Resources[log].Type != "AWS::Logs::LogGroup" {
			complaints = append(complaints, id+" has no log of this stack")
		}
	}
	return complaints
}

// checkTable complains about a table that can be lost.
func checkTable(t template) (complaints []string) {
	tables := t.ofType("AWS::DynamoDB::Table")
	if len(tables) != 1 {
		return []string{fmt.Sprintf("there are %d tables, want one", len(tables))}
	}
	table := t.Resources[tables[0]]

	if table.at("PointInTimeRecoverySpecification", "PointInTimeRecoveryEnabled") != true {
		complaints = append(complaints, "the table cannot be restored to a point in time")
	}
	if table.at("BillingMode") != "PAY_PER_REQUEST" {
		complaints = append(complaints, "the table is not on demand")
	}
	if got := keyNames(table.at("KeySchema")); !slices.Equal(got, []string{names.AttrPK, names.AttrSK}) {
		complaints = append(complaints, fmt.Sprintf("the table's keys are %v", got))
	}
	if table.at("TimeToLiveSpecification", "AttributeName") != names.AttrTTL {
		complaints = append(complaints, "the table does not remove cool-down records by "+names.AttrTTL)
	}
	return complaints
}

// checkTableStays complains about a table that goes with its stack; emulators want that.
func checkTableStays(t template) (complaints []string) {
	for _, id := range t.ofType("AWS::DynamoDB::Table") {
		if t.Resources[id].DeletionPolicy != "Retain" || t.Resources[id].at("DeletionProtectionEnabled") != true {
			complaints = append(complaints, id+" can be deleted")
		}
	}
	return complaints
}

// indexName is what DynamoDB accepts; one emulator accepts more.
var indexName = regexp.MustCompile(`^[a-zA-Z0-9_.-]{3,255}$`)

// checkIndexes complains when the table's indexes are not those of names.
func checkIndexes(t template) (complaints []string) {
	want := map[string]bool{}
	for _, index := range names.Indexes {
		want[fmt.Sprintf("%s(%s,%s) projects INCLUDE [%s]", index.ID, index.Partition, index.Sort, strings.Join(index.Projects, " "))] = true
	}
	for _, id := range t.ofType("AWS::DynamoDB::Table") {
		for _, index := range listOf(t.Resources[id].at("GlobalSecondaryIndexes")) {
			shape := fmt.Sprintf("%s(%s) projects %v %v", at(index, "IndexName"), strings.Join(keyNames(at(index, "KeySchema")), ","),
				at(index, "Projection", "ProjectionType"), at(index, "Projection", "NonKeyAttributes"))
			if !want[shape] {
				complaints = append(complaints, "names has no index "+shape)
			}
			delete(want, shape)
			if name, _ := at(index, "IndexName").(string); !indexName.MatchString(name) {
				complaints = append(complaints, fmt.Sprintf("DynamoDB refuses the index name %q", name))
			}
		}
	}
	for shape := range want {
		complaints = append(complaints, "the table has no index "+shape)
	}
	return complaints
}

// keyNames returns the attribute names of a key schema, partition key first.
func keyNames(schema any) []string {
	found := make([]string, 2)
	for _, key := range listOf(schema) {
		name, _ := at(key, "AttributeName").(string)
		if at(key, "KeyType") == "HASH" {
			found[0] = name
		} else {
			found[1] = name
		}
	}
	return found
}
