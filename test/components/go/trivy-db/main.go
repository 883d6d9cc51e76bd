// Writes a vulnerability database such as Trivy reads, from a few advisories on standard input, so that tests can scan
// without a network. Usage: trivy-db <directory> < advisories.json
package main

import (
	"encoding/json"
	"fmt"
	"os"

	"github.com/aquasecurity/trivy-db/pkg/db"
	"github.com/aquasecurity/trivy-db/pkg/types"
	bolt "go.etcd.io/bbolt"
)

type entry struct {
	// The bucket of its source: "npm::GitHub Security Advisory npm", "debian 12".
	Bucket  string           `json:"bucket"`
	Source  types.DataSource `json:"source"`
	Package string           `json:"package"`
	ID      string           `json:"id"`
	// As the source gives it: VulnerableVersions and PatchedVersions, or FixedVersion.
	Advisory      types.Advisory      `json:"advisory"`
	Vulnerability types.Vulnerability `json:"vulnerability"`
}

func main() {
	if len(os.Args) != 2 {
		fail(fmt.Errorf("usage: trivy-db <directory> < advisories.json"))
	}
	var entries []entry
	decoder := json.NewDecoder(os.Stdin)
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&entries); err != nil {
		fail(err)
	}
	if err := write(os.Args[1], entries); err != nil {
		fail(err)
	}
}

func write(directory string, entries []entry) error {
	if err := db.Init(directory); err != nil {
		return err
	}
	defer db.Close()
	store := db.Config{}
	return store.BatchUpdate(func(tx *bolt.Tx) error {
		for _, e := range entries {
			if err := put(store, tx, e); err != nil {
				return fmt.Errorf("%s of %s: %w", e.ID, e.Package, err)
			}
		}
		return nil
	})
}

func put(store db.Config, tx *bolt.Tx, e entry) error {
	if err := store.PutDataSource(tx, e.Bucket, e.Source); err != nil {
		return err
	}
	if err := store.PutAdvisory(tx, []string{e.Bucket, e.Package}, e.ID, e.Advisory); err != nil {
		return err
	}
	if err := store.PutVulnerability(tx, e.ID, e.Vulnerability); err != nil {
		return err
	}
	return store.PutVulnerabilityID(tx, e.ID)
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}
