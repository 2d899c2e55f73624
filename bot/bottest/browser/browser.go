// Package browser drives Chromium in tests the way a person does: it looks until
// the page shows what is awaited, and acts on a page that has settled.
//
// A page may go away at any moment: a form was sent, a link was followed. So no
// look is taken once only. What is awaited has [Patience]; a step fails the test
// with the last words of the page.
//
// Chromium is /usr/bin/chromium, or where CHROMIUM says.
package browser

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
)

// Patience is how long one step may take. It is long because a machine that tests
// does other things too; nothing waits it out but a test that fails.
const Patience = time.Minute

// Tab is one tab of a browser of its own.
type Tab struct {
	// T is the test that fails; a walk of several subtests sets it to each.
	T testing.TB

	ctx context.Context
}

// leaving notes in a page that it is being left, until the next one is there. Who
// pressed a button that sends a form would otherwise still see the old page, and
// believe it. A page that is only left for a download stays: so the note ages.
const leaving = `addEventListener('beforeunload', () => { window.browserLeaves = Date.now() })`

const settled = `document.readyState === 'complete' && !(Date.now() - (window.browserLeaves ?? 0) < 20000)`

// New starts a browser that ends with the test. opts listen to the tab from its start.
func New(t testing.TB, opts ...chromedp.ContextOption) *Tab {
	t.Helper()
	path := os.Getenv("CHROMIUM")
	if path == "" {
		path = "/usr/bin/chromium"
	}
	// What cleans up needs the browser after the context of the test has ended.
	ctx, kill := chromedp.NewExecAllocator(context.WithoutCancel(t.Context()), append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.DisableGPU, chromedp.Headless, chromedp.NoFirstRun,
		chromedp.Flag("disable-component-update", true), chromedp.UserDataDir(t.TempDir()))...)
	t.Cleanup(kill)
	ctx, _ = chromedp.NewContext(ctx, opts...)
	b := &Tab{T: t, ctx: ctx}
	// The first steps start the browser, which lives as long as their context.
	if err := chromedp.Do(ctx, chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
		_, err := cdp.Call(ctx, target, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: leaving})
		return err
	})); err != nil {
		t.Fatalf("Chromium as %s: %v", path, err)
	}
	t.Cleanup(func() {
		if err := chromedp.Cancel(ctx); err != nil {
			t.Error(err)
		}
	})
	return b
}

// Do takes steps, each with patience.
func (b *Tab) Do(steps ...chromedp.Action[chromedp.Void]) {
	b.T.Helper()
	for _, s := range steps {
		ctx, stop := context.WithTimeout(b.ctx, Patience)
		err := chromedp.Do(ctx, s)
		stop()
		if err != nil {
			b.T.Fatalf("%v; the page ends with %q", err, b.end())
		}
	}
}

// Open goes to an address and waits until the page is there.
func (b *Tab) Open(url string) {
	b.T.Helper()
	b.Do(chromedp.Navigate(url))
	b.Settle()
}

// Settle waits until the page is whole and not about to be left.
func (b *Tab) Settle() {
	b.T.Helper()
	b.until(settled)
}

// Until waits until an expression holds on a page that has settled. An expression
// that throws does not hold yet.
func (b *Tab) Until(js string) {
	b.T.Helper()
	b.until(settled + " && (" + js + ")")
}

func (b *Tab) until(js string) {
	b.T.Helper()
	script := fmt.Sprintf(`(() => { try { return Boolean(%s) } catch { return false } })()`, js)
	var err error
	for end := time.Now().Add(Patience); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		var is bool
		// The page may go away while it is asked.
		if is, err = once[bool](b, script); is && err == nil {
			return
		}
	}
	b.T.Fatalf("never: %s (%v); the page ends with %q", js, err, b.end())
}

// Shows waits until the page has these words.
func (b *Tab) Shows(words string) {
	b.T.Helper()
	b.Until(fmt.Sprintf("document.body.innerText.includes(%s)", Quote(words)))
}

