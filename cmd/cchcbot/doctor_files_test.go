package main

import (
	"context"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/prometheus/client_golang/prometheus"
)

// Tests of the files that others run the program with: they name settings,
// commands and metrics that must exist.

func rootFile(t *testing.T, name string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("..", "..", name))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// settingNames are the environment variables of all settings.
func settingNames() map[string]bool {
	out := map[string]bool{}
	for _, f := range reflect.VisibleFields(reflect.TypeFor[Config]()) {
		out[f.Tag.Get("env")] = true
	}
	return out
}

// mustStart sets the environment and wants the program to take it.
func mustStart(t *testing.T, env map[string]string) {
	t.Helper()
	known := settingNames()
	for name, value := range env {
		if !strings.HasPrefix(name, envPrefix) || !known[name] {
			t.Errorf("%s is no setting", name)
		}
		t.Setenv(name, value)
	}
	var said strings.Builder
	if code := run(context.Background(), []string{"version"}, streams{strings.NewReader(""), io.Discard, &said}, os.LookupEnv); code != exitDone {
		t.Errorf("exit code %d: %s", code, said.String())
	}
}

type composeService struct {
	ReadOnly    bool              `yaml:"read_only"`
	CapDrop     []string          `yaml:"cap_drop"`
	SecurityOpt []string          `yaml:"security_opt"`
	Environment map[string]string `yaml:"environment"`
	Command     []string          `yaml:"command"`
	Ports       []string          `yaml:"ports"`
	Healthcheck struct {
		Test []string `yaml:"test"`
	} `yaml:"healthcheck"`
}

var composeVariable = regexp.MustCompile(`\$\{([A-Z_]+):-([^}]*)\}`)

func TestComposeFile(t *testing.T) {
	var file struct {
		Services map[string]composeService `yaml:"services"`
	}
	if err := yaml.Unmarshal([]byte(rootFile(t, "compose.yaml")), &file); err != nil {
		t.Fatal(err)
	}
	if len(file.Services) != 2 {
		t.Fatalf("services: %v", file.Services)
	}
	for name, s := range file.Services {
		if !s.ReadOnly || !slices.Equal(s.CapDrop, []string{"ALL"}) || !slices.Contains(s.SecurityOpt, "no-new-privileges:true") || len(s.Healthcheck.Test) == 0 {
			t.Errorf("%s may do more than it needs: %+v", name, s)
		}
		for _, p := range s.Ports {
			if !strings.HasPrefix(p, "127.0.0.1:") {
				t.Errorf("%s publishes %s to everybody", name, p)
			}
		}
	}
	env := map[string]string{}
	for name, value := range file.Services["bot"].Environment {
		env[name] = composeVariable.ReplaceAllString(value, "$2")
		if strings.Contains(env[name], "$") {
			t.Errorf("%s: %q has no default", name, value)
		}
	}
	mustStart(t, env)
	if c := strings.Join(file.Services["redis"].Command, " "); !strings.Contains(c, "--appendonly no") || !strings.Contains(c, "noeviction") {
		t.Errorf("redis runs as %q", c)
	}
	// Both health checks ask with the binary where the image has it.
	docker := rootFile(t, "Dockerfile")
	for _, want := range []string{`COPY --from=build /cchcbot /cchcbot`, `HEALTHCHECK --interval=30s --timeout=5s --start-period=30s CMD ["/cchcbot", "healthcheck"]`} {
		if !strings.Contains(docker, want+"\n") {
			t.Errorf("the Dockerfile has no line %s", want)
		}
	}
	if got := file.Services["bot"].Healthcheck.Test; !slices.Equal(got, []string{"CMD", "/cchcbot", "healthcheck"}) {
		t.Errorf("the bot's health check is %q", got)
	}
}

func TestSystemdUnit(t *testing.T) {
	env := map[string]string{}
	lines := map[string]string{}
	for line := range strings.Lines(rootFile(t, "docs/systemd/cchcbot.service")) {
		key, value, ok := strings.Cut(strings.TrimSpace(line), "=")
		if !ok || strings.HasPrefix(key, "#") {
			continue
		}
		lines[key] = value
		if key == "Environment" {
			name, v, _ := strings.Cut(value, "=")
			env[name] = strings.ReplaceAll(v, "%S", t.TempDir())
		}
	}
	if lines["ExecStart"] != "/usr/local/bin/cchcbot serve" || env["CCHCBOT_DATA"] == "" || lines["ProtectSystem"] != "strict" {
		t.Errorf("the unit: %v", lines)
	}
	mustStart(t, env)
}

// TestDashboardShowsMetricsThatExist: a panel over a name that nothing exports stays empty for ever.
func TestDashboardShowsMetricsThatExist(t *testing.T) {
	m := newMetrics()
	(&program{metrics: m}).gauges()
	descs := make(chan *prometheus.Desc, 1000)
	m.registry.Describe(descs)
	close(descs)
	exported := map[string]bool{}
	fqName := regexp.MustCompile(`fqName: "([^"]+)"`)
	for d := range descs {
		name := fqName.FindStringSubmatch(d.String())[1]
		for _, suffix := range []string{"", "_bucket", "_sum", "_count"} {
			exported[name+suffix] = true
		}
	}
	var board struct {
		Panels []struct {
			ID      int
			Type    string
			Title   string
			GridPos struct{ X, Y, W, H int }
			Targets []struct{ Expr string }
		}
	}
	if err := json.Unmarshal([]byte(rootFile(t, "docs/grafana.json")), &board); err != nil {
		t.Fatal(err)
	}
	used := map[string]bool{}
	ids := map[int]bool{}
	metric := regexp.MustCompile(`\b(cchcbot|process|go)_[a-z0-9_]+`)
	for _, p := range board.Panels {
		if ids[p.ID] || p.GridPos.X+p.GridPos.W > 24 {
			t.Errorf("panel %d %q: its number is taken, or it is too wide", p.ID, p.Title)
		}
		ids[p.ID] = true
		if p.Type != "row" && len(p.Targets) == 0 {
			t.Errorf("panel %q asks for nothing", p.Title)
		}
		for _, target := range p.Targets {
			if strings.Count(target.Expr, "(") != strings.Count(target.Expr, ")") || strings.Count(target.Expr, "{") != strings.Count(target.Expr, "}") {
				t.Errorf("panel %q: %s", p.Title, target.Expr)
			}
			names := metric.FindAllString(target.Expr, -1)
			if len(names) == 0 {
				t.Errorf("panel %q: %s names no metric", p.Title, target.Expr)
			}
			for _, name := range names {
				used[name] = true
				if !exported[name] {
					t.Errorf("panel %q shows %s, which is not exported", p.Title, name)
				}
			}
		}
	}
	if len(used) < 15 {
		t.Errorf("only %d metrics are shown", len(used))
	}
}
