"""A training step against a plain float32 loop of the same losses, in one run.

``python -m tests.training_figures`` prints medians and their ratio for the paper's networks at
batch 1. bfloat16 pays where the processor multiplies it (AMX) or on a GPU; elsewhere
both are alike.
"""

from __future__ import annotations

import json
import time
from itertools import chain

import numpy as np
import torch
from torch.nn.functional import l1_loss, mse_loss

from train.training.cyclegan import CycleGan
from train.training.cyclegan_step import learn_cycle
from train.training.recipe import Recipe
from train.training.run import suits_bfloat16

STEPS = 8
PAPER = Recipe(
    source="a", target="b", residual=False, phrase=0, edge=0, average=0, history=0, width=128
)


class Plain:
    """CycleGAN's step as one writes it down, in float32."""

    def __init__(self, model: CycleGan) -> None:
        self.m = model
        g = chain(model.to_target.parameters(), model.to_source.parameters())
        d = chain(model.of_target.parameters(), model.of_source.parameters())
        self.g, self.d = (torch.optim.Adam(p, 2e-4, betas=(0.5, 0.999)) for p in (g, d))

    def step(self, a: torch.Tensor, b: torch.Tensor) -> dict[str, float]:
        m = self.m
        fake_b, fake_a = m.to_target(a), m.to_source(b)
        judged = m.of_target(fake_b), m.of_source(fake_a)
        losses = {
            "adversarial_target": mse_loss(judged[0], torch.ones_like(judged[0])),
            "adversarial_source": mse_loss(judged[1], torch.ones_like(judged[1])),
            "cycle_source": 10 * l1_loss(m.to_source(fake_b), a),
            "cycle_target": 10 * l1_loss(m.to_target(fake_a), b),
            "identity_target": 5 * l1_loss(m.to_target(b), b),
            "identity_source": 5 * l1_loss(m.to_source(a), a),
        }
        self.g.zero_grad()
        sum(losses.values()).backward()
        self.g.step()
        critics = {}
        for name, critic, real, fake in (
            ("critic_target", m.of_target, b, fake_b),
            ("critic_source", m.of_source, a, fake_a),
        ):
            yes, no = critic(real), critic(fake.detach())
            critics[name] = 0.5 * (
                mse_loss(yes, torch.ones_like(yes)) + mse_loss(no, torch.zeros_like(no))
            )
        self.d.zero_grad()
        sum(critics.values()).backward()
        self.d.step()
        return {name: loss.item() for name, loss in (losses | critics).items()}


def main() -> None:
    """Measure and print."""
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    amp = suits_bfloat16(device)
    ours, plain = CycleGan(PAPER, device, amp), Plain(CycleGan(PAPER, device, False))
    rng = np.random.default_rng(0)
    times: dict[str, list[float]] = {"ours": [], "plain": []}
    losses = {}
    for _ in range(STEPS):
        a, b = (
            torch.from_numpy(rng.uniform(-1, 1, (1, 1, 128, PAPER.width)).astype(np.float32))
            for _ in range(2)
        )
        a, b = a.to(device), b.to(device)
        heard = [torch.cat([x, x], dim=1) for x in (a, b)]  # the window is what is played
        for name, taken in times.items():
            begun = time.perf_counter()
            losses[name] = (
                plain.step(a, b) if name == "plain" else learn_cycle(ours, *heard, 2e-4, rng)
            )
            taken.append(time.perf_counter() - begun)
    medians = {name: float(np.median(t[1:])) for name, t in times.items()}
    print(
        json.dumps(
            {
                "device": str(device),
                "bfloat16": amp,
                "threads": torch.get_num_threads(),
                "seconds_a_step": medians,
                "times_faster": medians["plain"] / medians["ours"],
                "losses": losses,
            },
            indent=1,
        )
    )


if __name__ == "__main__":
    main()
