package main

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"leasehold/pkg/names"
)

// On AWS the table is the one that CloudFormation named after the stack, unless the
// environment names it; where several look like that, nobody guesses.
func TestShowItemFindsTheTableOfTheStack(t *testing.T) {
	tables, asked := []string{"Other", "Leasehold-Table1"}, ""
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var in struct{ TableName string }
		json.NewDecoder(r.Body).Decode(&in)
		w.Header().Set("Content-Type", "application/x-amz-json-1.0")
		if strings.HasSuffix(r.Header.Get("X-Amz-Target"), ".ListTables") {
			json.NewEncoder(w).Encode(map[string]any{"TableNames": tables})
			return
		}
		asked = in.TableName
		w.Write([]byte("{}"))
	}))
	defer server.Close()
	t.Chdir(t.TempDir())
	for key, value := range map[string]string{"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_REGION": "us-east-1", "AWS_ENDPOINT_URL": server.URL, string(names.EnvTable): ""} {
		t.Setenv(key, value)
	}
	show := func() string {
		err := run(t.Context(), []string{"show-item", "request/x"})
		if err == nil {
			t.Fatal("an empty table shows something")
		}
		return err.Error()
	}

	if got := show(); asked != "Leasehold-Table1" || !strings.Contains(got, "there is no item under REQ#x in the table Leasehold-Table1") {
		t.Errorf("asked of %q: %s", asked, got)
	}
	tables = append(tables, "Leasehold-Table2")
	if got := show(); !strings.Contains(got, "2 tables here are called Leasehold-...; name one in LEASEHOLD_TABLE") {
		t.Errorf("of two tables: %s", got)
	}
	t.Setenv(string(names.EnvTable), "Leasehold-Table2")
	if show(); asked != "Leasehold-Table2" {
		t.Errorf("asked of %q, want the one that is named", asked)
	}

	t.Setenv("AWS_ACCESS_KEY_ID", "")
	if got := show(); !strings.Contains(got, "no stack is up here") {
		t.Errorf("with neither credentials nor a stack: %s", got)
	}
}
