package experiments

import (
	"fmt"
	"strconv"
)

// The checkpoints that tables start from, as effir import names them.
const (
	bge    = "bge-small-en-v1.5"
	minilm = "all-minilm-l6-v2"
	smol   = "smollm2-135m-instruct"
)

// All lists the experiments.
func All() []Table {
	return []Table{precision("precision", bge), precision("precision-minilm", minilm), cuts(), cutsSmol(), widths(), losses(), vocabularies()}
}

// Find returns the table of a name.
func Find(name string) (Table, error) {
	var names []string
	for _, t := range All() {
		if t.Name == name {
			return t, nil
		}
		names = append(names, t.Name)
	}
	return Table{}, fmt.Errorf("experiment %q: unknown: there are %q", name, names)
}

// precision compares ways to store weights in few bits. Only weights of the
// layers are rounded, computation stays in float.
func precision(name, base string) Table {
	t := Table{
		Name: name, Title: "Precision of weights (" + base + ")", Base: base,
		Question: "How many bits does a weight need, and what does it help to choose levels by the inputs that a matrix sees (calibrated rounding) or to train on with rounded weights? Weights of the layers are rounded in groups of 32 with a scale and a minimum in float16; activations, embeddings and norms stay in float. \"Wide\" rows give the matrices whose outputs suffer most 7 bits.",
		Rows:     []Row{{Name: "float"}},
	}
	plain := func(bits int) Step { return Step{"quantise", "--bits", strconv.Itoa(bits)} }
	for _, bits := range []int{8, 7, 5, 4, 3} {
		t.Rows = append(t.Rows, Row{Name: fmt.Sprintf("%d bits, plain", bits), Bits: stored(bits), Steps: []Step{plain(bits)}})
	}
	for _, bits := range []int{7, 5, 4, 3} {
		t.Rows = append(t.Rows, Row{Name: fmt.Sprintf("%d bits, calibrated", bits), Bits: stored(bits), Steps: []Step{append(plain(bits), "{data}")}})
	}
	for _, share := range []float64{0.1, 0.25} {
		t.Rows = append(t.Rows, Row{
			Name: fmt.Sprintf("4 bits, calibrated, %g wide", share), Bits: (1-share)*stored(4) + share*stored(7),
			Steps: []Step{append(plain(4), "--wide-bits", "7", "--wide-share", fmt.Sprint(share), "{data}")},
		})
	}
	t.Rows = append(t.Rows, Row{Name: "4 bits, trained", Bits: stored(4), Seeded: true, Steps: []Step{
		align("--weight-bits", "4", "--learning-rate", "5e-5"), plain(4),
	}})
	return t
}

// stored is what a weight of so many bits takes, its share of the 16-bit scale and minimum of a group
// of 32 included.
func stored(bits int) float64 { return float64(bits) + 2*16/32. }

// align is a step of training against the base's own embeddings and states.
func align(more ...string) Step {
	return train("{base}", "align=1,hidden=1", more...)
}

// train is a step of training by the budget; contrast alone has no teacher.
func train(teacher, loss string, more ...string) Step {
	step := Step{"finetune"}
	if loss != "infonce=1" {
		step = append(step, "--teacher", teacher)
	}
	return append(append(step, "--loss", loss, "{data}", "--tokens", "{tokens}", "--seed", "{seed}"), more...)
}

// cut are the steps that analyse the base and drop parts of it by importance.
func cut(how ...string) []Step {
	return []Step{{"analyze"}, append(Step{"compress", "--analysis", "{run}/analysis.json"}, how...)}
}

// cuts is the paper's first question at the size of bge-small.
func cuts() Table {
	return Table{
		Name: "cuts", Title: "What to cut from a retriever (" + bge + ")", Base: bge,
		Question: "With the same number of training tokens, what is lost least: half of the MLPs, half of the attentions, or a quarter of the layers? Each row is cut by importance (1 minus the cosine of what goes in and what comes out; or, greedily, by what dropping does to the embedding) and aligned to the uncut model. The cuts are not of one size: see the layers' parameters, and the next table.",
		Rows: []Row{
			{Name: "full"},
			{Name: "half of the MLPs, no recovery", Steps: cut("--drop-mlp", "50%")},
			{Name: "half of the MLPs", Seeded: true, Steps: append(cut("--drop-mlp", "50%"), align())},
			{Name: "half of the MLPs, chosen greedily", Seeded: true, Steps: []Step{
				{"analyze", "--greedy", "6"}, {"compress", "--analysis", "{run}/analysis.json", "--greedy", "--drop-mlp", "50%"}, align(),
			}},
			{Name: "half of the attentions", Seeded: true, Steps: append(cut("--drop-attention", "50%"), align())},
			{Name: "a quarter of the layers", Seeded: true, Steps: append(cut("--drop-block", "25%"), align())},
			{Name: "the last quarter of the layers", Seeded: true, Steps: []Step{{"compress", "--keep-layers", "9"}, align()}},
		},
	}
}

