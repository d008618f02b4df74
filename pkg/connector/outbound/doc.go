// Package outbound is how connectors speak HTTP to target systems, whose addresses
// administrators type in and whose answers nobody here controls. Its client reaches
// public addresses over TLS and nothing else. What counts is the address that is
// connected to, so a name that resolves differently after it was checked gains
// nothing. It follows no redirects, so a credential never travels to a host it was
// not meant for, and it bounds time and header size; callers bound bodies.
package outbound
