// Command webhook runs the sample target of the webhook contract on 127.0.0.1, for trying the
// contract by hand. It stops by itself after an hour.
package main

import (
	"fmt"
	"log"
	"net/http"
	"time"

	"leasehold/pkg/connector/webhook/example"
)

func main() {
	target := &example.Target{Secret: []byte("an-example-secret-for-nobody-else"), Rooms: []string{"front", "back"},
		People: map[string][]string{"ann@example.com": {"account-7"}, "bob@example.com": {"account-8"}}}
	server := &http.Server{Addr: "127.0.0.1:8080", Handler: target, ReadHeaderTimeout: 5 * time.Second}
	time.AfterFunc(time.Hour, func() { server.Close() })

	fmt.Println("listening on http://127.0.0.1:8080/")
	if err := server.ListenAndServe(); err != http.ErrServerClosed {
		log.Fatal(err)
	}
}
