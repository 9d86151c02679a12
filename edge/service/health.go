package service

import "net/http"

// Health is the answer of GET /health.
type Health struct {
	Status  string      `json:"status"` // "ok", or "degraded" after a failed load
	Kernels string      `json:"kernels"`
	Index   HealthIndex `json:"index"`
	Model   HealthModel `json:"model"`
	Memory  Memory      `json:"memory"`
}

// HealthIndex describes the search bundle.
type HealthIndex struct {
	HealthPart
	Passages int `json:"passages"`
	Vectors  int `json:"vectors"` // passages with vectors, loaded or not
}

// HealthModel describes the model.
type HealthModel struct {
	HealthPart
	Name   string `json:"name,omitempty"`
	Dims   int    `json:"dims,omitempty"`
	Bytes  int    `json:"bytes"`  // size of the weights
	Loaded int    `json:"loaded"` // bytes of weights in memory
}

// HealthPart is the state of a part.
type HealthPart struct {
	State string `json:"state"` // "absent" (not asked for yet), "loading", "ready", "failed"
	Error string `json:"error,omitempty"`
}

// health reports states and loads nothing. The status is 200 unless the last
// attempt to load a part failed.
func (s *Service) health(w http.ResponseWriter, r *http.Request) {
	h := Health{Status: "ok", Kernels: s.kernels.Name(), Memory: s.host.Memory()}
	h.Index.HealthPart = healthOf(s.index)
	if b := s.bundle.manifest; b != nil {
		h.Index.Passages = b.Count
		if b.Vectors != nil {
			h.Index.Vectors = b.Vectors.Count
		}
	}
	h.Model.HealthPart = healthOf(s.encoder)
	if m := s.engine.Manifest(); m != nil {
		h.Model.Name, h.Model.Dims, h.Model.Bytes, h.Model.Loaded = m.Name, m.Dims, m.Weights.Bytes, s.model.bytes
	}
	status := http.StatusOK
	if h.Index.State == "failed" || h.Model.State == "failed" {
		h.Status, status = "degraded", http.StatusServiceUnavailable
	}
	answer(w, status, h)
}

func healthOf(l *load) HealthPart {
	state, err := l.state()
	part := HealthPart{State: state}
	if err != nil {
		part.Error = err.Error()
	}
	return part
}
