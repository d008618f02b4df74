package scimserver

import (
	"encoding/json"
	"regexp"
	"strings"
)

// comparison is the one shape of filter that is understood: attribute eq "value".
var comparison = regexp.MustCompile(`(?i)^\s*([a-z.]+)\s+eq\s+("(?:[^"\\]|\\.)*")\s*$`)

// exact says of each attribute that can be searched for whether case counts.
var exact = map[string]bool{
	"id":            true,
	"externalid":    true,
	"username":      false,
	"displayname":   false,
	"emails.value":  false,
	"members.value": true,
}

const filterRefused = `Only attribute eq "value" is understood, of id, externalId, userName, displayName, emails.value and members.value.`

// parseFilter returns what a filter says of a resource, where it is understood; no
// filter fits all.
func parseFilter(text string) (fits func(resource) bool, understood bool) {
	if text == "" {
		return func(resource) bool { return true }, true
	}
	parts := comparison.FindStringSubmatch(text)
	if parts == nil {
		return nil, false
	}
	attribute := strings.ToLower(parts[1])
	// RFC 7643 says of each attribute whether case counts; of others nothing is known.
	caseCounts, known := exact[attribute]
	var value string
	if err := json.Unmarshal([]byte(parts[2]), &value); err != nil || !known {
		return nil, false
	}
	equal := strings.EqualFold
	if caseCounts {
		equal = func(a, b string) bool { return a == b }
	}

	name, below, _ := strings.Cut(attribute, ".")
	return func(r resource) bool {
		for _, have := range values(r, name, below) {
			if equal(have, value) {
				return true
			}
		}
		return false
	}, true
}

// values are the texts of an attribute, or of what lies below each of its elements.
func values(r resource, name, below string) (texts []string) {
	for key, value := range r {
		if !strings.EqualFold(key, name) {
			continue
		}

		if text, is := value.(string); is {
			texts = append(texts, text)
		}
		// A list of several, such as mails: one that fits is enough.
		elements, _ := value.([]any)
		for _, each := range elements {
			if element, is := each.(resource); is {
				texts = append(texts, values(element, below, "")...)
			}
		}
	}

	return texts
}
