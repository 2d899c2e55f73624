package directory

import (
	"embed"
	"fmt"
	"maps"
	"sync"

	"github.com/goccy/go-yaml"
)

//go:embed data/*.yaml
var files embed.FS

// decode reads one embedded YAML file; unknown keys are errors.
func decode[T any](name string) (*T, error) {
	b, err := files.ReadFile("data/" + name)
	if err != nil {
		return nil, fmt.Errorf("directory: %w", err)
	}
	v := new(T)
	if err := yaml.UnmarshalWithOptions(b, v, yaml.Strict()); err != nil {
		return nil, fmt.Errorf("directory: %s: %w", name, err)
	}
	return v, nil
}

// load reads and checks everything that is embedded. The files are decoded side
// by side: that is most of the work.
func (d *Directory) load() error {
	var (
		wg       sync.WaitGroup
		errs     [4]error
		places   *placesData
		agencies *agenciesData
		fields   *fieldsData
		hotlines *hotlinesData
	)
	wg.Go(func() { places, errs[0] = decode[placesData]("places.yaml") })
	wg.Go(func() { agencies, errs[1] = decode[agenciesData]("agencies.yaml") })
	wg.Go(func() { fields, errs[2] = decode[fieldsData]("fields.yaml") })
	wg.Go(func() { hotlines, errs[3] = decode[hotlinesData]("hotlines.yaml") })
	wg.Wait()
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return d.build(places, agencies, fields, hotlines)
}

// build checks the decoded files and links them.
func (d *Directory) build(places *placesData, agencies *agenciesData, fields *fieldsData, hotlines *hotlinesData) error {
	d.data = data{
		sources: map[string]Source{}, places: map[string]*Place{}, successorsOf: map[string]map[era][]Part{},
		agencies: map[string]*Agency{}, fields: map[string]*Field{}, fieldOf: map[string]*Field{},
	}
	for _, s := range []map[string]Source{places.Sources, agencies.Sources, fields.Sources, hotlines.Sources} {
		for key := range s {
			if _, ok := d.sources[key]; ok {
				return fmt.Errorf("directory: source %s stands in two files", key)
			}
		}
		maps.Copy(d.sources, s)
	}
	if err := d.loadPlaces(places); err != nil {
		return err
	}
	d.names, d.province = newPlaceNames(d.placeList, places.Province.Name)
	points, err := parsePoints(pointsFile, d.places)
	if err != nil {
		return err
	}
	d.points = points
	d.otherProvinces = readProvinces(provincesFile)
	// Agencies name fields, and fields agencies: enter both, then check.
	if err := d.loadAgencies(agencies); err != nil {
		return err
	}
	if err := d.loadFields(fields); err != nil {
		return err
	}
	if err := d.checkAgencies(); err != nil {
		return err
	}
	return d.loadHotlines(hotlines)
}

// checkOrigin reports a record without a known source or confidence.
func (d *Directory) checkOrigin(what string, sources []string, c Confidence) error {
	if c != High && c != Medium && c != Low {
		return fmt.Errorf("directory: %s: confidence %q is not high, medium or low", what, c)
	}
	if len(sources) == 0 {
		return fmt.Errorf("directory: %s names no source", what)
	}
	for _, key := range sources {
		if _, ok := d.sources[key]; !ok {
			return fmt.Errorf("directory: %s: no source %q", what, key)
		}
	}
	return nil
}
