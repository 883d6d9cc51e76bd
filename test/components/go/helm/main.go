// Renders a chart as `helm template --include-crds` does, from values on standard input, to YAML on standard output.
// Usage: helm <chart directory> <release> <namespace> < values.json
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"sort"
	"strings"

	"helm.sh/helm/v3/pkg/chart/loader"
	"helm.sh/helm/v3/pkg/chartutil"
	"helm.sh/helm/v3/pkg/engine"
)

func main() {
	if len(os.Args) != 4 {
		fail(fmt.Errorf("usage: helm <chart directory> <release> <namespace> < values.json"))
	}
	directory := os.Args[1]
	chart, err := loader.LoadDir(directory)
	fail(err)
	values := map[string]any{}
	fail(json.NewDecoder(os.Stdin).Decode(&values))
	// A chart that is released by `envsubst < values.tmpl.yaml > values.yaml`, from its module's folder.
	if template, err := os.ReadFile(filepath.Join(directory, "values.tmpl.yaml")); err == nil && len(chart.Values) == 0 {
		chart.Values, err = chartutil.ReadValues([]byte(os.ExpandEnv(string(template))))
		fail(err)
	}
	fail(chartutil.ProcessDependencies(chart, values))
	release := chartutil.ReleaseOptions{Name: os.Args[2], Namespace: os.Args[3], Revision: 1, IsInstall: true}
	render, err := chartutil.ToRenderValues(chart, values, release, chartutil.DefaultCapabilities)
	fail(err)
	for _, definition := range chart.CRDObjects() {
		fmt.Printf("---\n%s\n", definition.File.Data)
	}
	files, err := engine.Render(chart, render)
	fail(err)
	names := make([]string, 0, len(files))
	for name := range files {
		names = append(names, name)
	}
	sort.Strings(names)
	for _, name := range names {
		if strings.HasSuffix(name, ".yaml") && strings.TrimSpace(files[name]) != "" {
			fmt.Printf("---\n%s\n", files[name])
		}
	}
}

func fail(err error) {
	if err == nil {
		return
	}
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}
