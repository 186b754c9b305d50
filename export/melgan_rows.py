"""What a card says of a generator after MelGAN-VC."""

from __future__ import annotations

from typing import Any


def melgan_rows(facts: dict[str, Any], megabytes: float) -> dict[str, str]:
    """Rows of a card, beside those that all cards have.

    Args:
        facts: how it was trained, see ``train.training.facts.Facts``, and its recipe.
        megabytes: of the file.
    """
    recipe = facts["recipe"]
    ahead = recipe["ahead"]
    smooth = f", smoothness over bands {recipe['smooth']:g}" if recipe["smooth"] else ""
    return {
        "method": "MelGAN-VC (Pasini 2019, as in Lin, Audio style transfer, section 4.2): "
        "generator, critic and siamese network",
        "network": "convolutions along time, bands are channels, into the past only; "
        f"{recipe['channels']} channels, {megabytes:.1f} MB; what it says is a change of the input",
        "training": f"unpaired: {facts['steps']} steps at batch {recipe['batch']}, stretches of "
        f"{recipe['width']} columns; nothing is paired",
        "learnt with": "hinge losses of the critic; weights: adversarial 1, identity "
        f"{recipe['identity']:g}, TraVeL {recipe['travel']:g}, margin {recipe['margin']:g} (of "
        f"distance {recipe['apart']:g}){smooth}; Adam at {recipe['learning_rate']:g}, critic at "
        f"{recipe['learning_rate'] * recipe['critic_rate']:g}",
        "weights": "the running mean of this run's" if recipe["average"] else "the last step's",
        "critics see": f"newest answers in a row, {ahead} columns late as in use edge, "
        + ("as the engine renders them" if recipe["rendered"] else "as they are generated"),
        "unlike the paper": "no stride, so that every column is answered alike; norms over the "
        "channels of a column instead of over a batch; all pairs of pieces of a batch in TraVeL; "
        "gains on the input's own phase instead of Griffin-Lim",
    }
