"""Writes figures.json: runs, judgements and the figures that trec_eval (in
pytrec_eval-terrier, by ir_measures where noted) gives for them. Input: this
program's BM25 ranking of 11 queries of SciFact (scifact.run, scifact.qrels).

    pip install pytrec_eval-terrier==0.5.11 ir-measures==0.4.3 && python3 figures.py

MRR@10 is trec_eval's recip_rank, put to 0 where it is below 1/10: ir_measures'
own RR@10 breaks ties another way. For runs without ties the two are compared
here.
"""

import json
import random

import ir_measures
import pytrec_eval
from ir_measures import RR, R, nDCG

random.seed(11)


def figures(qrels, run):
    evaluator = pytrec_eval.RelevanceEvaluator(qrels, {"ndcg_cut.10", "recall.100", "recip_rank"})
    result = evaluator.evaluate(run)
    out = {}
    for query in qrels:  # a query that the run lacks counts as 0, as in ir_measures
        r = result.get(query, {"ndcg_cut_10": 0.0, "recall_100": 0.0, "recip_rank": 0.0})
        rr = r["recip_rank"] if r["recip_rank"] > 0.0999 else 0.0
        out[query] = [r["ndcg_cut_10"], r["recall_100"], rr]
    return out


def case(name, qrels, run, ties):
    out = figures(qrels, run)
    mean = [sum(f[i] for f in out.values()) / len(out) for i in range(3)]
    measures = [nDCG @ 10, R @ 100] if ties else [nDCG @ 10, R @ 100, RR @ 10]
    for measure, value in ir_measures.calc_aggregate(measures, qrels, run).items():
        ours = mean[{"nDCG@10": 0, "R@100": 1, "RR@10": 2}[str(measure)]]
        assert abs(value - ours) < 1e-9, (name, measure, value, ours)
    return {"name": name, "qrels": qrels, "run": run, "queries": out, "mean": mean}


def random_case(name, queries, docs, judged, relevances, retrieved, ties):
    ids = [f"d{i}" for i in range(docs)]
    qrels, run = {}, {}
    for q in range(queries):
        qrels[f"q{q}"] = {d: random.choice(relevances) for d in random.sample(ids, judged)}
        if q % 7 == 3:
            continue  # the run lacks this query
        found = random.sample(ids, random.randint(1, retrieved))
        if ties:
            run[f"q{q}"] = {d: random.randint(0, 6) / 2 for d in found}
        else:
            # Multiples of 1/1024 stay apart as float32.
            run[f"q{q}"] = dict(zip(found, (s / 1024 for s in random.sample(range(100000), len(found)))))
    run["unjudged"] = {"d1": 1.0}
    return case(name, qrels, run, ties)


def trec_case(name):
    """A real run and its judgements, both in trec_eval's formats."""
    qrels, run = {}, {}
    for line in open(name + ".qrels"):
        query, _, doc, relevance = line.split()
        qrels.setdefault(query, {})[doc] = int(relevance)
    for line in open(name + ".run"):
        query, _, doc, _, score, _ = line.split()
        run.setdefault(query, {})[doc] = float(score)
    return case(name, qrels, run, True)


cases = [
    trec_case("scifact"),
    random_case("binary", 30, 60, 8, [0, 1], 40, False),
    random_case("graded", 30, 60, 20, [0, 0, 1, 2, 3, 4], 40, False),
    random_case("graded, ties", 30, 60, 20, [0, 1, 2, 3], 50, True),
    random_case("negative judgements", 20, 40, 15, [-2, -1, 0, 1, 2], 30, False),
    random_case("over 100 retrieved", 6, 300, 60, [0, 1, 2], 300, False),
    random_case("over 100 retrieved, ties", 6, 300, 60, [0, 1], 300, True),
    random_case("nothing relevant", 10, 30, 5, [0], 20, False),
    case(
        "scores that are equal as float32",
        {"q": {"a": 1, "b": 2, "c": 3}},
        {"q": {"a": 1.0, "b": 1.0 + 1e-9, "c": 1.0 - 1e-9, "d": 0.5}},
        True,
    ),
]
with open("figures.json", "w") as out:
    json.dump(cases, out)
    out.write("\n")
