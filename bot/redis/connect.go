package redis

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"net"
	"time"

	goredis "github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/logging"
	"github.com/redis/go-redis/v9/maintnotifications"
)

const (
	poolSize     = 32 // connections to one server; a call waits for one when all are in use
	idleTime     = 5 * time.Minute
	firstBackoff = 8 * time.Millisecond
	lastBackoff  = 128 * time.Millisecond
)

// connect makes a client. Nothing is dialled before the first call.
func connect(a address, l limits, roots *x509.CertPool) goredis.UniversalClient {
	// The library writes lines of its own to standard error, for the whole
	// process. All that matters is in the errors it returns.
	goredis.SetLogger(&logging.VoidLogger{})
	o := &goredis.UniversalOptions{
		Addrs: a.hosts, DB: a.db, Username: a.user, Password: a.password,
		MasterName: a.master, SentinelUsername: a.sentinelUser, SentinelPassword: a.sentinelPassword,
		Dialer:   dialer(a.tls, l.dial, roots),
		Protocol: 2, DisableIdentity: true, // nothing of RESP3 is used, and 7.0 knows no identity
		MaxRetries: 1, MinRetryBackoff: firstBackoff, MaxRetryBackoff: lastBackoff, MaxRedirects: 3,
		DialTimeout: l.dial, DialerRetries: 1, ReadTimeout: l.io, WriteTimeout: l.io, ContextTimeoutEnabled: true,
		PoolSize: poolSize, MaxActiveConns: poolSize, PoolTimeout: l.io, ConnMaxIdleTime: idleTime,
		PipelinePoolSize:         -1,
		MaintNotificationsConfig: &maintnotifications.Config{Mode: maintnotifications.ModeDisabled},
	}
	switch a.kind {
	case sentinel:
		return goredis.NewFailoverClient(o.Failover())
	case cluster:
		o.MaxRetries = -1 // redirects count the tries of a cluster
		return goredis.NewClusterClient(o.Cluster())
	default:
		return goredis.NewClient(o.Simple())
	}
}

// dialer dials with the context, which the library's own does not do for TLS.
func dialer(secure bool, timeout time.Duration, roots *x509.CertPool) func(context.Context, string, string) (net.Conn, error) {
	plain := &net.Dialer{Timeout: timeout, KeepAliveConfig: net.KeepAliveConfig{Enable: true, Idle: time.Minute, Interval: 15 * time.Second, Count: 4}}
	if !secure {
		return plain.DialContext
	}
	return (&tls.Dialer{NetDialer: plain, Config: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}}).DialContext
}