// cutsSmol is the same question for a language model that becomes a retriever by
// the same training.
func cutsSmol() Table {
	// Longer texts, 64 of them a step, would take more than 16 GB.
	contrast := train(bge, "infonce=1,kl=1", "--lora", "32", "--pooling", "mean", "--buckets", "16,32,64")
	row := func(name string, steps ...Step) Row {
		return Row{Name: name, Seeded: true, Steps: append(steps, contrast)}
	}
	return Table{
		Name: "cuts-smol", Title: "What to cut from a language model (" + smol + ")", Base: smol,
		Question: "A language model of 30 layers is made a retriever by contrast and by the distribution of a teacher (" + bge + "), whole and cut in several ways, with the same number of training tokens for each. Training texts are cut at 64 tokens.",
		Rows: []Row{
			row("full"),
			row("half of the MLPs", cut("--drop-mlp", "50%")...),
			row("half of the attentions", cut("--drop-attention", "50%")...),
			row("a quarter of the layers", cut("--drop-block", "25%")...),
			row("the last quarter of the layers", Step{"compress", "--keep-layers", "22"}),
			row("the last 18 of 30 layers", Step{"compress", "--keep-layers", "12"}),
		},
	}
}

// widths compares dropping whole MLPs with making them narrower and with dropping
// other parts, all of the same size.
func widths() Table {
	slim := train("{base}", "align=1", "--slim", "1e-8")
	narrow := func(share string) Step { return Step{"compress", "--gates", "{run}/gates.json", "--width", share} }
	return Table{
		Name: "widths", Title: "Depth, width, attention or layers (" + bge + ")", Base: bge,
		Question: "At the same number of parameters: drop half of the MLPs, keep all of them with half of their neurons (self-slimming gates, ranked over all MLPs), drop a quarter and keep two thirds of the rest, drop MLPs and attentions, or drop a third of the layers. Training of gates has the same budget as the alignment that follows.",
		Rows: []Row{
			{Name: "full"},
			{Name: "depth", Seeded: true, Steps: append(cut("--drop-mlp", "50%"), align())},
			{Name: "width", Seeded: true, Steps: []Step{slim, narrow("50%"), align()}},
			{Name: "both", Seeded: true, Steps: append(cut("--drop-mlp", "25%"), slim, narrow("66.7%"), align())},
			{Name: "5 MLPs and 2 attentions", Seeded: true, Steps: append(cut("--drop-mlp", "5", "--drop-attention", "2"), align())},
			{Name: "a third of the layers", Seeded: true, Steps: append(cut("--drop-block", "4"), align())},
		},
	}
}

// losses compares what a cut model is trained by.
func losses() Table {
	row := func(name, loss string) Row {
		return Row{Name: name, Seeded: true, Steps: append(cut("--drop-mlp", "50%"), train("{base}", loss))}
	}
	return Table{
		Name: "losses", Title: "What to train a cut model by (" + bge + ")", Base: bge,
		Question: "Half of the MLPs are dropped; then the model is trained by the uncut one's embeddings, its hidden states as well, contrast among the passages of a step, or the uncut model's distribution over them.",
		Rows: []Row{
			{Name: "full"},
			row("embeddings", "align=1"), row("embeddings and hidden states", "align=1,hidden=1"),
			row("contrast", "infonce=1"), row("distribution", "kl=1"), row("contrast and distribution", "infonce=1,kl=1"),
		},
	}
}

// vocabularies compares how much of a byte-level BPE vocabulary a small model needs.
func vocabularies() Table {
	t := Table{
		Name: "vocabularies", Title: "How large a vocabulary (" + smol + ")", Base: smol,
		Question: "The token table is the largest part of a small model. The first eight layers are kept, with only the first so many merges of the byte-level BPE vocabulary, and aligned to a teacher (" + bge + "), token table included: fewer merges make a smaller table, and more tokens of the same text.",
	}
	for _, merges := range []string{"48900", "24000", "12000", "6000", "3000"} {
		t.Rows = append(t.Rows, Row{Name: merges + " merges", Seeded: true, Steps: []Step{
			{"compress", "--keep-layers", "8", "--merges", merges},
			train(bge, "align=1", "--train-embeddings", "--pooling", "mean"),
		}})
	}
	return t
}
