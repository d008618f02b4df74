package entitlement

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
)

// UniqueName is a name that nothing else of its kind bears, in any case: of a catalog, or of
// a package within its catalog. It is taken and given back in the change that names.
type UniqueName struct {
	Of     AggregateKind
	In     string // what it is unique within, "" for everything
	Name   string
	Holder string
	Erased bool // it is given back
}

// Renamed returns what a holder's new name takes and its old one gives back; either may be
// empty. A name that differs by case alone is the same.
func Renamed(of AggregateKind, in, holder, before, after string) []UniqueName {
	if FoldName(before) == FoldName(after) {
		return nil
	}
	var all []UniqueName
	if before != "" {
		all = append(all, UniqueName{Of: of, In: in, Name: before, Holder: holder, Erased: true})
	}
	if after != "" {
		all = append(all, UniqueName{Of: of, In: in, Name: after, Holder: holder})
	}
	return all
}

// Moved returns what a holder's name takes where it moves to, and gives back where it was.
func Moved(of AggregateKind, from, to, holder, name string) []UniqueName {
	return []UniqueName{{Of: of, In: from, Name: name, Holder: holder, Erased: true}, {Of: of, In: to, Name: name, Holder: holder}}
}

// FoldName returns what two names share that differ by case alone.
func FoldName(name string) string { return strings.ToLower(name) }

// NameMark is a short word for a folded name, of which a package keeps one for each policy.
func NameMark(name string) string {
	sum := sha256.Sum256([]byte(FoldName(name)))
	return hex.EncodeToString(sum[:8])
}

// CodeNameTaken is the code of the refusal of a name that is taken.
const CodeNameTaken = "nameAlreadyExists"

// NameTaken refuses a name that something else of the kind bears.
func NameTaken(noun, within string) error {
	e := Errorf(Conflict, "There is %s with this displayName already%s: choose another name, or change that one.", noun, within)
	e.Code = CodeNameTaken
	return e
}
