//go:build browser

// The whole program in a real browser: the talk of the README.
//
//	go test -tags browser -run Browser ./cmd/cchcbot            # checks
//	go test -tags browser -run Browser ./cmd/cchcbot -picture   # writes docs/webchat.png too
package main

import (
	"flag"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"cchcbot/bot/bottest/browser"
)

var picture = flag.Bool("picture", false, "write the pictures in docs")

func TestBrowserConversation(t *testing.T) {
	p := startProgram(t, &Config{})
	b := browser.New(t)
	messages := 0
	answer := func() string {
		t.Helper()
		messages++
		b.Until(fmt.Sprintf("document.querySelectorAll('.msg.bot').length >= %d", messages))
		return b.Read(fmt.Sprintf("document.querySelectorAll('.msg.bot')[%d].innerText", messages-1))
	}
	// say types a message and returns the answer.
	say := func(text string) string {
		t.Helper()
		b.Type("#text", text+"\r")
		return answer()
	}

	b.Size(390, 844)
	b.Open(p.server.PublicURL() + "/chat")
	if got := answer(); !strings.Contains(got, "Hải Dương") {
		t.Errorf("the first words are %q", got)
	}
	for _, tt := range []struct{ question, want string }{
		{"lam giay khai sinh cho con can nhung gi", "1.001193"},
		{"lệ phí đăng ký kết hôn với người nước ngoài", "2.000806"},
		{"sang tên sổ đỏ mất bao lâu", "1.115619"},
	} {
		got := say(tt.question)
		if !strings.Contains(got, tt.want) || !strings.Contains(got, "Nguồn:") || !strings.Contains(got, "dữ liệu") {
			t.Errorf("%s: %q", tt.question, got)
		}
	}
	if got := say("thế nộp ở đâu?"); !strings.Contains(got, "1.115619") || !strings.Contains(got, "Nơi giải quyết") {
		t.Errorf("the follow-up is answered with %q", got)
	}
	if *picture {
		say("sang ten so do mat bao lau")
		say("thế nộp ở đâu?")
		b.Size(390, 1110)
		b.Run(`document.getElementById('scroll').scrollTop = 1e6`)
		b.Picture(filepath.Join("..", "..", "docs", "webchat.png"), false)
	}
	// A button, pressed, leads to the directory.
	b.Press("[...document.querySelectorAll('.msg.bot')].at(-1).querySelector('.choice')")
	if got := answer(); !strings.Contains(got, "xã") {
		t.Errorf("the button is answered with %q", got)
	}
	b.Open(p.server.PublicURL() + "/tthc/1.001193")
	title := b.Read("document.querySelector('h1').innerText + ' ' + document.querySelector('img').naturalWidth")
	if !strings.HasPrefix(title, "Đăng ký khai sinh ") || strings.HasSuffix(title, " 0") {
		t.Errorf("the page of a procedure shows %q", title)
	}
}