// Read returns the text that an expression has on a page that has settled.
func (b *Tab) Read(js string) string {
	b.T.Helper()
	b.Settle()
	s, err := once[string](b, js)
	if err != nil {
		b.T.Fatalf("%s: %v", js, err)
	}
	return s
}

// Run runs a script on a page that has settled, and waits until it is known
// whether the page is left for it.
func (b *Tab) Run(js string) {
	b.T.Helper()
	b.Settle()
	if _, err := once[bool](b, "(() => { "+js+"; return true })()"); err != nil {
		b.T.Fatalf("%s: %v", js, err)
	}
	b.acted()
}

// Press clicks the element of an expression when it is there.
func (b *Tab) Press(js string) {
	b.T.Helper()
	b.Until(js)
	b.Run("(" + js + ").click()")
}

// Button is the expression of the visible button or link under a selector that has these words and no others.
func Button(selector, words string) string {
	return fmt.Sprintf(`[...document.querySelectorAll(%s)].find(b => b.offsetParent && b.textContent.trim() === %s)`, Quote(selector), Quote(words))
}

// Type writes into the element of a selector, key by key.
func (b *Tab) Type(selector, text string) {
	b.T.Helper()
	b.Until(fmt.Sprintf("document.querySelector(%s)", Quote(selector)))
	b.Do(chromedp.Focus(chromedp.CSS(selector)), chromedp.KeyEvent(text))
	b.acted()
}

// Key presses keys where the focus is, when the page has settled.
func (b *Tab) Key(keys string, opts ...chromedp.KeyOption) {
	b.T.Helper()
	b.Settle()
	b.Do(chromedp.KeyEvent(keys, opts...))
	b.acted()
}

// acted gives a page the moment in which it begins to be left.
func (b *Tab) acted() {
	ctx, stop := context.WithTimeout(b.ctx, Patience)
	defer stop()
	// It ends early, with an error, when the page is gone: that is what is asked.
	_, _ = chromedp.Run(ctx, chromedp.Evaluate[bool]("new Promise(done => setTimeout(done, 30, true))", chromedp.EvalAwaitPromise))
}

// Size makes the tab a phone when it is narrower than 500 px, else a desk.
func (b *Tab) Size(width, height int64) {
	b.T.Helper()
	if width < 500 {
		b.Do(chromedp.EmulateViewport(width, height, chromedp.EmulateMobile, chromedp.EmulateTouch, chromedp.EmulatePortrait))
		return
	}
	b.Do(chromedp.EmulateViewport(width, height))
}

// Media shows the page on another medium or by other wishes of its reader; nothing at all takes that back.
func (b *Tab) Media(medium string, features ...*emulation.MediaFeature) {
	b.T.Helper()
	b.Do(chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		_, err := cdp.Call(ctx, t, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Media: medium, Features: features})
		return err
	}))
}

// Picture writes what is seen to a file, or the whole page.
func (b *Tab) Picture(file string, whole bool) {
	b.T.Helper()
	ctx, stop := context.WithTimeout(b.ctx, Patience)
	defer stop()
	take := chromedp.CaptureScreenshot()
	if whole {
		take = chromedp.FullScreenshot(100)
	}
	shot, err := chromedp.Run(ctx, take)
	if err == nil {
		err = os.WriteFile(file, shot, 0o644)
	}
	if err != nil {
		b.T.Fatal(err)
	}
}

// TooWide tells by how many pixels the page is wider than its window.
func (b *Tab) TooWide() string {
	b.T.Helper()
	return b.Read("(d => d.scrollWidth > d.clientWidth ? `${d.scrollWidth - d.clientWidth} px too wide` : '')(document.documentElement)")
}

func (b *Tab) end() string {
	s, _ := once[string](b, "(document.body?.innerText ?? '').slice(-900)")
	return s
}

func once[T any](b *Tab, js string) (T, error) {
	ctx, stop := context.WithTimeout(b.ctx, Patience)
	defer stop()
	return chromedp.Run(ctx, chromedp.Evaluate[T](js))
}

// Quote is a text as a literal of JavaScript.
func Quote(s string) string {
	b, err := json.Marshal(s)
	if err != nil {
		panic(err)
	}
	return string(b)
}
