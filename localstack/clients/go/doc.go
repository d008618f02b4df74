// Package clients has Microsoft's SDK for Go drive a deployed Leasehold. It is a module of
// its own: the SDK is large, takes minutes to compile, and is no part of the product.
package clients
