package fakezalobot

import (
	"net/http"

	"cchcbot/bot/bottest/faketelegram"
)

// Transport reaches a handler without a network, as that of the other fakes.
func Transport(h http.Handler) http.RoundTripper { return faketelegram.Transport(h) }

// Client is an HTTP client that reaches the server, whatever host it asks for.
func (s *Server) Client() *http.Client { return &http.Client{Transport: Transport(s)} }
