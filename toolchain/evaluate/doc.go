// Package evaluate measures how well passages are found: figures of ranked
// lists against judgements, equal to those of trec_eval, and a comparison of
// keyword search, search by meaning and both fused on one dataset.
package evaluate
