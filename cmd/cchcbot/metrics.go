package main

import (
	"net/http"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"cchcbot/bot/delivery"
	"cchcbot/handlers/procedures"
)

// metrics are the program's figures. It implements web.Meter.
type metrics struct {
	registry *prometheus.Registry
	page     http.Handler
	requests *prometheus.HistogramVec
	turns    *prometheus.HistogramVec
	sends    *prometheus.HistogramVec
	searches *prometheus.CounterVec
}

func newMetrics() *metrics {
	fast := []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30}
	m := &metrics{
		registry: prometheus.NewRegistry(),
		requests: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "cchcbot_http_request_seconds", Help: "HTTP requests by route, method and status.", Buckets: fast,
		}, []string{"route", "method", "status"}),
		turns: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "cchcbot_turn_seconds", Help: "Attempts of turns by outcome: done, retried, failed, busy, gone.", Buckets: fast,
		}, []string{"outcome"}),
		sends: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "cchcbot_send_seconds", Help: "Sends by channel, lane and outcome.", Buckets: fast,
		}, []string{"channel", "lane", "outcome"}),
		searches: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "cchcbot_procedures_searches_total", Help: "Questions on procedures by outcome and facet.",
		}, []string{"outcome", "facet"}),
	}
	m.registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
		m.requests, m.turns, m.sends, m.searches)
	m.page = promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{})
	return m
}

// ServeHTTP shows the figures.
func (m *metrics) ServeHTTP(w http.ResponseWriter, r *http.Request) { m.page.ServeHTTP(w, r) }

// Observe implements web.Meter.
func (m *metrics) Observe(route, method string, status int, took time.Duration) {
	m.requests.WithLabelValues(route, method, strconv.Itoa(status)).Observe(took.Seconds())
}

func (m *metrics) turn(outcome string, took time.Duration) {
	m.turns.WithLabelValues(outcome).Observe(took.Seconds())
}

func (m *metrics) sent(o delivery.Observation) {
	m.sends.WithLabelValues(o.Channel, string(o.Lane), string(o.Outcome)).Observe(o.Took.Seconds())
}

func (m *metrics) seen(s procedures.Seen) {
	m.searches.WithLabelValues(string(s.Found.Outcome), string(s.Found.Facet)).Inc()
}

// gauge registers a figure that is read when the page is.
func (m *metrics) gauge(name, help string, f func() float64) {
	m.registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help}, f))
}
