package objects

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"leasehold/pkg/entitlement"
)

// Memory keeps files in memory, for tests and for one process alone. Its zero value is empty
// and ready; it is safe for concurrent use.
type Memory struct {
	// Address is what links begin with.
	Address string
	// Forget drops the content of parts, so that a test of what else holds memory is not one of
	// this.
	Forget bool

	mu      sync.Mutex
	files   map[string][]byte
	uploads map[string]map[int][]byte
	begun   int
}

// Put writes a small file. With fresh it is a Conflict where there is one already.
func (m *Memory) Put(_ context.Context, key string, content []byte, fresh bool) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if _, there := m.files[key]; there && fresh {
		return refusal("put file", 412)
	}
	m.keep(key, content)
	return nil
}

func (m *Memory) keep(key string, content []byte) {
	if m.files == nil {
		m.files = map[string][]byte{}
	}
	m.files[key] = bytes.Clone(content)
}

// Get reads a file. NotFound: there is none.
func (m *Memory) Get(_ context.Context, key string) ([]byte, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	content, there := m.files[key]
	if !there {
		return nil, refusal("get file", 404)
	}
	return bytes.Clone(content), nil
}

// Begin begins a file that comes in parts.
func (m *Memory) Begin(context.Context, string, string) (string, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.uploads == nil {
		m.uploads = map[string]map[int][]byte{}
	}
	m.begun++
	upload := strconv.Itoa(m.begun)
	m.uploads[upload] = map[int][]byte{}
	return upload, nil
}

// Part writes a part of a file. NotFound: the upload is over.
func (m *Memory) Part(_ context.Context, _, upload string, number int, content []byte) (string, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	parts, there := m.uploads[upload]
	if !there {
		return "", refusal("put part", 404)
	}
	if parts[number] = bytes.Clone(content); m.Forget {
		parts[number] = nil
	}
	return tagOf(parts[number]), nil
}

// Complete makes a file of its parts, by their tags in order.
func (m *Memory) Complete(_ context.Context, key, upload string, tags []string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	parts, there := m.uploads[upload]
	if !there {
		return refusal("complete file", 404)
	}
	var all [][]byte
	for i, tag := range tags {
		part, there := parts[i+1]
		if !there || tagOf(part) != tag {
			return entitlement.Errorf(entitlement.Internal, "part %d is another", i+1)
		}
		all = append(all, part)
	}
	m.keep(key, slices.Concat(all...))
	delete(m.uploads, upload)
	return nil
}

// Link returns the address of a file. It does not end.
func (m *Memory) Link(_ context.Context, key, _ string, _ time.Duration) (string, error) {
	return m.Address + "/" + key, nil
}

func tagOf(content []byte) string {
	sum := sha256.Sum256(content)
	return hex.EncodeToString(sum[:8])
}

// ServeHTTP gives the file that a link of it names: by all that comes after the address.
func (m *Memory) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	content, err := m.Get(r.Context(), strings.TrimPrefix(r.URL.Path, "/files/"))
	if err != nil {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", "text/csv; charset=utf-8")
	w.Write(content)
}
