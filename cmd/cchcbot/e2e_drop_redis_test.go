//go:build redis

package main

import (
	"bytes"
	"net"
	"os/exec"
	"strings"
	"testing"

	"github.com/redis/go-redis/v9"
)

// TestADenunciationLeavesNoByteInRedis is the talk of the draft with the state in
// a real redis-server: no value of it holds a word of the dialogue.
func TestADenunciationLeavesNoByteInRedis(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_, port, err := net.SplitHostPort(l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	server := exec.Command("redis-server", "--port", port, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no")
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Process.Kill(); _ = server.Wait() })
	client := redis.NewClient(&redis.Options{Addr: "127.0.0.1:" + port, MaxRetries: 50})
	t.Cleanup(func() { _ = client.Close() })
	if err := client.Ping(t.Context()).Err(); err != nil {
		t.Fatal(err)
	}

	const told, accused = "Qvdraftmarker", "Wqaccusedmarker"
	cfg := believed()
	cfg.RedisURL = "redis://127.0.0.1:" + port + "/0"
	r := launch(t, cfg)
	v := r.visitor(1)
	for _, text := range []string{
		"đèn đường hỏng ở phường Thành Đông, gần quán " + told, "Đúng", "đối diện nhà " + told,
		"ông trưởng thôn " + accused + " nhận hối lộ 50 triệu để bỏ qua việc này",
	} {
		if v.ask(text).text() == "" {
			t.Fatalf("%q is not answered", text)
		}
	}
	keys, err := client.Keys(t.Context(), "*").Result()
	if err != nil || len(keys) == 0 {
		t.Fatalf("%d keys, %v: is the state in this Redis?", len(keys), err)
	}
	for _, key := range keys {
		dump, err := client.Dump(t.Context(), key).Result()
		if err != nil && err != redis.Nil {
			t.Fatal(err)
		}
		for _, word := range []string{told, accused} {
			for shape, b := range shapes(word) {
				if bytes.Contains([]byte(dump), b) || strings.Contains(key, string(b)) {
					t.Errorf("%s holds the word %s, %s", key, word, shape)
				}
			}
		}
	}
}
