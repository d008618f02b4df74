package main

import (
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"leasehold/pkg/names"
)

func TestSettingsAreRefused(t *testing.T) {
	tests := map[string]struct {
		key   string
		value any
		want  string
	}{
		"no issuers":             {names.ContextIssuers, nil, "pass -c issuers="},
		"issuers that are text":  {names.ContextIssuers, "https://id.example.com", "must be a JSON list"},
		"no issuer in the list":  {names.ContextIssuers, "[]", "must be a JSON list"},
		"issuer without key set": {names.ContextIssuers, `[{"issuer":"https://a","audience":"x"}]`, "number 1 needs"},
		"key set in the clear":   {names.ContextIssuers, `[{"issuer":"https://a","keySet":"http://a/k","audience":"x"}]`, "https://"},
		"no administrator":       {names.ContextFirstAdmin, nil, "pass -c firstAdmin="},
		"administrator, no bar":  {names.ContextFirstAdmin, "17", "<issuer>|<value"},
		"mail to nobody":         {names.ContextAlarmEmail, "ops", `not "ops"`},
		"mail to a name":         {names.ContextAlarmEmail, "Ops <ops@example.com>", "one e-mail address"},
		"neither on nor off":     {names.ContextEndpoint, "false", `not "false"`},
		"address in the clear":   {names.ContextPublicURL, "https://access.example.com,http://access.example.com", `must begin with https://, not "http://`},
		"no address at all":      {names.ContextEndpoint, "off", "pass -c publicUrl="},
		"unknown architecture":   {names.ContextArch, "mips", `not "mips"`},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := readSettings(deployment(map[string]any{tt.key: tt.value}))
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error = %v, want %q in it", err, tt.want)
			}
		})
	}
}

func TestR273_AVPCThatWouldReachNothingIsRefused(t *testing.T) {
	for name, tt := range map[string]struct {
		changed map[string]any
		want    string
	}{
		"subnets alone":       {map[string]any{names.ContextVPC: nil}, "pass -c vpc=vpc-... too"},
		"a name":              {map[string]any{names.ContextVPC: "main"}, `not "main"`},
		"no subnets":          {map[string]any{names.ContextVPCSubnets: nil}, "one in each of two zones"},
		"no ids of subnets":   {map[string]any{names.ContextVPCSubnets: "subnet-0a,10.0.0.0/24"}, "one in each of two zones"},
		"no route tables":     {map[string]any{names.ContextVPCRoutes: nil}, "-c vpcEndpoints=none where"},
		"no ids of tables":    {map[string]any{names.ContextVPCRoutes: "main"}, "route tables of the subnets"},
		"endpoints half":      {map[string]any{names.ContextEndpoints: "some"}, `not "some"`},
		"none and their ways": {map[string]any{names.ContextEndpoints: "none"}, "pass one of them"},
	} {
		context := maps.Clone(withVPC)
		maps.Copy(context, tt.changed)
		if _, err := readSettings(deployment(context)); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: error = %v, want %q in it", name, err, tt.want)
		}
	}
	if _, err := readSettings(deployment(withVPC)); err != nil {
		t.Error(err)
	}
}

func TestSettingsAllProblemsAtOnce(t *testing.T) {
	_, err := readSettings(func(string) any { return nil })
	if err == nil || !strings.Contains(err.Error(), names.ContextIssuers) || !strings.Contains(err.Error(), names.ContextFirstAdmin) {
		t.Errorf("error = %v, want both keys in it", err)
	}
}

func TestSettingsAreRead(t *testing.T) {
	s, err := readSettings(deployment(map[string]any{
		names.ContextEmulator:  true, // JSON in cdk.json, text with -c
		names.ContextArch:      "amd64",
		names.ContextPublicURL: "http://127.0.0.1:8080",
		names.ContextEndpoint:  "off",
		names.ContextIssuers:   []any{map[string]any{"issuer": "http://127.0.0.1:9", "keySet": "http://127.0.0.1:9/jwks", "audience": "x"}},
	}))
	if err != nil {
		t.Fatal(err)
	}
	want := settings{emulator: true, arch: "amd64", publicURL: "http://127.0.0.1:8080", domainOnly: true, firstAdmin: "https://id.example.com|17",
		issuers: `[{"audience":"x","issuer":"http://127.0.0.1:9","keySet":"http://127.0.0.1:9/jwks"}]`}
	if !reflect.DeepEqual(s, want) {
		t.Errorf("settings = %+v\nwant       %+v", s, want)
	}
}

func TestCodeMustBeBuilt(t *testing.T) {
	dist := t.TempDir()
	err := settings{}.checkCode(dist)
	for _, f := range names.Functions {
		bootstrap := filepath.Join(dist, f.ID, "bootstrap")
		if err == nil || !strings.Contains(err.Error(), bootstrap) {
			t.Errorf("error = %v, want %s in it", err, bootstrap)
		}
		os.MkdirAll(filepath.Dir(bootstrap), 0o755)
		os.WriteFile(bootstrap, nil, 0o755)
	}
	if err := (settings{}).checkCode(dist); err != nil {
		t.Errorf("all is built, but: %v", err)
	}
}
