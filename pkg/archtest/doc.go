// Package archtest holds the architecture together. Its tests fail when a package
// imports what it should not know, when a function's folder, its row in names and its
// sample events do not agree, when a key of the table is spelt outside of the key file,
// when a function grows too large to start fast, when a name holds a word that is not
// the field's, when a number such as R37 is cited and not defined, or defined and
// neither held by a test nor excused, when too many long functions show no steps, or
// when a document names a file that there is not. Each rule is also shown to fail, on an
// example made for it. The package has no code of its own.
package archtest
