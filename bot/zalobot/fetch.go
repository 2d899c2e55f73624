package zalobot

import (
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"cchcbot/bot"
	"cchcbot/bot/fetch"
)

// MaxFetch is the largest attachment that is fetched, in bytes.
const MaxFetch = 20 << 20

// fetchTimeout is how long fetching one may take.
const fetchTimeout = 2 * time.Minute

// maxAddress bounds an address of an attachment, in bytes.
const maxAddress = 2048

// refPrefix marks handles of attachments: what follows is the address that the
// platform named, encoded, so that nobody takes it for an address of ours.
const refPrefix = "zb-"

// refOf is the handle of an attachment at an address, "" when there is no
// address that may be fetched.
func refOf(address string) string {
	if len(address) > maxAddress || !public(address) {
		return ""
	}
	return refPrefix + base64.RawURLEncoding.EncodeToString([]byte(address))
}

// addressOf is the address in a handle of refOf's.
func addressOf(ref string) (string, bool) {
	code, ok := strings.CutPrefix(ref, refPrefix)
	if !ok || len(code) > 2*maxAddress {
		return "", false
	}
	raw, err := base64.RawURLEncoding.DecodeString(code)
	if err != nil || !public(string(raw)) {
		return "", false
	}
	return string(raw), true
}

// public reports whether an address is https on a host that everybody may
// reach, as far as its name tells.
func public(address string) bool { return fetch.Options{}.Check(address) == nil }

// maxHops is how many redirects are followed.
const maxHops = 3

// fileClient is the client for attachments: given, or one that connects to
// public addresses only, whatever a name resolves to.
func fileClient(given *http.Client) *http.Client {
	own := fetch.New(fetch.Options{Hops: maxHops})
	if given == nil {
		return own
	}
	c := *given
	c.Timeout, c.Jar, c.CheckRedirect = 0, nil, own.CheckRedirect
	return &c
}

// Fetch opens an attachment that a citizen sent. It fails with an *bot.Error
// Invalid when the file is larger than MaxFetch, and NotFound when there is none
// or the platform does not hand it out any more: how long its addresses live is
// not documented.
func (b *Bot) Fetch(ctx context.Context, m bot.Media) (io.ReadCloser, error) {
	address, ok := addressOf(m.Ref)
	if !ok {
		return nil, &bot.Error{Code: bot.NotFound, Detail: "the attachment is no file of Zalo's"}
	}
	ctx, cancel := context.WithTimeout(ctx, fetchTimeout)
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		cancel()
		return nil, &bot.Error{Code: bot.NotFound, Detail: "the address of the attachment makes no sense"}
	}
	resp, err := b.files.Do(req) //nolint:bodyclose // the caller closes it, through fetched
	if err != nil {
		cancel()
		return nil, fmt.Errorf("zalobot: fetching an attachment: %w", fetch.Bare(err))
	}
	f := &fetched{body: resp.Body, left: MaxFetch, cancel: cancel}
	switch {
	case resp.StatusCode == http.StatusOK && resp.ContentLength <= MaxFetch:
		return f, nil
	case resp.StatusCode == http.StatusOK:
		err = tooLarge()
	case resp.StatusCode == http.StatusForbidden, resp.StatusCode == http.StatusNotFound, resp.StatusCode == http.StatusGone:
		err = &bot.Error{Code: bot.NotFound, Detail: "Zalo does not have the file any more"}
	default:
		err = fmt.Errorf("zalobot: fetching an attachment: HTTP %d", resp.StatusCode)
	}
	_ = f.Close() // nothing of it was read
	return nil, err
}

func tooLarge() error {
	return &bot.Error{Code: bot.Invalid, Detail: "the file is larger than the 20 MB that are fetched"}
}

// fetched is a file on its way, of at most left bytes.
type fetched struct {
	body   io.ReadCloser
	left   int64
	cancel context.CancelFunc
}

func (f *fetched) Read(p []byte) (int, error) {
	if int64(len(p)) > f.left+1 {
		p = p[:f.left+1]
	}
	n, err := f.body.Read(p)
	f.left -= int64(n)
	if f.left < 0 {
		return 0, tooLarge()
	}
	return n, err
}

func (f *fetched) Close() error {
	defer f.cancel()
	return f.body.Close()
}
