"""One page of pictures: what was called the target, what was kept, and how it looks."""

from __future__ import annotations

import html
from pathlib import Path
from typing import Any

import numpy as np

from engine.io.files import make_folder
from engine.pictures import draw_bands, head, pyplot, save
from engine.strict_json import legible, written
from engine.text import printable
from engine.writing import check_output, write_whole
from train.data.dataset import RATE
from train.judge.closeup import close_up
from train.judge.consistency import Consistency
from train.judge.evaluate import Evaluation
from train.judge.judge import FEASIBLE
from train.judge.statistics import Figure
from train.judge.view import SPEC

CLOSE_UP = "close-up.png"
_EXAMPLES = 3
_MAPPED = ("input", "target", "late", "phrase", "eq")
_SHOWN = ("input", "eq", "late", "phrase", "twin", "target")
_MEANING = {
    "input": "the music as it is",
    "eq": "static EQ to the target's average spectrum",
    "eq_dynamics": "the same with loudness and crest factor",
    "target": "real music of the target genre",
    "twin": "the same score performed in the target genre",
    "late": "restyled as a whole window (the paper's use)",
    "phrase": "restyled as on the stage, with a clock",
    "edge": "restyled as on the stage, without a clock",
    "paper": "the paper's renderer",
    "griffin_lim": "phase by Griffin-Lim, as the paper compares with",
    "no_noise": "without the noise branch",
    "frozen": "gain frozen to its time average",
    "shifted": "the clock one beat off",
    "eighth": "as on the stage, an inference each eighth",
    "quarter": "as on the stage, an inference each quarter",
    "short": "as on the stage, a synthesis window of 256",
    "onset_f": "onsets against the input's, F",
    "precision": "share of its onsets that the input has",
    "recall": "share of the input's onsets that it has",
    "chroma": "correlation of chroma with the input",
    "notes": "correlation of note posteriorgrams with the input",
    "kad": "kernel audio distance to real music of the target genre, × 1000",
    "jitter_db": "musical noise: change of a band's gain from column to column, dB",
    "pre_echo_db": "more before a hit than in the input, dB",
    "peak_dbfs": "highest sample, dBFS",
    "twin_db": "log-mel distance to the twin, dB",
    "modulation_db": "modulation of 4 to 128 Hz, distance to the twin's, dB",
    "flatness_db": "tone against noise on frames of 186 ms, distance to the twin's, dB",
    "snare_db": "harder second and fourth beats than the input's, dB",
    "hats_db": "more between the hats than in the input, above 6 kHz, dB",
    "melody_db": "louder between the drums than the input, 300 Hz to 6 kHz, dB",
    "buzz_db": "more tonal than the input from 40 to 400 Hz, dB",
}


def check_page(folder: Path, force: bool = False) -> None:
    """Whether a page may be written there, before there is one. Makes the folder.

    Raises:
        UsageError: it would replace files that are not ours, and ``force`` is not said.
        OutputError: the folder cannot be written.
    """
    make_folder(folder)
    pictures = [
        "flips.png",
        "map.png",
        CLOSE_UP,
        *(f"example-{n + 1}.png" for n in range(_EXAMPLES)),
    ]
    for name in ("evaluation.json", "index.html", *pictures):
        check_output(folder / name, force=force)


def write_page(evaluation: Evaluation, folder: Path, force: bool = False) -> Path:
    """Write ``index.html``, its pictures and ``evaluation.json``; returns the page.

    Args:
        evaluation: what is shown.
        folder: made if it does not exist.
        force: whether files that are not ours may be replaced.

    Raises:
        UsageError: see :func:`check_page`.
        OutputError: see :func:`check_page`.
    """
    check_page(folder, force)
    figures = written(legible(evaluation.to_json()), indent=1)
    write_whole(folder / "evaluation.json", figures, force=force)
    save(_flips(evaluation), folder / "flips.png", force)
    for example in range(_EXAMPLES):
        save(_example(evaluation, example), folder / f"example-{example + 1}.png", force)
    save(_map(evaluation), folder / "map.png", force)
    save(close_up(evaluation.measurements, RATE), folder / CLOSE_UP, force)
    page = folder / "index.html"
    write_whole(page, _html(evaluation), force=force)
    return page


