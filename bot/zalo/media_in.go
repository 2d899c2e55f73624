package zalo

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"syscall"
	"time"

	"cchcbot/bot"
)

// MaxFetch is the largest attachment that is read, in bytes.
const MaxFetch = 20 << 20

const fetchTimeout = 30 * time.Second

// mediaHosts are the ends of the names of hosts that keep what citizens send.
// They come from addresses that operators saw; no page of Zalo lists them.
var mediaHosts = []string{".zdn.vn", ".zadn.vn", ".zaloapp.com", ".zalo.me", ".zaloplatforms.com"}

// fetchable reports whether an attachment's address is one that is opened.
func fetchable(address string) bool {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "https" || u.User != nil || u.Port() != "" {
		return false
	}
	host := strings.ToLower(u.Hostname())
	for _, end := range mediaHosts {
		if strings.HasSuffix(host, end) {
			return true
		}
	}
	return false
}

var errPrivate = errors.New("zalo: an attachment's address leads into a private network")

// mediaClient fetches attachments. It connects to public addresses only: a name
// under Zalo's could still be made to lead somewhere else.
func mediaClient(given *http.Client) *http.Client {
	c := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	if given != nil && given.Transport != nil {
		c.Transport = given.Transport
		return c
	}
	d := &net.Dialer{Timeout: 10 * time.Second, Control: func(_, address string, _ syscall.RawConn) error {
		a, err := netip.ParseAddrPort(address)
		if err != nil || !publicAddr(a.Addr().Unmap()) {
			return errPrivate
		}
		return nil
	}}
	c.Transport = &http.Transport{DialContext: d.DialContext, TLSHandshakeTimeout: 10 * time.Second, ForceAttemptHTTP2: true}
	return c
}

func publicAddr(a netip.Addr) bool {
	return a.IsGlobalUnicast() && !a.IsPrivate() && !a.IsLoopback() && !a.IsLinkLocalUnicast()
}

// Fetch opens what a citizen sent. Zalo keeps it for a time that nobody names:
// it is fetched soon or not at all.
func (o *OA) Fetch(ctx context.Context, m bot.Media) (io.ReadCloser, error) {
	if !fetchable(m.Ref) {
		return nil, &bot.Error{Code: bot.Invalid, Detail: "the attachment has no address of Zalo"}
	}
	ctx, cancel := context.WithTimeout(ctx, fetchTimeout)
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, m.Ref, http.NoBody)
	if err != nil {
		cancel()
		return nil, &bot.Error{Code: bot.Invalid, Detail: "the attachment's address cannot be opened"}
	}
	resp, err := o.media.Do(req) //nolint:bodyclose // the caller closes it, through body
	if err != nil {
		cancel()
		return nil, bare(err)
	}
	switch {
	case resp.StatusCode == http.StatusNotFound || resp.StatusCode == http.StatusGone || resp.StatusCode == http.StatusForbidden:
		err = &bot.Error{Code: bot.NotFound, Detail: "Zalo no longer has the attachment"}
	case resp.StatusCode != http.StatusOK:
		err = errors.New("zalo: the attachment cannot be fetched now")
	case resp.ContentLength > MaxFetch:
		err = &bot.Error{Code: bot.Invalid, Detail: "the attachment is too large"}
	}
	if err != nil {
		cancel()
		return nil, errors.Join(err, resp.Body.Close())
	}
	return &body{Reader: io.LimitReader(resp.Body, MaxFetch), close: func() error { defer cancel(); return resp.Body.Close() }}, nil
}

type body struct {
	io.Reader
	close func() error
}

func (b *body) Close() error { return b.close() }
