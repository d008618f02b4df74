package engine

import (
	"cmp"
	"math/big"
	"strconv"
	"strings"
)

// Limits of numbers.
const (
	maxDigits = 38
	maxPower  = 125  // of ten, of the first digit
	minPower  = -130 // likewise
)

// canonical writes a number as the service gives it back: in full, with no zero that
// could be left out.
func canonical(s string) (string, error) {
	// Most numbers are counts, and are written as they are kept.
	if isPlain(s) {
		return s, nil
	}

	negative, digits, power, ok := scan(s)
	switch {
	case !ok:
		return "", invalid("The parameter cannot be converted to a numeric value: %s", s)
	case power > maxPower:
		return "", invalid("Number overflow. Attempting to store a number with magnitude larger than supported range")
	case power < minPower:
		return "", invalid("Number underflow. Attempting to store a number with magnitude smaller than supported range")
	case len(digits) > maxDigits:
		return "", invalid("Attempting to store more than %d significant digits in a Number", maxDigits)
	case digits == "":
		return "0", nil
	}

	return inFull(negative, digits, power), nil
}

// isPlain reports a whole number that is canonical as it stands, which nearly all are.
func isPlain(s string) bool {
	digits := strings.TrimPrefix(s, "-")
	if len(digits) == 0 || len(digits) > maxDigits || digits[0] == '0' && (len(digits) > 1 || len(s) > 1) {
		return false
	}
	for i := range len(digits) {
		if digits[i] < '0' || digits[i] > '9' {
			return false
		}
	}
	return true
}

// scan takes a number apart: its significant digits, none for zero, and the power of ten
// of the first of them.
func scan(s string) (negative bool, digits string, power int, ok bool) {
	mantissa, exponent, scientific := strings.Cut(strings.ToLower(s), "e")
	if scientific {
		n, err := strconv.Atoi(exponent)
		if err != nil {
			return false, "", 0, false
		}
		power = n
	}

	negative = strings.HasPrefix(mantissa, "-")
	if negative || strings.HasPrefix(mantissa, "+") {
		mantissa = mantissa[1:]
	}

	whole, fraction, _ := strings.Cut(mantissa, ".")
	digits = whole + fraction
	if digits == "" || strings.Trim(digits, "0123456789") != "" {
		return false, "", 0, false
	}

	significant := strings.TrimLeft(digits, "0")
	power += max(1, len(significant)) - len(fraction) - 1 // of zero, as it is written

	return negative, strings.TrimRight(significant, "0"), power, true
}

// inFull is the inverse of scan.
func inFull(negative bool, digits string, power int) string {
	text := ""
	switch {
	case power < 0:
		text = "0." + strings.Repeat("0", -power-1) + digits
	case power+1 >= len(digits):
		text = digits + strings.Repeat("0", power+1-len(digits))
	default:
		text = digits[:power+1] + "." + digits[power+1:]
	}

	if negative {
		return "-" + text
	}
	return text
}

// compareNumbers orders two canonical numbers.
func compareNumbers(a, b string) int {
	// Of two below zero the one that is further away comes first.
	switch below, other := strings.HasPrefix(a, "-"), strings.HasPrefix(b, "-"); {
	case below && other:
		return compareNumbers(b[1:], a[1:])
	case below:
		return -1
	case other:
		return 1
	}

	whole, fraction, _ := strings.Cut(a, ".")
	otherWhole, otherFraction, _ := strings.Cut(b, ".")
	if len(whole) != len(otherWhole) {
		return len(whole) - len(otherWhole)
	}

	// Digits after the point compare as text: no zeros stand at their end.
	return cmp.Or(cmp.Compare(whole, otherWhole), cmp.Compare(fraction, otherFraction))
}

// addNumbers adds two canonical numbers. A sum that is no number of the service is refused.
func addNumbers(a, b string) (string, error) {
	const fits = 18 // digits, with which a sum stays below 63 bits
	if len(a) <= fits && len(b) <= fits {
		n, err := strconv.ParseInt(a, 10, 64)
		m, other := strconv.ParseInt(b, 10, 64)
		if err == nil && other == nil {
			return strconv.FormatInt(n+m, 10), nil
		}
	}
	places := max(decimals(a), decimals(b))
	sum := new(big.Int).Add(scaled(a, places), scaled(b, places))
	return canonical(sum.String() + "e-" + strconv.Itoa(places))
}

func decimals(s string) int {
	_, fraction, _ := strings.Cut(s, ".")
	return len(fraction)
}

// scaled is a canonical number in units of its last place, of so many.
func scaled(s string, places int) *big.Int {
	n, _ := new(big.Int).SetString(strings.Replace(s, ".", "", 1)+strings.Repeat("0", places-decimals(s)), 10)
	return n
}

// numberSize is a byte for each pair of digits, as they pair up from the decimal point,
// one more, and one for a sign. Pairs of zeros at either end are free.
func numberSize(s string) int {
	size := 1
	if strings.HasPrefix(s, "-") {
		s, size = s[1:], 2
	}

	whole, fraction, _ := strings.Cut(s, ".")
	// Filled up to whole pairs on both sides of the point.
	if len(whole)%2 == 1 {
		whole = "0" + whole
	}
	if len(fraction)%2 == 1 {
		fraction += "0"
	}

	digits := whole + fraction
	for strings.HasPrefix(digits, "00") {
		digits = digits[2:]
	}
	for strings.HasSuffix(digits, "00") {
		digits = digits[:len(digits)-2]
	}

	return size + len(digits)/2
}
