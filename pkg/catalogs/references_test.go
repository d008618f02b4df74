package catalogs_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"leasehold/pkg/dynamo/dynamotest"
	"leasehold/pkg/entitlement"
)

// late is a store in which something happens just before a commit.
type late struct {
	*dynamotest.Store
	before func(ctx context.Context)
}

func (l late) Commit(ctx context.Context, c entitlement.Change) error {
	l.before(ctx)
	return l.Store.Commit(ctx, c)
}

func TestDeletedPeople_BecomeNoResourceManagersOfATarget(t *testing.T) {
	w := newFixture(t)
	u := entitlement.User{ID: entitlement.UserID(w.clock.New()), UserPrincipalName: "mia", Enabled: true}
	if err := w.store.Commit(t.Context(), entitlement.Change{Users: []entitlement.User{u}}); err != nil {
		t.Fatal(err)
	}
	w.Store = late{w.store, func(ctx context.Context) {
		u.Version, u.Deleted = 1, time.Date(2026, 5, 1, 0, 0, 0, 0, time.UTC)
		if err := w.store.Commit(ctx, entitlement.Change{Users: []entitlement.User{u}}); err != nil {
			t.Fatal(err)
		}
	}}
	cfg := entitlement.ConnectorConfig{DisplayName: "CRM", Kind: "scim", URL: "https://crm.example", CorrelationKeys: []string{"mail"}, ResourceManagers: []entitlement.UserID{u.ID}}
	_, err := w.RegisterConnector(t.Context(), by, cfg, "s3cr3t")
	w.kind(err, entitlement.Conflict, "changed")
	w.Store = w.store
	if all, err := w.store.ListConnectors(t.Context()); err != nil || len(all) > 0 {
		t.Errorf("S13: got %v, %v", all, err)
	}
	_, err = w.RegisterConnector(t.Context(), by, cfg, "s3cr3t")
	w.kind(err, entitlement.Invalid, "resourceManagers must name")
}

// hostile is a target whose names are made to mislead.
type hostile struct{ everything }

func (hostile) Resource(context.Context, entitlement.ConnectorID, string) (entitlement.Resource, error) {
	return entitlement.Resource{DisplayName: "Sa\u200Bles\u202E\x00", Description: strings.Repeat("é\u2060", 3000),
		Roles: []entitlement.ResourceRole{{OriginID: "Member_g", DisplayName: "\u3164"}}}, nil
}

func TestA9_WhatATargetCallsItsThingsIsCleanedAndKept(t *testing.T) {
	w := newFixture(t)
	w.Targets = hostile{}
	cfg, err := w.RegisterConnector(t.Context(), by, entitlement.ConnectorConfig{DisplayName: "CRM", Kind: "scim", URL: "https://crm.example", CorrelationKeys: []string{"mail"}}, "s3cr3t")
	if err != nil {
		t.Fatal(err)
	}
	r, err := w.AddResource(t.Context(), by, w.catalog().ID, cfg.ID, "Scim", "g")
	if err != nil || r.DisplayName != "Sales" || r.Description != strings.Repeat("é", entitlement.MaxDescription) || r.Roles[0].DisplayName != "Member_g" {
		t.Errorf("got %+v, %v", r, err)
	}
}
