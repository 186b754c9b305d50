# Two commands do all the set-up: `make play` and `make test`. Everything stays in .venv.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: play test test-live figures clean

play: .venv/.play .portaudio
	$(BIN)/doubledrop play

test: .venv/.dev .portaudio .dpf
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/pytest --numprocesses 2 --dist loadfile

# The stage on a real audio server without a sound card, heard by a second client of it. One after
# the other, for they are real-time programs; what a bare client loses in the same run is the
# machine's own share, and is subtracted.
# A machine that was taken away meanwhile gets more tries.
test-live: .venv/.dev .portaudio .jack .dpf
	$(BIN)/pytest tests/live --reruns 3 --reruns-delay 3

# docs/figures.md with what this machine measures; keep it otherwise idle.
figures: .venv/.dev .portaudio .jack .dpf
	rm -f docs/measured.json
	DOUBLEDROP_FIGURES=docs/measured.json $(BIN)/pytest
	DOUBLEDROP_FIGURES=docs/measured.json $(BIN)/pytest tests/live
	$(BIN)/python -m tests.write_figures

clean:
	rm -rf .venv build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis
