package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/effir/effir/internal/atomicfile"
	"github.com/effir/effir/toolchain/experiments"
	"github.com/effir/effir/toolchain/importer"
)

func experimentCommand() *cobra.Command {
	var s experiments.Settings
	var rows []string
	var seeds []uint
	var results, report string
	var names []string
	for _, t := range experiments.All() {
		names = append(names, t.Name)
	}
	c := &cobra.Command{
		Use:   "experiment [NAME]",
		Short: "Run a comparison of docs/experiments.md, or write that page from what was found",
		Long: `Run one comparison: every row is a chain of effir commands, and all rows are measured
together. What a command made is kept in the cache, so a run that was stopped goes on by the
same command line. The result goes to --results. With --report the page is written from all
results there are. Comparisons: ` + strings.Join(names, ", ") + ".",
		Example: `  effir experiment precision --data pairs/squad.jsonl.gz --on data/scifact --on data/nq-qed
  effir experiment --report docs/experiments.md`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			if len(args) == 0 && report == "" {
				return fmt.Errorf("experiment: name one of %s, or give --report", strings.Join(names, ", "))
			}
			if len(args) == 1 {
				table, err := experiments.Find(args[0])
				if err != nil {
					return err
				}
				for _, seed := range seeds {
					s.Seeds = append(s.Seeds, uint64(seed))
				}
				if err := runExperiment(c, table, s, rows, results); err != nil {
					return err
				}
			}
			if report == "" {
				return nil
			}
			list, err := experiments.ReadResults(results)
			if err != nil {
				return err
			}
			return atomicfile.Write(report, []byte(experiments.Markdown(list)))
		},
	}
	f := c.Flags()
	f.StringArrayVar(&s.Data, "data", nil, "file of pairs or texts to train and calibrate with, perhaps with =weight; may be repeated")
	f.StringArrayVar(&s.Datasets, "on", nil, "BEIR folder to measure on; may be repeated")
	f.Int64Var(&s.Tokens, "tokens", 500_000, "training tokens of a row")
	f.UintSliceVar(&seeds, "seeds", []uint{1, 2, 3}, "seeds of training; each makes a run of its own")
	f.IntVar(&s.Documents, "docs", 1200, "documents to use of a dataset, all relevant ones among them (0: all)")
	f.IntVar(&s.Queries, "queries", 300, "queries to use of a dataset (0: all)")
	f.StringVar(&s.Work, "work", "", "folder for what the commands make (default: in the cache)")
	f.StringArrayVar(&rows, "row", nil, "run only this row and the first one; may be repeated")
	f.StringVar(&results, "results", filepath.Join("docs", "results", "experiments"), "folder of the results")
	f.StringVar(&report, "report", "", "page (Markdown) to write from all results")
	return c
}

func runExperiment(c *cobra.Command, table experiments.Table, s experiments.Settings, rows []string, results string) error {
	if err := table.Select(rows); err != nil {
		return err
	}
	if s.Work == "" {
		cache, err := importer.CacheDir("")
		if err != nil {
			return err
		}
		s.Work = filepath.Join(cache, "experiments")
	}
	program, err := os.Executable()
	if err != nil {
		return err
	}
	result, err := experiments.Run(c.Context(), table, s, experiments.Executable(program), c.ErrOrStderr())
	if err != nil {
		return err
	}
	fmt.Fprint(c.OutOrStdout(), experiments.Markdown([]*experiments.Result{result}))
	return result.Write(results)
}
