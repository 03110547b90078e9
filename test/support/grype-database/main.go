// Writes a vulnerability database for grype, in the form of grype's own package, so that both are of one version.
//
//	grype-database DIRECTORY <entries.json
//
// DIRECTORY becomes GRYPE_DB_CACHE_DIR. An entry is a CVE of one product, as NVD has it.
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"time"

	v6 "github.com/anchore/grype/grype/db/v6"
	"github.com/spf13/afero"
)

// An entry of the input, see test/support/grype.ts.
type entry struct {
	ID         string `json:"id"`
	Vendor     string `json:"vendor"`
	Product    string `json:"product"`
	Constraint string `json:"constraint"`
	FixedIn    string `json:"fixedIn"`
	Severity   string `json:"severity"`
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "grype-database:", err)
		os.Exit(1)
	}
}

func run() error {
	if len(os.Args) != 2 {
		return fmt.Errorf("expected a directory as the only argument")
	}
	var entries []entry
	if err := json.NewDecoder(os.Stdin).Decode(&entries); err != nil {
		return fmt.Errorf("entries: %w", err)
	}
	directory := filepath.Join(os.Args[1], strconv.Itoa(v6.ModelVersion))
	if err := os.MkdirAll(directory, 0o755); err != nil {
		return err
	}
	if err := write(directory, entries); err != nil {
		return err
	}
	// The writer drops the indexes, and an import makes them again. This database is never imported.
	if err := v6.Hydrater()(directory); err != nil {
		return err
	}
	_, err := v6.WriteImportMetadata(afero.NewOsFs(), directory, "tests of pushless")
	return err
}

func write(directory string, entries []entry) error {
	database, err := v6.NewWriter(v6.Config{DBDirPath: directory, CacheSizeKiB: 1024})
	if err != nil {
		return err
	}
	date := time.Date(2024, 6, 1, 0, 0, 0, 0, time.UTC)
	provider := &v6.Provider{ID: "nvd", Version: "1", Processor: "tests", DateCaptured: &date, InputDigest: "none"}
	for _, one := range entries {
		vulnerability := &v6.VulnerabilityHandle{
			Name:          one.ID,
			Status:        v6.VulnerabilityActive,
			PublishedDate: &date,
			Provider:      provider,
			BlobValue: &v6.VulnerabilityBlob{
				ID:         one.ID,
				Severities: []v6.Severity{{Scheme: v6.SeveritySchemeCHMLN, Value: one.Severity, Rank: 1}},
			},
		}
		if err := database.AddVulnerabilities(vulnerability); err != nil {
			return err
		}
		affected := &v6.AffectedCPEHandle{
			Vulnerability: vulnerability,
			CPE:           &v6.Cpe{Part: "a", Vendor: one.Vendor, Product: one.Product},
			BlobValue: &v6.PackageBlob{
				CVEs: []string{one.ID},
				Ranges: []v6.Range{{
					Version: v6.Version{Constraint: one.Constraint},
					Fix:     &v6.Fix{Version: one.FixedIn, State: v6.FixedStatus},
				}},
			},
		}
		if err := database.AddAffectedCPEs(affected); err != nil {
			return err
		}
	}
	return database.Close()
}
