package ldap

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"time"

	ber "github.com/go-asn1-ber/asn1-ber"
	ldapv3 "github.com/go-ldap/ldap/v3"

	"leasehold/pkg/connector"
	"leasehold/pkg/connector/outbound"
	"leasehold/pkg/entitlement"
)

// callTime bounds one method, whatever the directory answers.
const callTime = 20 * time.Second

var errOther = errors.New("the directory answered with something else than was asked for")

// session is a connection that is bound, for the questions of one method.
type session struct {
	c    *Connector
	ask  outbound.Operation
	conn *ldapv3.Conn
}

// within opens a connection, binds, and closes it after what is done in it.
func (c *Connector) within(ctx context.Context, ask outbound.Operation, do func(*session) error) error {
	ctx, cancel := context.WithTimeout(ctx, c.limit)
	defer cancel()

	raw, err := c.dialer.Dial(ctx, c.at.host, c.at.port)
	if err != nil {
		return unreached(ask, err)
	}
	defer raw.Close()

	// Who gave up, or whose time is over, waits for no answer.
	defer context.AfterFunc(ctx, func() { raw.Close() })()

	conn, err := c.secure(ctx, raw)
	if err != nil {
		return unreached(ask, err)
	}
	defer conn.Close()

	s := &session{c: c, ask: ask, conn: conn}
	if err := conn.Bind(c.login.bindDN, c.login.password); err != nil {
		return s.failed(err)
	}
	return do(s)
}

// secure makes the connection one over TLS, to the host whose name is in the address.
func (c *Connector) secure(ctx context.Context, raw net.Conn) (*ldapv3.Conn, error) {
	if c.at.startTLS {
		if err := startTLS(raw); err != nil {
			return nil, err
		}
	}

	over := tls.Client(raw, &tls.Config{ServerName: c.at.host, RootCAs: c.login.authorities, MinVersion: tls.VersionTLS12})
	if err := over.HandshakeContext(ctx); err != nil {
		return nil, err
	}
	conn := ldapv3.NewConn(&messages{Conn: over}, true)
	conn.SetTimeout(outbound.Timeout)
	conn.Start()
	return conn, nil
}

// startRequest is the extended request of StartTLS (RFC 4511, 4.14.1).
const startRequest = "\x30\x1d\x02\x01\x01\x77\x18\x80\x161.3.6.1.4.1.1466.20037"

// startTLS asks for it. What came in the clear behind the answer is part of nothing.
func startTLS(raw net.Conn) error {
	if _, err := raw.Write([]byte(startRequest)); err != nil {
		return err
	}
	message, err := (&messages{Conn: raw}).next()
	if err != nil {
		return err
	}
	answer, err := ber.DecodePacketErr(message)
	if err != nil {
		return err
	}
	return ldapv3.GetLDAPError(answer)
}

// code returns the result code of an error, and 0 of one that is no answer of a directory.
func code(err error) uint16 {
	result, is := errors.AsType[*ldapv3.Error](err)
	if !is || result.ResultCode >= ldapv3.ErrorNetwork {
		return 0
	}
	return result.ResultCode
}

// result is what is kept of an error for logs: a directory's own words may name a person.
func result(err error) error {
	if n := code(err); n != 0 {
		return fmt.Errorf("LDAP result code %d", n)
	}
	if result, is := errors.AsType[*ldapv3.Error](err); is && result.Err != nil {
		return fmt.Errorf("LDAP: %w", result.Err)
	}
	return err
}

// unreached returns the error of a connection that did not come about.
func unreached(ask outbound.Operation, err error) error {
	var certificate *tls.CertificateVerificationError
	switch {
	case errors.Is(err, outbound.ErrRefused):
		refusal := &connector.Refusal{Reason: connector.RefusedByTarget, Permanent: true,
			Detail: "The directory's address is not a public one with port 389 or 636, and not one of the private addresses that this deployment allows (internalTargets)."}
		return connector.Fail(entitlement.Invalid, ask.Op, refusal, err)
	case errors.As(err, &certificate):
		refusal := &connector.Refusal{Reason: connector.TargetUnavailable,
			Detail: "The directory's certificate is not valid for the host in the address, or is from an authority that is not known: name that as certificateAuthority in the credential."}
		return connector.Fail(entitlement.Unavailable, ask.Op, refusal, errors.New("certificate not accepted"))
	}
	return ask.Unanswered(result(err))
}

// failed returns the error of a question that was answered with one, or not at all.
func (s *session) failed(err error) error {
	n := code(err)
	refusal := &connector.Refusal{Reason: connector.TargetUnavailable}
	kind := entitlement.Unavailable

	switch n {
	case 0:
		return s.ask.Unanswered(result(err))
	case ldapv3.LDAPResultInvalidCredentials, ldapv3.LDAPResultInappropriateAuthentication, ldapv3.LDAPResultStrongAuthRequired,
		ldapv3.LDAPResultInsufficientAccessRights, ldapv3.LDAPResultAuthMethodNotSupported:
		kind, refusal.Reason, refusal.Permanent = entitlement.Forbidden, connector.CredentialRefused, true
		refusal.Detail = fmt.Sprintf("The directory does not accept our credential: asked %s, it answered result code %d. Give the connector a credential that may do this.", s.ask.What, n)
	case ldapv3.LDAPResultBusy, ldapv3.LDAPResultAdminLimitExceeded:
		kind, refusal.Reason = entitlement.Throttled, connector.TargetThrottled
		refusal.Detail = "The target asks us to slow down."
	case ldapv3.LDAPResultReferral:
		refusal.Reason = connector.NotUnderstood
		refusal.Detail = fmt.Sprintf("The directory sends us to another server, which is not followed: asked %s, it answered result code %d. Where that lasts, register that server instead.", s.ask.What, n)
	case ldapv3.LDAPResultNoSuchObject:
		refusal.Reason = connector.NotUnderstood
		refusal.Detail = fmt.Sprintf("The directory shows no entry by the name in the connector's address, or shows it to others: asked %s, it answered result code %d. Where that lasts, check the address.", s.ask.What, n)
	default:
		refusal.Detail = fmt.Sprintf("The directory could not do this: asked %s, it answered result code %d.", s.ask.What, n)
	}
	return connector.Fail(kind, s.ask.Op, refusal, result(err))
}

// strange returns the error of an answer that is not one to what was asked.
func (s *session) strange(cause error) error {
	refusal := &connector.Refusal{Reason: connector.NotUnderstood, Detail: fmt.Sprintf(
		"The directory's answer could not be understood: asked %s, it answered with something else. Where that lasts, check the connector's address and what its account may read.", s.ask.What)}
	return connector.Fail(entitlement.Unavailable, s.ask.Op, refusal, cause)
}
