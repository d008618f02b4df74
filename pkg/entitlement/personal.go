package entitlement

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"
)

// PersonalValue is one personal value of a user, such as a name or a sign-in.
type PersonalValue struct{ Property, Value string }

// MaxFormer bounds the former values that are kept of one user beside those that hold.
const MaxFormer = 100

// personal lists the personal values of a user. Events never hold them: an event cannot be
// changed, and erasure must reach them. It holds a pseudonym in their place, which is the
// same for the same value always, so that a sign-in that was somebody else's is known again.
func (u User) personal() []PersonalValue {
	all := []PersonalValue{
		{"displayName", u.DisplayName}, {"userPrincipalName", u.UserPrincipalName}, {"mail", u.Mail}, {"mailNickname", u.MailNickname},
		{"givenName", u.GivenName}, {"surname", u.Surname}, {"employeeId", u.ExternalID}, {"department", u.Department}, {"jobTitle", u.JobTitle},
	}
	for _, p := range u.Identities {
		all = append(all, p.personal())
	}
	return slices.DeleteFunc(all, func(w PersonalValue) bool { return w.Value == "" || w.Value == string(u.ID) })
}

func (p Principal) personal() PersonalValue {
	return PersonalValue{"identities", p.Issuer + " " + p.Value}
}

// Pseudonym is what events write in the place of a personal value. Whoever has the store's
// key can tell whether it stands for a value that they guess, and nobody else.
func (w PersonalValue) Pseudonym(key []byte) string {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte("personal value\x00" + w.Property + "\x00" + w.Value))
	return "~" + hex.EncodeToString(mac.Sum(nil)[:8])
}

// Recorded lists what events say of a user, with pseudonyms by the store's key. Groups have
// an event for each that the user joins or leaves.
func (u User) Recorded(key []byte) []Recorded {
	list := []Recorded{{"userType", string(u.Type)}, {"accountEnabled", yes(u.Enabled)}, {"manager", string(u.Manager)}, {"subjectLifecycle", string(u.Lifecycle)}}

	var signIns []string

	for _, w := range u.personal() {
		// Whose sign-in it is, is personal; who vouches for it is what an auditor looks for.
		if w.Property == "identities" {
			issuer, _, _ := strings.Cut(w.Value, " ")
			signIns = append(signIns, issuer+" "+w.Pseudonym(key))
			continue
		}
		list = append(list, Recorded{w.Property, w.Pseudonym(key)})
	}

	list = append(list, Recorded{"identities", strings.Join(signIns, ", ")})
	if u.Gone() {
		list = append(list, Recorded{"deleted", endWord(u.Deleted)})
	}
	return list
}

// Remember returns the former values of a user after a change of what was before. A change
// that brings new ones and would need more than MaxFormer of them is refused; one that only takes away
// never is: a sign-in can always be taken off a user.
func (u User) Remember(before User) ([]PersonalValue, error) {
	kept, now := slices.Clone(before.Former), u.personal()
	for _, w := range before.personal() {
		if !slices.Contains(now, w) && !slices.Contains(kept, w) {
			kept = append(kept, w)
		}
	}
	brings := slices.ContainsFunc(now, func(v PersonalValue) bool { return !slices.Contains(before.personal(), v) })
	if len(kept) > MaxFormer && len(kept) > len(before.Former) && brings {
		return nil, Errorf(Precondition, "The names and sign-ins of this user were changed %d times, and events refer to each: delete the user and make another.", MaxFormer)
	}
	return kept, nil
}

// Meanings returns what the pseudonyms in the user's events stand for, as far as that was
// not erased.
func (u User) Meanings(key []byte) map[string]string {
	meant := map[string]string{}
	for _, w := range slices.Concat(u.Former, u.personal()) {
		value := w.Value
		if w.Property == "identities" {
			_, value, _ = strings.Cut(value, " ")
		}
		meant[w.Pseudonym(key)] = value
	}
	return meant
}

// Forget takes all personal data from a user who was deleted. The id stays, since what was
// held is anchored at it, and so do the events, whose pseudonyms then mean nothing.
func (u User) Forget() User {
	return User{ID: u.ID, Type: u.Type, UserPrincipalName: string(u.ID), Groups: u.Groups, Created: u.Created, Deleted: u.Deleted, Meta: u.Meta}
}

// Forgotten reports that nothing personal is kept of the user any more.
func (u User) Forgotten() bool {
	return u.Gone() && len(u.Former) == 0 && len(u.personal()) == 0
}
