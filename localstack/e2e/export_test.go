package e2e

import (
	"encoding/csv"
	"net/http"
	"strings"
	"testing"
	"time"

	"leasehold/localstack/components"
)

// A list that is longer than an answer is written to the private bucket by a worker; whoever
// asked for it is given a link, and nobody else finds it.
func TestStory_AnExportIsWrittenToTheBucket(t *testing.T) {
	o, who := newOffer(t, newCatalog(t), newTargetGroup(t)), newPerson(t, false)
	o.assign(t, who, nil)

	const path = "/v1.0/leasehold/assignmentExports"
	query := "?$filter=" + "accessPackage/id%20eq%20'" + o.id + "'"
	asked := call(t, components.Admin, "POST", path+query, nil).want(http.StatusAccepted).get("id")
	call(t, components.Member, "GET", path+"/"+asked, nil).want(http.StatusNotFound)
	call(t, components.Member, "POST", path, nil).want(http.StatusForbidden)

	var link string
	eventually(t, soon, func() (bool, string) {
		x := call(t, components.Admin, "GET", path+"/"+asked, nil).want(200)
		link, _ = x.body["downloadUrl"].(string)
		return link != "", x.text
	})

	// The link is good for whoever has it, without a token.
	client := &http.Client{Timeout: 10 * time.Second}
	file, err := client.Get(link)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Body.Close()
	rows, err := csv.NewReader(file.Body).ReadAll()
	if err != nil || file.StatusCode != http.StatusOK {
		t.Fatalf("%s: %d %v", link, file.StatusCode, err)
	}
	if len(rows) != 2 || rows[0][0] != "assignmentId" || !strings.Contains(strings.Join(rows[1], ","), who.id) {
		t.Errorf("the file holds %v", rows)
	}
}
