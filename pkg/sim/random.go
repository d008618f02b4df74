package sim

// mix turns values into one number in which every bit depends on all of them. A draw is
// the mix of what it is about, never the next number of a shared stream: taking a command
// out of a run leaves the draws of all others as they were.
func mix(values ...uint64) uint64 {
	z := uint64(0x9e3779b97f4a7c15)
	for _, v := range values {
		z += v + 0x9e3779b97f4a7c15
		z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
		z = (z ^ z>>27) * 0x94d049bb133111eb
		z ^= z >> 31
	}
	return z
}

// hashed is FNV-1a; the library's own wants the text copied.
func hashed(text string) uint64 {
	h := uint64(0xcbf29ce484222325)
	for i := range len(text) {
		h = (h ^ uint64(text[i])) * 0x100000001b3
	}
	return h
}

// below returns a number from 0 up to n, n itself not included.
func below(seed uint64, n int) int { return int(seed % uint64(n)) }
