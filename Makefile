# Two commands do all the set-up: `make play` and `make test`. Everything stays in .venv.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: play test figures clean

play: .venv/.play .portaudio
	$(BIN)/doubledrop play

test: .venv/.dev .portaudio
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/pytest --numprocesses 2 --dist loadfile

# The figures of the README, measured here; keep the machine otherwise idle.
figures: .venv/.dev
	$(BIN)/pytest tests/test_figures.py tests/test_stft.py tests/test_frontend.py tests/test_render.py
	$(BIN)/python -m tests.render_figures
	$(BIN)/python -m tests.training_figures
	$(BIN)/doubledrop bench

.venv/bin/python:
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --upgrade pip

.venv/.play: pyproject.toml | .venv/bin/python
	$(BIN)/python -m pip install --quiet --editable .
	touch $@

.venv/.dev: pyproject.toml | .venv/bin/python
	$(BIN)/python -m pip install --quiet --editable '.[dev]'
	touch $@ .venv/.play

# PortAudio is the one system library. It comes with the wheels on Windows and macOS.
.PHONY: .portaudio
.portaudio: | .venv/bin/python
	@$(PYTHON) -c 'import ctypes.util, sys; sys.exit(sys.platform == "linux" and not ctypes.util.find_library("portaudio"))' \
	|| { command -v apt-get >/dev/null && [ "$$(id -u)" = 0 ] && apt-get update -qq && apt-get install -y -qq libportaudio2 >/dev/null; } \
	|| { command -v apt-get >/dev/null && sudo -n true 2>/dev/null && sudo apt-get update -qq && sudo apt-get install -y -qq libportaudio2 >/dev/null; } \
	|| echo 'PortAudio is missing: install it (Debian, Ubuntu: sudo apt-get install libportaudio2; Fedora: sudo dnf install portaudio; Arch: sudo pacman -S portaudio). Until then `play` works on files.'

clean:
	rm -rf .venv build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis
