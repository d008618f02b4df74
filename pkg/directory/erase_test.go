package directory_test

import (
	"log/slog"
	"testing"
	"time"

	"leasehold/pkg/clock"
	"leasehold/pkg/directory"
	"leasehold/pkg/dynamo/dynamotest"
	"leasehold/pkg/entitlement"
)

// What somebody answered just before they were deleted may be missing in the index by which it
// is found: nothing is said to be erased before that is over.
func TestS11_WhatWasAnsweredJustBeforeTheDeletionIsErasedToo(t *testing.T) {
	store, settle := dynamotest.Behind()
	now := clock.NewVirtual(time.Date(2026, 5, 1, 0, 0, 0, 0, time.UTC))
	s := &directory.Service{Store: store, Clock: now, IDs: now, First: first, Enqueuer: &recorder{}, Log: slog.New(slog.DiscardHandler)}
	u, err := s.CreateUser(t.Context(), by, entitlement.User{Type: entitlement.Member, DisplayName: "Ann", UserPrincipalName: "ann", Enabled: true, Identities: []entitlement.Principal{signIn("ann")}})
	if err != nil {
		t.Fatal(err)
	}

	r := entitlement.AssignmentRequest{ID: entitlement.RequestID(now.New()), Type: entitlement.UserRemove, State: entitlement.RequestDelivered, Requestor: u.ID, Subject: u.ID, Package: entitlement.PackageID(now.New()), Created: now.Now(),
		Answers: []entitlement.Answer{{Question: entitlement.Question{ID: entitlement.QuestionID(now.New())}, Value: "Grace Hopper"}}}
	e := entitlement.Event{Aggregate: entitlement.OfRequest, ID: string(r.ID), Kind: "delivered", At: now.Now(), Actor: u.ID}
	r.Chain, e = r.Chain.Append(e)
	if err := store.Commit(t.Context(), entitlement.Change{Requests: []entitlement.AssignmentRequest{r}, Events: []entitlement.Event{e}}); err != nil {
		t.Fatal(err)
	}
	if err := s.DeleteUser(t.Context(), by, u.ID); err != nil {
		t.Fatal(err)
	}

	if err := s.ErasePersonalData(t.Context(), by, u.ID); entitlement.KindOf(err) != entitlement.Conflict || err == nil {
		t.Errorf("erased what is not found yet: %v", err)
	}
	settle()
	now.Advance(time.Minute)
	if err := s.ErasePersonalData(t.Context(), by, u.ID); err != nil {
		t.Error(err)
	}
	if left, err := store.Request(t.Context(), r.ID); err != nil || len(left.Answers) > 0 {
		t.Errorf("left: %v, %v", left.Answers, err)
	}
}
