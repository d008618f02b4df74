package rights

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"path"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"leasehold/pkg/connector/connectortest/stsserver"
	"leasehold/pkg/names"
)

// recorder stands between the functions and AWS, and notes who did what to which part, in
// the words in which roles allow it. Each function signs with a key of its own name.
type recorder struct {
	*httptest.Server
	mu     sync.Mutex
	used   map[string]map[string]bool                                           // function -> "action on part"
	call   func(ctx context.Context, id string, payload []byte) ([]byte, error) // of the functions
	aws    http.Handler                                                         // answers for an account of others'; nil: nobody does
	target http.Handler                                                         // a function that is a target; nil: there is none
	sts    *stsserver.Server                                                    // says who calls; nil: nobody does
	odd    []string                                                             // what it did not understand
	n      int                                                                  // actions that it noted
}

func newRecorder(t *testing.T, emulator string) *recorder {
	t.Helper()
	to, err := url.Parse(emulator)
	if err != nil {
		t.Fatal(err)
	}
	r := &recorder{used: map[string]map[string]bool{}}
	proxy := httputil.NewSingleHostReverseProxy(to)
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
		body, err := io.ReadAll(request.Body)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		if r.aws != nil && othersAccount(request, body) {
			r.noteRole(request, body)
			request.Body = io.NopCloser(bytes.NewReader(body))
			r.aws.ServeHTTP(w, request)
			return
		}
		if r.sts != nil && bytes.HasPrefix(body, []byte("Action=GetWebIdentityToken&")) {
			r.noteIdentity(request, body)
			request.Body = io.NopCloser(bytes.NewReader(body))
			r.sts.ServeHTTP(w, request)
			return
		}
		r.note(request, body)
		if r.target != nil && targetFunction(request) {
			request.Body = io.NopCloser(bytes.NewReader(body))
			r.target.ServeHTTP(w, request)
			return
		}
		if id, invoked := invokedFunction(request); invoked {
			answer, err := r.call(request.Context(), id, body)
			if err != nil {
				http.Error(w, err.Error(), http.StatusInternalServerError)
				return
			}
			w.Write(answer)
			return
		}
		request.Body = io.NopCloser(bytes.NewReader(body))
		proxy.ServeHTTP(w, request)
	}))
	t.Cleanup(r.Close)
	return r
}

// invokedFunction returns the id of the function that a call of Lambda's API invokes.
func invokedFunction(request *http.Request) (string, bool) {
	name, ok := strings.CutPrefix(request.URL.Path, "/2015-03-31/functions/"+names.FunctionName(""))
	id, invoked := strings.CutSuffix(name, "/invocations")
	return id, ok && invoked
}

var credential = regexp.MustCompile(`Credential=([^/]+)/`)

// note enters a call under its caller.
func (r *recorder) note(request *http.Request, body []byte) {
	caller := credential.FindStringSubmatch(request.Header.Get("Authorization"))
	rights, err := rightsFor(request.Header.Get("X-Amz-Target"), body)
	if id, invoked := invokedFunction(request); invoked {
		rights, err = []string{"lambda:InvokeFunction on " + part(names.PartFunction, id)}, nil
	}
	if targetFunction(request) {
		rights, err = []string{"lambda:InvokeFunction on " + part(names.PartTarget, "")}, nil
	}
	if file, ok := strings.CutPrefix(request.URL.Path, "/"+filesBucket+"/"); ok {
		rights, err = rightsForFile(request.Method, file)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if err != nil || caller == nil {
		r.odd = append(r.odd, fmt.Sprintf("%s by %v: %v", request.Header.Get("X-Amz-Target"), caller, err))
		return
	}
	if r.used[caller[1]] == nil {
		r.used[caller[1]] = map[string]bool{}
	}
	r.n += len(rights)
	for _, each := range rights {
		r.used[caller[1]][each] = true
	}
}

// rightsForFile returns what a role must allow for a call of S3: to write a file in parts is to
// put it.
func rightsForFile(method, file string) ([]string, error) {
	if !strings.HasPrefix(file, names.FilesBelow) {
		return nil, fmt.Errorf("the file %s lies where no role may go", file)
	}
	action := "s3:PutObject"
	if method == http.MethodGet {
		action = "s3:GetObject"
	}
	return []string{action + " on " + part(names.PartFiles, "")}, nil
}

// rightsFor returns what a role must allow for a call.
func rightsFor(target string, body []byte) ([]string, error) {
	service, operation, _ := strings.Cut(target, ".")
	switch service {
	case "DynamoDB_20120810":
		return rightsForTable(operation, body)
	case "AmazonSSM":
		kind := names.PartSecret
		if bytes.Contains(body, []byte(`"`+signInPath+"/")) {
			kind = names.PartSignIn
		}
		return []string{"ssm:" + operation + " on " + part(kind, "")}, nil
	case "AmazonSQS":
		var call struct{ QueueUrl string }
		if err := json.Unmarshal(body, &call); err != nil {
			return nil, err
		}
		id := strings.TrimPrefix(path.Base(call.QueueUrl), names.StackName+"-")
		// There is no right of its own for batches.
		return []string{"sqs:" + strings.TrimSuffix(operation, "Batch") + " on " + part(names.PartQueue, id)}, nil
	}
	return nil, errors.New("a service that no role allows")
}

// rightsForTable reads a call of DynamoDB. A transaction is allowed by the actions of its parts.
func rightsForTable(operation string, body []byte) ([]string, error) {
	var call struct {
		IndexName     string
		TransactItems []map[string]written
		written
	}
	if err := json.Unmarshal(body, &call); err != nil {
		return nil, err
	}
	table := part(names.PartTable, "")
	switch operation {
	case "TransactGetItems":
		return []string{"dynamodb:GetItem on " + table}, nil
	case "TransactWriteItems":
		var rights []string
		for _, item := range call.TransactItems {
			for kind, of := range item {
				action := map[string]string{"ConditionCheck": "ConditionCheckItem", "Put": "PutItem", "Update": "UpdateItem", "Delete": "DeleteItem"}[kind]
				if action == "" {
					return nil, fmt.Errorf("a transaction with a %s", kind)
				}
				rights = append(rights, "dynamodb:"+action+" on "+leading(table, action, of))
			}
		}
		return rights, nil
	}
	if call.IndexName != "" {
		table = part(names.PartIndex, call.IndexName)
	}
	return []string{"dynamodb:" + operation + " on " + leading(table, operation, call.written)}, nil
}

// written is what a call says of the item that it writes.
type written struct {
	Key, Item map[string]struct{ S string }
}

// leading adds the family of keys to what a write is on, by which roles are limited.
func leading(table, action string, of written) string {
	if !slices.Contains([]string{"PutItem", "UpdateItem", "DeleteItem"}, action) {
		return table
	}
	pk := of.Key[names.AttrPK].S
	if pk == "" {
		pk = of.Item[names.AttrPK].S
	}
	return table + " at " + string(names.FamilyOf(pk))
}

// part names a part of the stack.
func part(kind names.Part, id string) string { return strings.TrimSpace(string(kind) + " " + id) }
