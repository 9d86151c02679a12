"""Writes bm25.json: scores of the bm25s package (method "lucene") on random
documents. Words hold a digit, so no analyser changes them.

    pip install bm25s && python3 bm25.py
"""

import json
import random

import bm25s

random.seed(7)
words = [f"w{i}" for i in range(60)]
weights = [1 / (i + 1) for i in range(60)]
documents = [random.choices(words, weights, k=random.randint(1, 40)) for _ in range(80)]
queries = [random.sample(words, random.randint(1, 6)) for _ in range(40)]
cases = []
for k1, b in ((1.2, 0.75), (0.9, 0.4)):
    ranker = bm25s.BM25(k1=k1, b=b, method="lucene")
    vocabulary = {word: i for i, word in enumerate(sorted({w for d in documents for w in d}))}
    tokens = bm25s.tokenization.Tokenized([[vocabulary[w] for w in d] for d in documents], vocabulary)
    ranker.index(tokens, show_progress=False)
    for query in queries:
        scores = ranker.get_scores([w for w in query if w in vocabulary])
        cases.append({"k1": k1, "b": b, "query": " ".join(query), "scores": [round(float(s), 6) for s in scores]})
with open("bm25.json", "w") as out:
    json.dump({"documents": [" ".join(d) for d in documents], "cases": cases}, out)
    out.write("\n")
