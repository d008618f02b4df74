package readme

import (
	"bytes"
	"sync"
)

// watched keeps what a command says and tells when something was said.
type watched struct {
	wanted []byte
	seen   chan struct{}

	mu   sync.Mutex
	said bytes.Buffer
	told bool
}

// Write keeps what was said.
func (w *watched) Write(text []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.said.Write(text)
	if !w.told && bytes.Contains(w.said.Bytes(), w.wanted) {
		w.told = true
		close(w.seen)
	}
	return len(text), nil
}

func (w *watched) text() []byte {
	w.mu.Lock()
	defer w.mu.Unlock()
	return bytes.Clone(w.said.Bytes())
}
