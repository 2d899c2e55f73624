package redis

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

type kind int

const (
	single kind = iota
	sentinel
	cluster
)

// address is what a URL says.
type address struct {
	kind                           kind
	tls                            bool
	hosts                          []string // host:port
	user, password                 string
	db                             int
	master                         string
	sentinelUser, sentinelPassword string
}

// Limits of a URL.
const (
	maxURL    = 2048
	maxHosts  = 16
	maxDB     = 999
	maxSecret = 512
)

var schemes = map[string]address{
	"redis": {kind: single}, "rediss": {kind: single, tls: true},
	"redis+sentinel": {kind: sentinel}, "rediss+sentinel": {kind: sentinel, tls: true},
	"redis+cluster": {kind: cluster}, "rediss+cluster": {kind: cluster, tls: true},
}

// parse reads a URL. What is wrong is told without a part of the URL, for a
// password that was not encoded may end up in any of its parts.
func parse(raw string) (address, error) {
	a, err := parseURL(raw)
	if err != nil {
		return address{}, fmt.Errorf("redis: the URL %w", err)
	}
	return a, nil
}

func parseURL(raw string) (a address, err error) {
	if raw == "" || len(raw) > maxURL {
		return a, fmt.Errorf("is empty or longer than %d bytes", maxURL)
	}
	for _, b := range []byte(raw) {
		if b <= ' ' || b >= 0x7f || b == '#' || b == '\\' {
			return a, errors.New("holds a space or another character that must be percent-encoded")
		}
	}
	scheme, rest, _ := strings.Cut(raw, "://")
	a, ok := schemes[scheme]
	if !ok {
		return a, errors.New("does not begin with redis://, rediss://, redis+sentinel:// or redis+cluster://")
	}
	rest, options, hasOptions := strings.Cut(rest, "?")
	rest, db, hasDB := strings.Cut(rest, "/")
	if i := strings.LastIndexByte(rest, '@'); i >= 0 {
		if a.user, a.password, err = parseLogin(rest[:i]); err != nil {
			return a, err
		}
		rest = rest[i+1:]
	}
	if a.hosts, err = parseHosts(rest, a.kind); err != nil {
		return a, err
	}
	if hasDB && db != "" {
		n, err := strconv.Atoi(db)
		if err != nil || n < 0 || n > maxDB || strconv.Itoa(n) != db {
			return a, fmt.Errorf("has after its host something else than the number of a database, 0 to %d", maxDB)
		}
		if a.kind == cluster && n != 0 {
			return a, errors.New("names a database, but a cluster has only number 0")
		}
		a.db = n
	}
	if hasOptions {
		if err := a.parseOptions(options); err != nil {
			return a, err
		}
	}
	if a.kind == sentinel && a.master == "" {
		return a, errors.New("needs ?master=NAME: the name under which the sentinels know the master")
	}
	return a, nil
}

func parseLogin(s string) (user, password string, err error) {
	u, p, ok := strings.Cut(s, ":")
	if !ok || p == "" {
		return "", "", errors.New("has something before the @ that is not user:password or :password")
	}
	if strings.ContainsAny(s, "@") {
		return "", "", errors.New("has an @ in the password, which must be written as %40")
	}
	if user, err = unescape(u); err != nil {
		return "", "", err
	}
	password, err = unescape(p)
	return user, password, err
}

// unescape decodes without saying what it could not decode.
func unescape(s string) (string, error) {
	v, err := url.PathUnescape(s)
	if err != nil {
		return "", errors.New("has a % that is not followed by two hexadecimal digits; a % itself is written as %25")
	}
	if len(v) > maxSecret {
		return "", fmt.Errorf("has a user, password or option of more than %d bytes", maxSecret)
	}
	return v, nil
}

func parseHosts(s string, k kind) ([]string, error) {
	port := "6379"
	if k == sentinel {
		port = "26379"
	}
	if k == single && strings.Contains(s, ",") {
		return nil, errors.New("has several hosts: it should begin with redis+sentinel or redis+cluster")
	}
	if strings.Count(s, ",") >= maxHosts {
		return nil, fmt.Errorf("has more than %d hosts", maxHosts)
	}
	var hosts []string
	for part := range strings.SplitSeq(s, ",") {
		host, err := parseHost(part, port)
		if err != nil {
			return nil, err
		}
		if slices.Contains(hosts, host) {
			return nil, errors.New("has the same host twice")
		}
		hosts = append(hosts, host)
	}
	return hosts, nil
}

var errHost = errors.New("has a host that is no name or address, or a port that is not 1 to 65535; a password with / ? # or @ must be percent-encoded")

func parseHost(s, port string) (string, error) {
	host := s
	if strings.HasPrefix(s, "[") {
		end := strings.IndexByte(s, ']')
		if end < 0 {
			return "", errHost
		}
		ip, err := netip.ParseAddr(s[1:end])
		if err != nil || !ip.Is6() || ip.Zone() != "" {
			return "", errHost
		}
		host = ip.String()
		if s = s[end+1:]; s != "" {
			if !strings.HasPrefix(s, ":") {
				return "", errHost
			}
			port = s[1:]
		}
	} else {
		if h, p, ok := strings.Cut(s, ":"); ok {
			host, port = h, p
		}
		if host = strings.ToLower(host); !only(host, 253, "-_.") {
			return "", errHost
		}
	}
	n, err := strconv.Atoi(port)
	if err != nil || n < 1 || n > 65535 || strconv.Itoa(n) != port {
		return "", errHost
	}
	return net.JoinHostPort(host, port), nil
}

// only reports whether s has 1 to limit bytes of a-z, 0-9 and those of more.
func only(s string, limit int, more string) bool {
	if s == "" || len(s) > limit {
		return false
	}
	for _, b := range []byte(s) {
		if (b < 'a' || b > 'z') && (b < '0' || b > '9') && strings.IndexByte(more, b) < 0 {
			return false
		}
	}
	return true
}

func (a *address) parseOptions(s string) error {
	to := map[string]*string{}
	if a.kind == sentinel {
		to = map[string]*string{"master": &a.master, "sentinel_user": &a.sentinelUser, "sentinel_password": &a.sentinelPassword}
	}
	for part := range strings.SplitSeq(s, "&") {
		name, value, _ := strings.Cut(part, "=")
		field := to[name]
		switch {
		case field == nil && a.kind == sentinel:
			return errors.New("has an option that is not known, or one twice; known are master, sentinel_user and sentinel_password")
		case field == nil:
			return errors.New("has an option, but only redis+sentinel takes some; a ? in the password must be written as %3F")
		}
		v, err := unescape(value)
		if err != nil {
			return err
		}
		if v == "" {
			return errors.New("has an option without a value")
		}
		*field = v
		delete(to, name)
	}
	if !only(strings.ToLower(a.master), 64, "-_.") && a.master != "" {
		return errors.New("has a name of the master that is not 1 to 64 letters, digits, dots, - and _")
	}
	if a.sentinelUser != "" && a.sentinelPassword == "" {
		return errors.New("has a sentinel_user without a sentinel_password")
	}
	return nil
}

// String is the URL without users and passwords.
func (a address) String() string {
	var b strings.Builder
	for scheme, like := range schemes {
		if like.kind == a.kind && like.tls == a.tls {
			b.WriteString(scheme)
		}
	}
	b.WriteString("://" + strings.Join(a.hosts, ","))
	if a.kind != cluster {
		fmt.Fprintf(&b, "/%d", a.db)
	}
	if a.master != "" {
		b.WriteString("?master=" + a.master)
	}
	return b.String()
}
