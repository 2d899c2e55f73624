package redis

import (
	"net/url"
	"reflect"
	"strings"
	"testing"
)

func TestURLs(t *testing.T) {
	for _, c := range []struct {
		url  string
		want address
		text string
	}{
		{"redis://redis", address{hosts: []string{"redis:6379"}}, "redis://redis:6379/0"},
		{"redis://127.0.0.1:7000/3", address{hosts: []string{"127.0.0.1:7000"}, db: 3}, "redis://127.0.0.1:7000/3"},
		{"redis://h/", address{hosts: []string{"h:6379"}}, "redis://h:6379/0"},
		{"rediss://:p%40ss@H.example.vn", address{tls: true, hosts: []string{"h.example.vn:6379"}, password: "p@ss"}, "rediss://h.example.vn:6379/0"},
		{"redis://bot:a:b+c@my_redis:1", address{hosts: []string{"my_redis:1"}, user: "bot", password: "a:b+c"}, "redis://my_redis:1/0"},
		{"redis://[0::1]:65535", address{hosts: []string{"[::1]:65535"}}, "redis://[::1]:65535/0"},
		{
			"redis+sentinel://u:p@a,b:26380/2?master=Main.1&sentinel_user=s&sentinel_password=%26%3D",
			address{
				kind: sentinel, hosts: []string{"a:26379", "b:26380"}, user: "u", password: "p", db: 2,
				master: "Main.1", sentinelUser: "s", sentinelPassword: "&=",
			},
			"redis+sentinel://a:26379,b:26380/2?master=Main.1",
		},
		{"rediss+cluster://:p@a:1,b:2/0", address{kind: cluster, tls: true, hosts: []string{"a:1", "b:2"}, password: "p"}, "rediss+cluster://a:1,b:2"},
	} {
		got, err := parse(c.url)
		if err != nil || !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: %+v, %v; want %+v", c.url, got, err, c.want)
		}
		if got.String() != c.text {
			t.Errorf("%s is told as %s, want %s", c.url, got, c.text)
		}
	}
}

func TestURLsThatAreRefused(t *testing.T) {
	for _, c := range []struct{ url, want string }{
		{"", "empty"},
		{strings.Repeat("x", maxURL+1), "longer than"},
		{"redis.example.vn:6379", "does not begin with"},
		{"http://h", "does not begin with"},
		{"REDIS://h", "does not begin with"},
		{"redis://h h", "a space"},
		{"redis://:s3cret#@h", "must be percent-encoded"},
		{"redis://:s3crét@h", "must be percent-encoded"},
		{"redis://", "a host"},
		{"redis://h:", "a port"},
		{"redis://h:0", "a port"},
		{"redis://h:65536", "a port"},
		{"redis://h:+1", "a port"},
		{"redis://h:01", "a port"},
		{"redis://:s3cret/x@h:6379", "percent-encoded"},
		{"redis://:s3cret@x@h:6379", "%40"},
		{"redis://:s3cret%zz@h", "%25"},
		{"redis://:s3cret?x@h", "percent-encoded"},
		{"redis://s3cret@h", "user:password"},
		{"redis://user:@h", "user:password"},
		{"redis://:" + strings.Repeat("s3cret", 100) + "@h", "512"},
		{"redis://::1", "a host"},
		{"redis://[::1", "a host"},
		{"redis://[::1]6379", "a host"},
		{"redis://[127.0.0.1]", "a host"},
		{"redis://[fe80::1%25eth0]", "a host"},
		{"redis://a,b", "several hosts"},
		{"redis+cluster://a,", "a host"},
		{"redis+cluster://a,A:6379", "twice"},
		{"redis+cluster://" + strings.Repeat("h,", maxHosts) + "h", "more than 16"},
		{"redis+cluster://a/1", "only number 0"},
		{"redis://h/x", "number of a database"},
		{"redis://h/-1", "number of a database"},
		{"redis://h/1000", "number of a database"},
		{"redis://h/0/1", "number of a database"},
		{"redis://h?db=1", "only redis+sentinel"},
		{"redis+sentinel://h", "master=NAME"},
		{"redis+sentinel://h?master=", "without a value"},
		{"redis+sentinel://h?master=a&master=b", "twice"},
		{"redis+sentinel://h?master=a&", "not known"},
		{"redis+sentinel://h?master=a&s3cret=b", "not known"},
		{"redis+sentinel://h?master=a%20b", "name of the master"},
		{"redis+sentinel://h?master=a&sentinel_user=s3cret", "without a sentinel_password"},
	} {
		s, err := New(Options{URL: c.url})
		if err == nil || s != nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%.80q: %v, want %q", c.url, err, c.want)
			continue
		}
		if strings.Contains(err.Error(), "s3cr") {
			t.Errorf("%v shows the password", err)
		}
	}
}

func TestPrefixes(t *testing.T) {
	for _, prefix := range []string{"A", "a:b", "{a}", "a b", strings.Repeat("a", 33)} {
		if _, err := New(Options{URL: "redis://h", Prefix: prefix}); err == nil {
			t.Errorf("prefix %q is taken", prefix)
		}
	}
}

// FuzzURL checks that no URL panics or shows its password, that what is taken is
// taken again from its own text, and that every encoded login comes through.
func FuzzURL(f *testing.F) {
	for _, s := range []string{
		"redis://h", "rediss://u:p@[::1]:1/2", "redis+sentinel://a,b:1/2?master=m&sentinel_user=s&sentinel_password=p",
		"redis+cluster://:p@a,b", "redis://:p%@h", "redis://[", "redis://u:p@h?x=%zz",
	} {
		f.Add(s, "p@ss:/?#[]%40,&= wörd")
	}
	f.Fuzz(func(t *testing.T, raw, password string) {
		if a, err := parse(raw); err == nil {
			b, err := parse(a.String())
			if err != nil {
				t.Fatalf("%q is told as %q: %v", raw, a, err)
			}
			a.user, a.password, a.sentinelUser, a.sentinelPassword = "", "", "", ""
			if !reflect.DeepEqual(a, b) {
				t.Fatalf("%q is told as %q: %+v, then %+v", raw, a, a, b)
			}
			if n := len(a.hosts); n == 0 || n > maxHosts {
				t.Fatalf("%q has %d hosts", raw, n)
			}
		}
		if password == "" || len(password) > maxSecret {
			return
		}
		for _, base := range []string{"redis://user:%s@h:1/2", "redis+sentinel://h?master=m&sentinel_password=%s"} {
			encoded := strings.Replace(base, "%s", strings.ReplaceAll(url.QueryEscape(password), "+", "%20"), 1)
			a, err := parse(encoded)
			if err != nil && len(encoded) <= maxURL {
				t.Fatalf("%q: %v", encoded, err)
			}
			if err == nil && a.password+a.sentinelPassword != password {
				t.Fatalf("%q came through as %q", password, a.password+a.sentinelPassword)
			}
			// As careless people write it. Long enough not to be in a sentence by chance.
			marked := "Zq7" + password + "Zq7"
			if _, err := parse(strings.Replace(base, "%s", marked, 1)); err != nil && strings.Contains(err.Error(), "Zq7") {
				t.Fatalf("%v shows a part of the password", err)
			}
		}
	})
}