def markdown(evaluation: Evaluation) -> str:
    """The figures as tables for a model card."""
    judge = evaluation.judge
    names = list(evaluation.measurements)
    lines = [
        f"{evaluation.tracks} held-out tracks of {_cell(judge.source)}, {evaluation.segments} "
        "segments; intervals are 95 % by track.",
        "",
        f"| called {_cell(judge.target)} | " + " | ".join(evaluation.flip) + " |",
        "| --- |" + " --- |" * len(evaluation.flip),
        "| real held-out segments called right | "
        + " | ".join(f"{judge.accuracies[c].accuracy:.1%}" for c in evaluation.flip)
        + " |",
    ]
    for name in names:
        cells = [
            f"{f[name].mean:.0%} [{f[name].low:.0%}, {f[name].high:.0%}]"
            for f in evaluation.flip.values()
        ]
        lines.append(f"| {name}: {_MEANING[name]} | " + " | ".join(cells) + " |")
    lines += ["", "| against the input | " + " | ".join(names) + " |"]
    lines.append("| --- |" + " --- |" * len(names))
    for measure, found in evaluation.content.items():
        row = [f"{found[name].mean:.2f}" if name in found else "" for name in names]
        lines.append(f"| {_MEANING[measure]} | " + " | ".join(row) + " |")
    lines += [""] + [f"Log-mel distance {k}: {f} dB." for k, f in evaluation.log_mel_db.items()]
    if evaluation.consistency is not None:
        lines.append(f"A classifier of four classes is right in {_right(evaluation.consistency)}.")
    lines += ["", *fine_ear(evaluation)]
    if evaluation.noise_db is not None:
        lines.append(f"Noise branch: {evaluation.noise_db:.1f} dB re output, median.")
    if evaluation.inference_ms is not None:
        lines.append(f"On the stage an inference takes {evaluation.inference_ms:.1f} ms here.")
    return "\n".join(lines)


def fine_ear(evaluation: Evaluation) -> list[str]:
    """What the fine ear says, a sentence a version."""
    said = []
    for name, found in evaluation.lines.items():
        rates = ", ".join(f"{rate} {db:+.1f} dB" for rate, db in found.level_db.items())
        said.append(
            f"{name}: largest line of the envelope from 15 to 500 Hz beyond input and twin "
            f"{found.excess_db:.1f} dB, at {found.at_hz:.1f} Hz; against the twin at {rates}."
        )
    if evaluation.told:
        shares = ", ".join(f"{name} {share:.0%}" for name, share in evaluation.told.items())
        said.append(f"Told from real music by a fresh classifier: {shares} (50% is perfect).")
    return said


def _cell(name: str) -> str:
    """A name in a table of Markdown."""
    return printable(name).replace("\\", "\\\\").replace("|", "\\|")


def _words(text: str) -> str:
    """Words from outside, in HTML."""
    return html.escape(printable(text))


def _flips(evaluation: Evaluation) -> Any:
    names = list(next(iter(evaluation.flip.values())))
    figure, axis = pyplot().subplots(figsize=(11, 4.5), constrained_layout=True, dpi=100)
    width = 0.8 / len(evaluation.flip)
    for i, (classifier, found) in enumerate(evaluation.flip.items()):
        at = np.arange(len(names)) + (i - (len(evaluation.flip) - 1) / 2) * width
        means = np.array([found[name].mean for name in names])
        low = np.clip(means - [found[name].low for name in names], 0, None)
        high = np.clip([found[name].high for name in names] - means, 0, None)
        axis.bar(at, 100 * means, width * 0.9, label=classifier)
        axis.errorbar(at, 100 * means, 100 * np.stack([low, high]), fmt="none", ecolor="black")
    axis.set_xticks(np.arange(len(names)), names)
    axis.set_ylabel(f"% called {evaluation.judge.target}")
    axis.set_ylim(0, 105)
    axis.legend(loc="upper left")
    return figure


def _map(evaluation: Evaluation) -> Any:
    """Embeddings in two dimensions (t-SNE, van der Maaten & Hinton 2008): who lies beside whom."""
    from sklearn.manifold import TSNE

    shown = [name for name in _MAPPED if name in evaluation.measurements]
    parts = [evaluation.judge.embed(evaluation.measurements[name].views) for name in shown]
    count = sum(len(part) for part in parts)
    model = TSNE(perplexity=max(2.0, min(30.0, (count - 1) / 3)), random_state=0, init="pca")
    places = model.fit_transform(np.concatenate(parts))
    figure, axis = pyplot().subplots(figsize=(8, 6), constrained_layout=True, dpi=100)
    first = 0
    for name, part in zip(shown, parts, strict=True):
        own = places[first : first + len(part)]
        axis.scatter(*own.T, s=18, label=name, alpha=0.8)
        first += len(part)
    axis.set_xticks([])
    axis.set_yticks([])
    axis.legend()
    return figure


