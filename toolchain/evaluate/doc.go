// Package evaluate measures how well passages are found: figures of ranked
// lists against judgements, equal to those of trec_eval, and a comparison of
// keyword search, models and their fusion on datasets in the layout of BEIR, with
// significance tests, costs, and the figures of a release.
//
// A Model embeds by a package (Package), by a checkpoint in float32 (Float), or by
// anything else that is an Embedder; a Cache in front of it makes a second run
// quick and an interrupted one resume.
package evaluate
