"""Makes goldens.json: the losses as torch computes them in float64.

    python goldens.py

Needs: torch.
"""

import json
from pathlib import Path

import torch
from torch.nn.functional import cosine_similarity, cross_entropy, kl_div, log_softmax, normalize


def main():
    torch.manual_seed(20)
    torch.set_default_dtype(torch.float64)
    q, p = normalize(torch.randn(3, 6)), normalize(torch.randn(5, 6))
    p[:3] = normalize(q + 2.5 * p[:3])
    scores, teacher = q @ p.T, torch.randn(3, 5) * 2
    excluded = torch.tensor([[0, 1, 0, 0, 1], [0, 1, 0, 0, 0], [1, 0, 0, 0, 0]]).bool()
    negatives = excluded & ~torch.eye(3, 5).bool()
    own = torch.arange(3)
    hide = lambda s, mask: s.masked_fill(mask, -torch.inf)

    def kl(student, teacher, tau_student, tau_teacher, mask):
        log_q = log_softmax(hide(student / tau_student, mask), 1).masked_fill(mask, 0)
        log_p = log_softmax(hide(teacher / tau_teacher, mask), 1)
        return kl_div(log_q, log_p, reduction="none", log_target=True).masked_fill(mask, 0).sum(1).mean()

    a, b = torch.randn(2, 4, 6), torch.randn(2, 4, 6)
    mask = torch.tensor([[1, 1, 1, 1], [1, 1, 0, 0]]).bool()
    gates = [torch.tensor([1.0, 0.3, 0.0, -0.5]), torch.tensor([0.01, 2.0])]
    tokens_a, tokens_b = a[mask], b[mask]
    golden = {
        "queries": q, "passages": p, "scores": scores, "teacher": teacher, "excluded": excluded,
        "infonce": cross_entropy(scores / 0.02, own),
        "infonce_warm": cross_entropy(scores / 0.5, own),
        "infonce_excluded": cross_entropy(hide(scores / 0.05, negatives), own),
        "kl": kl(scores, teacher, 0.02, 1.0, torch.zeros_like(excluded)),
        "kl_excluded": kl(scores, teacher, 0.05, 2.0, excluded),
        "alignment": (1 - cosine_similarity(q, p[:3])).mean(),
        "student": a, "teacher_states": b, "mask": mask,
        "hidden_cosine": (1 - cosine_similarity(tokens_a, tokens_b)).mean(),
        "hidden_mse": (tokens_a - tokens_b).square().sum() / tokens_b.square().sum(),
        "gates": torch.cat(gates), "slim": sum(torch.sigmoid(5 * z.relu().abs()).sum() for z in gates),
    }
    text = json.dumps({k: v.tolist() for k, v in golden.items()}, indent=1)
    Path(__file__).with_name("goldens.json").write_text(text + "\n")


if __name__ == "__main__":
    main()
