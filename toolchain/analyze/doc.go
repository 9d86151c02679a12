// Package analyze measures which parts of a model matter: the importance of every MLP, attention
// and block, and the effect of dropping the least important ones on retrieval.
//
// The measure is that of "Making Large Language Models Efficient Dense Retrievers" (EffiR,
// arXiv:2512.20612, section 4) and of the work that it builds on (LLM-Drop, arXiv:2406.15786).
package analyze
