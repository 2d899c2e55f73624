package main

import (
	"encoding/json"
	"fmt"
	"testing"

	"cchcbot/bot/bottest/fakezalo"
)

// What the Official Account of the webhook tests is known by.
const (
	zaloHookApp    = "360846524940903967"
	zaloHookOA     = "388613280878808645"
	zaloHookSecret = "oa-secret-of-the-webhook-tests"
	zaloHeader     = "X-ZEvent-Signature"
	zaloStamp      = "1795401000000"
)

// newZaloHooked is newHooked with an Official Account that has no consent yet:
// messages come in, and what is said waits.
func newZaloHooked(t testing.TB, answering bool) *hooked {
	t.Helper()
	return newHookedAt(t, answering, "/zalo/webhook", &Config{
		ZaloAppID: zaloHookApp, ZaloAppSecret: "app-secret-of-the-webhook-tests", ZaloOASecret: zaloHookSecret,
		ZaloAPIURL: "http://127.0.0.1:9", ZaloOAuthURL: "http://127.0.0.1:9", PublicURL: "https://hoidap.example.vn",
	})
}

// zaloBody is a text as Zalo delivers it.
func zaloBody(message, user int64, text string) []byte {
	body, err := json.Marshal(map[string]any{
		"app_id": zaloHookApp, "event_name": "user_send_text", "timestamp": zaloStamp, "user_id_by_app": "1",
		"sender": map[string]any{"id": fmt.Sprintf("2468458835%08d", user)}, "recipient": map[string]any{"id": zaloHookOA},
		"message": map[string]any{"text": text, "msg_id": fmt.Sprintf("m%d", message)},
	})
	if err != nil {
		panic(err) // numbers and strings always marshal
	}
	return body
}

func zaloSign(body []byte) string {
	return fakezalo.Sign(zaloHookApp, string(body), zaloStamp, zaloHookSecret)
}
