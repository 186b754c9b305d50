"""Fixtures shared by all tests: a seeded generator, generators made by hand, measured figures."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

# Numba's cache of compiled functions is not made for two processes that compile the same ones for
# different arguments at once: they read each other's machine code, and crash. The first run of a
# fresh clone is such a race, so every worker has a cache of its own.
os.environ["NUMBA_CACHE_DIR"] = str(
    Path(__file__).parent.parent
    / ".pytest_cache"
    / f"numba-{os.environ.get('PYTEST_XDIST_WORKER', 'one')}"
)

import engine.cli.environment  # isort: skip  # noqa: F401  (one thread a process, as the command)
import numpy as np
import pytest

from engine.models.generator import OnnxGenerator
from export import handmade
from tests import write_figures
from tests.paths import Slots
from tests.plugins import build

_FIGURE = "figure"

MODELS = {
    "identity": handmade.identity,
    "flat": handmade.flat(6.0),
    "column": handmade.one_column(200),
    "marked": handmade.marked_columns(0.6),
    "snare": handmade.snare(200, 25.0),
    "downbeat-filter": handmade.downbeat_filter,
}


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(20190610)


@pytest.fixture(scope="session")
def model_path(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    folder = tmp_path_factory.mktemp("models")

    def path(name: str) -> Path:
        file = folder / f"{name}.onnx"
        return file if file.exists() else handmade.write(MODELS[name], file)

    return path


@pytest.fixture(scope="session")
def generator(model_path: Callable[[str], Path]) -> Callable[[str], OnnxGenerator]:
    """A generator made by hand, in ONNX Runtime, by its name."""
    return lambda name: OnnxGenerator(model_path(name), "cpu", threads=1)


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The shared object that all VST3s of the tests are."""
    return build(tmp_path_factory.mktemp("vst3"))


@pytest.fixture
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is known of any effect, and no plugin is approved."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))


@pytest.fixture
def figure(request: pytest.FixtureRequest) -> Callable[[str, str], None]:
    """Put a measured figure into the table at the end of the run."""
    # With the test's report, which is what comes back from a worker process.
    return lambda name, value: request.node.user_properties.append((_FIGURE, (name, value)))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    reports = [r for kind in ("passed", "failed") for r in terminalreporter.stats.get(kind, [])]
    figures = [value for r in reports for key, value in r.user_properties if key == _FIGURE]
    write_figures.keep(figures)
    if figures:
        terminalreporter.section("figures")
        for name, value in figures:
            terminalreporter.write_line(f"{name:<72} {value}")


@pytest.fixture
def slots(generator):
    """Makes slots, and ends their inference."""
    made = []

    def make(names, **options):
        made.append(Slots(generator, names, **options))
        return made[-1]

    yield make
    for one in made:
        one.close()
