package edgetest

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"

	"github.com/effir/effir/edge/service"
)

// Embeddings returns the embeddings of texts as queries, each as the bytes of
// its float32 numbers in little-endian order, from a worker at url.
func Embeddings(ctx context.Context, url string, texts []string) ([][]byte, error) {
	vectors := make([][]byte, 0, len(texts))
	for len(texts) > 0 {
		n := min(len(texts), service.MaxInputs)
		batch, err := embeddings(ctx, url, texts[:n])
		if err != nil {
			return nil, err
		}
		vectors, texts = append(vectors, batch...), texts[n:]
	}
	return vectors, nil
}

func embeddings(ctx context.Context, url string, texts []string) ([][]byte, error) {
	body, err := json.Marshal(map[string]any{"input": texts, "encoding_format": "base64", "input_type": "query"})
	if err != nil {
		return nil, err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, url+"/v1/embeddings", bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	request.Header.Set("Content-Type", "application/json")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		return nil, err
	}
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("edge worker: %s: %s", response.Status, text)
	}
	var answer struct {
		Data []struct {
			Index     int
			Embedding []byte
		}
	}
	if err := json.Unmarshal(text, &answer); err != nil {
		return nil, fmt.Errorf("edge worker: its answer is not JSON: %w", err)
	}
	if len(answer.Data) != len(texts) {
		return nil, fmt.Errorf("edge worker: %d vectors for %d texts", len(answer.Data), len(texts))
	}
	vectors := make([][]byte, len(texts))
	for i, item := range answer.Data {
		if item.Index != i {
			return nil, fmt.Errorf("edge worker: vector %d has index %d", i, item.Index)
		}
		vectors[i] = item.Embedding
	}
	return vectors, nil
}
