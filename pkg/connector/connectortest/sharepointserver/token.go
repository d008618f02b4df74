package sharepointserver

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"math/big"
	"net/http"
	"strings"
	"time"
)

// newCertificate makes a certificate of the application and its key.
func newCertificate() (*ecdsa.PrivateKey, []byte) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "leasehold"}, NotAfter: time.Now().Add(24 * time.Hour)}
	raw, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		panic(err)
	}
	return key, raw
}

// Credential is that of the application, whose tokens are at the authority; "" for a known cloud.
func (s *Server) Credential(authority string) string {
	encoded, err := x509.MarshalPKCS8PrivateKey(s.key)
	if err != nil {
		panic(err)
	}
	credential := map[string]string{"tenantId": Tenant, "clientId": ClientID,
		"certificate": string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.certificate})),
		"privateKey":  string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: encoded}))}
	if authority != "" {
		credential["authority"] = authority
	}
	text, _ := json.Marshal(credential)
	return string(text)
}

// signed reports an assertion of the application's certificate.
func (s *Server) signed(assertion string) bool {
	parts := strings.Split(assertion, ".")
	if len(parts) != 3 {
		return false
	}
	var header struct {
		Alg    string
		Digest string `json:"x5t#S256"`
	}
	text, _ := base64.RawURLEncoding.DecodeString(parts[0])
	digest := sha256.Sum256(s.certificate)
	if json.Unmarshal(text, &header) != nil || header.Alg != "ES256" || header.Digest != base64.RawURLEncoding.EncodeToString(digest[:]) {
		return false
	}
	signature, err := base64.RawURLEncoding.DecodeString(parts[2])
	if err != nil || len(signature) != 64 {
		return false
	}
	signed := sha256.Sum256([]byte(parts[0] + "." + parts[1]))
	return ecdsa.Verify(&s.key.PublicKey, signed[:], new(big.Int).SetBytes(signature[:32]), new(big.Int).SetBytes(signature[32:]))
}

// issue answers at the token endpoint: client credentials with an assertion, for SharePoint.
func (s *Server) issue(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	status, body := http.StatusOK, map[string]any{"token_type": "Bearer", "expires_in": 3599, "ext_expires_in": 3599, "access_token": s.token}
	refuse := func(code string) {
		status, body = http.StatusBadRequest, map[string]any{"error": code, "error_description": "AADSTS700027: sent was " + r.PostFormValue("client_assertion")}
	}
	switch scope := r.PostFormValue("scope"); {
	case r.ParseForm() != nil || r.PostForm.Get("grant_type") != "client_credentials" || r.URL.RawQuery != "":
		refuse("invalid_request")
	case r.PostForm.Get("client_id") != ClientID || !strings.HasPrefix(scope, "https://") || !strings.HasSuffix(scope, "/.default") || strings.Contains(scope, "graph"):
		refuse("unauthorized_client")
	case r.PostForm.Get("client_assertion_type") != "urn:ietf:params:oauth:client-assertion-type:jwt-bearer" || !s.signed(r.PostForm.Get("client_assertion")):
		refuse("invalid_client")
	}
	s.calls = append(s.calls, Call{At: s.clock.Now(), Method: r.Method, Path: r.URL.Path, Query: r.PostForm.Get("scope"), Status: status, Host: r.Host})
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(body)
}
