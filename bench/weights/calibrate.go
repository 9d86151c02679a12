package weights

import (
	"context"
	"errors"
	"fmt"

	"github.com/effir/effir/gomlx-models/backend"
	"github.com/effir/effir/toolchain/checkpoint"
	"github.com/effir/effir/toolchain/demo"
	"github.com/effir/effir/toolchain/export"
	"github.com/effir/effir/toolchain/floatmodel"
	"github.com/effir/effir/toolchain/quantise"
	"github.com/effir/effir/toolchain/reader"
	"github.com/effir/effir/wasm/encoder"
)

// Texts to calibrate with: so many passages of the documentation of the installed Go, which every
// machine that builds this has, each cut to so many tokens. More of either changes the embeddings of
// other texts by less than what rounding does.
const (
	calibrationTexts  = 128
	calibrationTokens = 96
)

// calibrated returns a rounder of a checkpoint's matrices to the given bits that keeps their outputs
// on texts (quantise.Calibrated).
func calibrated(ctx context.Context, files *checkpoint.Checkpoint, bits int) (export.Rounder, error) {
	texts, err := calibrationIDs(ctx, files)
	if err != nil {
		return nil, err
	}
	m, err := floatmodel.Of(files.Config())
	if err != nil {
		return nil, err
	}
	b, err := backend.Open("")
	if err != nil {
		return nil, err
	}
	defer b.Finalize()
	moments, err := quantise.Collect(ctx, b, m, floatmodel.Weights(files), texts, nil)
	if err != nil {
		return nil, err
	}
	return export.Rounder(quantise.Calibrated(quantise.Grid{Bits: bits}, moments)), nil
}

// calibrationIDs reads passages at equal distances.
func calibrationIDs(ctx context.Context, files reader.Source) ([][]int32, error) {
	passages, err := demo.Corpus(ctx)
	if err != nil {
		return nil, fmt.Errorf("texts to calibrate with: %w", err)
	}
	r, err := reader.New(files, calibrationTokens)
	if err != nil {
		return nil, err
	}
	var ids [][]int32
	for i := range calibrationTexts {
		tokens, err := r.Read(passages[i*len(passages)/calibrationTexts].EmbedText(0), encoder.Passage)
		if errors.Is(err, reader.ErrEmpty) {
			continue
		}
		if err != nil {
			return nil, err
		}
		ids = append(ids, tokens)
	}
	return ids, nil
}
