"""What a card says of a generator that learnt the style of one recording."""

from __future__ import annotations

from typing import Any

from engine.text import printable


def streaming_network(recipe: dict[str, Any], megabytes: float) -> str:
    """A streaming generator in words.

    Args:
        recipe: that it was built by.
        megabytes: of its file.
    """
    return (
        f"streaming: {len(recipe['dilations'])} causal residual blocks along time, "
        f"{recipe['width']} channels, dilations {' '.join(map(str, recipe['dilations']))}, "
        f"weights in 8 bits, {megabytes:.1f} MB"
    )


def johnson_rows(facts: dict[str, Any], megabytes: float) -> dict[str, str]:
    """Rows of the card's table, by name.

    Args:
        facts: of the training.
        megabytes: of the generator's file.
    """
    recipe, about = facts["recipe"], facts["about"]
    tracks = ", ".join(f"{genre} {n['tracks']}" for genre, n in facts["data"]["genres"].items())
    weights = ", ".join(f"{k} {recipe[k]:g}" for k in ("style", "content", "farther", "smooth"))
    return {
        "data": f"whole tracks at their own tempo, {tracks}, {facts['data']['level_db']:g} dB",
        "method": "johnson: style of one recording (Johnson et al. 2016, as in Liu et al. 2019, "
        "section 3.3)",
        "style": f"{printable(about['recording'])}, {about['seconds']:g} s, sha256 "
        f"{about['sha256'][:12]}",
        "network": streaming_network(recipe, megabytes),
        "training": f"unpaired: {facts['steps']} steps at batch {recipe['batch']}, stretches of "
        f"{recipe['columns']} columns of whole tracks, with a clock in {recipe['memory']:.0%} of "
        "them",
        "learnt with": f"losses of weight {weights}; style (covariances, means, and the energy "
        f"over frequency) and content from {about['features']}",
        "losses see": f"rendered sound in {recipe['sound']:.0%} of the steps, images as they are "
        "heard in the others",
        "unlike the paper": "log-mel images as the engine plays them; a causal network that answers"
        " column by column; no energy over time, which is the envelope of a single note; Gram "
        "matrices as covariance and mean, and of all bars together, not of each",
    }