def _example(evaluation: Evaluation, example: int) -> Any:
    measurements = evaluation.measurements
    shown = [name for name in _SHOWN if name in measurements]
    count = len(measurements["input"].views)
    index = min(count - 1, round((example + 0.5) * count / _EXAMPLES))
    figure, axes = pyplot().subplots(
        len(shown), 1, figsize=(13, 2.1 * len(shown)), sharex=True, constrained_layout=True, dpi=90
    )
    for axis, name in zip(np.atleast_1d(axes), shown, strict=True):
        image = measurements[name].views[index].T
        draw_bands(axis, name, image, SPEC.at(44100).centres_hz, (SPEC.floor_db, SPEC.ceil_db))
    head(figure, f"{measurements['input'].tracks[index]}: four bars")
    return figure


def _table(title: str, rows: dict[str, dict[str, Figure]], explain: bool) -> str:
    names = list(dict.fromkeys(name for found in rows.values() for name in found))
    head = "".join(f'<th title="{_MEANING.get(n, "")}">{_words(n)}</th>' for n in names)
    lines = []
    for row, found in rows.items():
        cells = "".join(
            f"<td>{found[n].mean:.2f}<br><small>{found[n].low:.2f}–{found[n].high:.2f}</small></td>"
            if n in found
            else "<td></td>"
            for n in names
        )
        label = _MEANING.get(row, row) if explain else row
        lines.append(f"<tr><th>{_words(label)}</th>{cells}</tr>")
    return f"<h2>{title}</h2><table><tr><th></th>{head}</tr>{''.join(lines)}</table>"


def _accuracies(evaluation: Evaluation) -> str:
    judge = evaluation.judge
    lines = []
    for name, a in judge.accuracies.items():
        unseen = "none" if a.unseen_sources is None else f"{a.unseen_sources:.1%}"
        lines.append(
            f"<tr><th>{_words(name)}</th><td>{a.accuracy:.1%}</td><td>{a.recall[0]:.1%}</td>"
            f"<td>{a.recall[1]:.1%}</td><td>{unseen}</td></tr>"
        )
    return (
        "<h2>Can the two be told apart? Real held-out segments called right</h2><table>"
        f"<tr><th></th><th>both</th><th>{_words(judge.source)}</th>"
        f"<th>{_words(judge.target)}</th><th>unseen sources</th></tr>{''.join(lines)}</table>"
    )


def _consistency(evaluation: Evaluation) -> str:
    if evaluation.consistency is None:
        return ""
    return (
        "<h2>One kind of sound?</h2><p>A classifier of source, target, outputs and a dummy (the"
        f" source backwards) is right in {_right(evaluation.consistency)}.</p>"
    )


def _right(found: Consistency) -> str:
    shares = ", ".join(f"{name} {share:.0%}" for name, share in found.recall.items())
    return f"{found.accuracy:.0%}: {shares}"


def _html(evaluation: Evaluation) -> str:
    judge = evaluation.judge
    title = f"{evaluation.preset or 'controls'}: {judge.source} → {judge.target}"
    versions = "".join(
        f"<li><b>{_words(name)}</b>: {_MEANING[name]}</li>" for name in evaluation.measurements
    )
    names = [CLOSE_UP, *(f"example-{i + 1}.png" for i in range(_EXAMPLES))]
    pictures = "".join(f'<p><img src="{name}"></p>' for name in names)
    distances: dict[str, Any] = {"log-mel distance, dB": evaluation.log_mel_db}
    return f"""<!doctype html><html lang="en"><meta charset="utf-8">
<title>{_words(title)}</title>
<style>body{{font:15px sans-serif;max-width:70em;margin:2em auto}}td,th{{padding:.3em .7em;
text-align:left}}table{{border-collapse:collapse}}tr+tr{{border-top:1px solid #ccc}}
img{{max-width:100%}}small{{color:#666}}</style>
<h1>{_words(title)}</h1>
<p>{evaluation.tracks} held-out tracks, {evaluation.segments} segments of four bars; intervals are
95 % by track. A linear model below {FEASIBLE:.0%} means two genres that are hardly two.</p>
<ul>{versions}</ul>
{_accuracies(evaluation)}
{_table(f"Share called {_words(judge.target)}", evaluation.flip, explain=False)}
<p><img src="flips.png"></p>
<h2>Who lies beside whom</h2><p>Embeddings by the judge's network, t-SNE.</p>
<p><img src="map.png"></p>{_consistency(evaluation)}
{_table("What is left of the input", evaluation.content, explain=True)}
<h2>The fine ear</h2>{"".join(f"<p>{_words(line)}</p>" for line in fine_ear(evaluation))}
{_table("Distances", distances, explain=False)}
<h2>Pictures</h2>{pictures}</html>
"""
