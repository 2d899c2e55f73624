package redis

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"syscall"

	goredis "github.com/redis/go-redis/v9"
)

// ErrAway is what errors are when the server cannot be reached or cannot work now.
var ErrAway = errors.New("the server is away")

// answers are what servers refuse calls with, by how the refusal begins. Text of
// a server is never shown: it may repeat the command, and the password with it.
var answers = []struct {
	begins, means string
	away          bool
}{
	{"LOADING", "it is still loading its data", true},
	{"READONLY", "it is a replica that takes no writes", true},
	{"MASTERDOWN", "it is a replica that lost its master", true},
	{"CLUSTERDOWN", "the cluster is down", true},
	{"TRYAGAIN", "the cluster is moving keys", true},
	{"BUSY", "it is busy with a script", true},
	{"ERR max number of clients", "it has no room for another client", true},
	{"NOAUTH", "it asks for a password", false},
	{"WRONGPASS", "it does not take this user and password", false},
	{"ERR invalid password", "it does not take this password", false},
	{"ERR AUTH", "it has no password set, but the URL gives one", false},
	{"ERR Client sent AUTH", "it has no password set, but the URL gives one", false},
	{"NOPERM", "this user may not do that", false},
	{"OOM", "its memory is full", false},
	{"MISCONF", "it takes no writes, for it cannot save to its disk", false},
	{"NOREPLICAS", "it takes no writes, for it has too few replicas", false},
	{"WRONGTYPE", "a key of ours holds a value that is not ours", false},
	{"DENIED", "it is in protected mode", false},
	{"ERR DB index", "it has no database of this number", false},
	{"ERR SELECT", "it has no database of this number", false},
	{"ERR invalid DB index", "it has no database of this number", false},
	{"ERR syntax error", "it does not know a form of a command: Redis 7.0 or later is needed", false},
	{"ERR unknown command", "it does not know a command: Redis 7.0 or later is needed", false},
	{"ERR This instance has cluster support disabled", "it is not part of a cluster", false},
	{"MOVED", "it is part of a cluster: the URL should begin with redis+cluster", false},
	{"ERR Error running script", "a script failed", false},
}

// isNone reports whether err is the answer "there is none", and not an error
// around it: for a master that no sentinel knows the library wraps the same one.
func isNone(err error) bool {
	return errors.Is(err, goredis.Nil) && err.Error() == goredis.Nil.Error()
}

// explain says in plain words why a call failed, and whether the server is to
// be taken for away.
func explain(err error) (reason string, away bool) {
	if errors.Is(err, goredis.Nil) {
		return "no sentinel knows a master of this name", true
	}
	var refused goredis.Error
	if errors.As(err, &refused) {
		text := refused.Error()
		for _, a := range answers {
			if strings.HasPrefix(text, a.begins) {
				return a.means, a.away
			}
		}
		return "it refuses", false
	}
	var dns *net.DNSError
	var op *net.OpError
	var timeout net.Error
	var cert *tls.CertificateVerificationError
	var record tls.RecordHeaderError
	switch {
	case errors.Is(err, goredis.ErrClosed):
		return "the connection was closed by us", false
	case errors.As(err, &cert):
		return "its certificate is not trusted", true
	case errors.As(err, &record):
		return "it does not speak TLS", true
	case errors.As(err, &dns):
		return "its name cannot be resolved", true
	case errors.Is(err, syscall.ECONNREFUSED):
		return "nobody listens there", true
	case errors.Is(err, goredis.ErrPoolTimeout):
		return "all connections are in use", true
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, os.ErrDeadlineExceeded),
		errors.As(err, &timeout) && timeout.Timeout():
		return "it does not answer in time", true
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, net.ErrClosed),
		errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE):
		return "it closed the connection", true
	case errors.As(err, &op):
		return "it cannot be reached", true
	case strings.HasPrefix(err.Error(), "redis: all sentinels"):
		return "no sentinel knows the master", true
	}
	return "it cannot be used", true
}
