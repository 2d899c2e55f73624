package zalo

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"cchcbot/bot"
	"cchcbot/bot/fetch"
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

// mediaClient fetches attachments. It connects to public addresses only: a name
// under Zalo's could still be made to lead somewhere else.
func mediaClient(given *http.Client) *http.Client {
	c := fetch.New(fetch.Options{})
	if given != nil && given.Transport != nil {
		c.Transport = given.Transport
	}
	return c
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
		err = tooLarge()
	}
	if err != nil {
		cancel()
		return nil, errors.Join(err, resp.Body.Close())
	}
	return &body{from: resp.Body, left: MaxFetch, cancel: cancel}, nil
}

func tooLarge() error { return &bot.Error{Code: bot.Invalid, Detail: "the attachment is too large"} }

// body is a file on its way, of at most left bytes: one that is longer fails, for cut off
// it would pass for whole.
type body struct {
	from   io.ReadCloser
	left   int64
	cancel context.CancelFunc
}

func (b *body) Read(p []byte) (int, error) {
	if int64(len(p)) > b.left+1 {
		p = p[:b.left+1]
	}
	n, err := b.from.Read(p)
	b.left -= int64(n)
	if b.left < 0 {
		return 0, tooLarge()
	}
	return n, err
}

func (b *body) Close() error {
	defer b.cancel()
	return b.from.Close()
}
