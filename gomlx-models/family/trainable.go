package family

// Linear is a product with a weight inside a layer: the place for an adapter.
type Linear struct {
	Layer   int    // from 0
	Name    string // within the layer, without what families put around it: "q_proj", "query"
	Path    string // of its scope (see [Scope])
	In, Out int
}

// Trainable is a model that says where its weights and gates lie. All families
// of this module are.
type Trainable interface {
	Model

	// Linears lists the products with weights in all layers, in the order of the
	// computation.
	Linears() []Linear

	// GatePath returns the path of the scope for the gate of a layer's MLP (see
	// layer.Gate).
	GatePath(layer int) string
}
