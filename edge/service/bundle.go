package service

import (
	"errors"

	"github.com/effir/effir/wasm/engine"
	"github.com/effir/effir/wasm/index"
)

const (
	bundleDir      = "index/"
	bundleManifest = 1 << 20

	// maxIndexFile bounds what is copied into the worker's 128 MB beside a model.
	maxIndexFile = 64 << 20
)

// bundleState is how far the search bundle is loaded.
type bundleState struct {
	manifest                   *index.Bundle // nil before it is there
	keyword, passages, vectors bool
}

// errNoVectors is the error of search by meaning in a bundle without vectors.
var errNoVectors = errors.New("index/index.json: the search bundle has no vectors, so there is only mode=keyword; index with a model and deploy the bundle again")

// loadIndex brings what keyword search needs to the engine.
func (s *Service) loadIndex(progress func()) error {
	b := &s.bundle
	if b.manifest == nil {
		if err := s.loadBundleManifest(); err != nil {
			return err
		}
		progress()
	}
	if err := s.loadPart(engine.PartKeyword, b.manifest.Keyword, &b.keyword); err != nil {
		return err
	}
	progress()
	return s.loadPart(engine.PartPassages, b.manifest.Passages, &b.passages)
}

func (s *Service) loadBundleManifest() error {
	text, err := s.host.Manifest(bundleDir+index.ManifestName, bundleManifest)
	if err != nil {
		return err
	}
	manifest, err := index.ParseBundle(text)
	if err != nil {
		return err
	}
	s.run.Lock()
	defer s.run.Unlock()
	if s.bundle.manifest != nil {
		return nil
	}
	if err := s.engine.SetIndex(engine.PartManifest, text); err != nil {
		return err
	}
	s.bundle.manifest = manifest
	return nil
}

// loadPart brings one file of the bundle to the engine unless it is there.
func (s *Service) loadPart(part engine.Part, file index.File, there *bool) error {
	if *there {
		return nil
	}
	if file.Bytes > maxIndexFile {
		return errors.New("index/" + file.SHA256 + ".bin: over 64 MiB do not fit into an edge worker; split the corpus into several bundles")
	}
	content, err := s.host.File(bundleDir+file.SHA256+".bin", file.SHA256, int(file.Bytes))
	if err != nil {
		return err
	}
	s.run.Lock()
	defer s.run.Unlock()
	if *there {
		return nil
	}
	if err := s.engine.SetIndex(part, content); err != nil {
		return err
	}
	*there = true
	return nil
}

// loadVectors makes the passages searchable by meaning. It needs the index and
// the model's manifest.
func (s *Service) loadVectors(progress func()) error {
	if err := s.index.ensure(); err != nil {
		return err
	}
	if err := s.loadManifest(); err != nil {
		return err
	}
	progress()
	switch v := s.bundle.manifest.Vectors; {
	case v == nil:
		return errNoVectors
	case v.Model != s.model.hash:
		return errOtherModel
	default:
		return s.loadPart(engine.PartVectors, v.File, &s.bundle.vectors)
	}
}
