package csvfile

import (
	"strings"
	"testing"

	"leasehold/pkg/entitlement"
)

func TestAFileIsReadAsSpreadsheetsWriteIt(t *testing.T) {
	for name, text := range map[string]string{
		"commas":     "userPrincipalName,displayName\r\na@x.example,\"Ann, <b>A</b>\"\r\n",
		"semicolons": "\uFEFFuserPrincipalName;displayName\na@x.example;Ann, <b>A</b>\n",
		"tabs":       "USERPRINCIPALNAME\tdisplayName\na@x.example\tAnn, <b>A</b>",
	} {
		header, rows, err := Read(text, 10)
		if err != nil || len(header) != 2 || header[0] != "userprincipalname" || len(rows) != 1 || rows[0].Cells["displayname"] != "Ann, <b>A</b>" || rows[0].Line != 2 || rows[0].Wrong != "" {
			t.Errorf("%s: %q, %+v, %v", name, header, rows, err)
			continue
		}
		// What is carried on is read as it was.
		_, again, err := Read("userPrincipalName,displayName\n"+rows[0].Source, 10)
		if err != nil || again[0].Cells["displayname"] != "Ann, <b>A</b>" {
			t.Errorf("%s, carried on: %+v, %v", name, again, err)
		}
	}
}

func TestA10_WhatWasWrittenSafelyIsReadAsItWas(t *testing.T) {
	f := New("displayName")
	f.Add("=1+1")
	f.Add("'quoted")
	_, rows, err := Read(string(f.Bytes()), 10)
	if err != nil || rows[0].Cells["displayname"] != "=1+1" || rows[1].Cells["displayname"] != "'quoted" {
		t.Errorf("%+v, %v", rows, err)
	}
}

func TestALineThatCannotBeReadSaysSo(t *testing.T) {
	_, rows, err := Read("a,b\n1,2,3\n\"open,2\n3,4\n", 10)
	if err != nil || len(rows) != 2 || !strings.Contains(rows[0].Wrong, "more cells") || !strings.Contains(rows[1].Wrong, "cannot be read") {
		t.Errorf("%+v, %v", rows, err)
	}
	for _, text := range []string{"", "a\n1\n2\n3", "a\xff"} {
		if _, _, err := Read(text, 2); entitlement.KindOf(err) != entitlement.Invalid {
			t.Errorf("%q: %v", text, err)
		}
	}
}
