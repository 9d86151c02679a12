// Package compress takes parts of a model away: MLPs, attentions, whole layers (depth) and single
// neurons of MLPs (width), by slicing the weights. What is left is a checkpoint like any other, and
// it computes what the given model computes with those parts masked.
//
// The method is that of "Making Large Language Models Efficient Dense Retrievers" (EffiR,
// arXiv:2512.20612): drop the MLPs of least importance, which package analyze measures, then the
// neurons whose trained gates rank lowest among all MLPs together.
package compress
