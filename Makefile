# Two commands do all the set-up: `make play` and `make test`. Everything stays in .venv.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: play test test-live figures clean

play: .venv/.play .portaudio
	$(BIN)/doubledrop play

test: .venv/.dev .portaudio .dpf .fluidsynth .browser .openmpt
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/pytest --numprocesses 2 --dist loadfile

# The stage on a real audio server without a sound card, heard by a second client of it. One after
# the other, for they are real-time programs; what a bare client loses in the same run is the
# machine's own share, and is subtracted. A machine that was taken away meanwhile gets more tries.
test-live: .venv/.dev .portaudio .jack .dpf
	$(BIN)/pytest tests/live --reruns 3 --reruns-delay 3

# docs/figures.md with what this machine measures; keep it otherwise idle.
figures: .venv/.dev .portaudio .jack .dpf .fluidsynth .browser .openmpt
	rm -f docs/measured.json
	DOUBLEDROP_FIGURES=docs/measured.json $(BIN)/pytest
	DOUBLEDROP_FIGURES=docs/measured.json $(BIN)/pytest tests/live
	$(BIN)/python -m tests.write_figures

.venv/bin/python:
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --upgrade pip

.venv/.play: pyproject.toml | .venv/bin/python
	$(BIN)/python -m pip install --quiet --editable .
	touch $@

.venv/.dev: pyproject.toml | .venv/bin/python
	$(BIN)/python -m pip install --quiet --editable '.[dev]'
	touch $@ .venv/.play

# PortAudio is the one system library. It comes with the wheels on Windows and macOS. The tests of
# the stage also need a JACK server.
INSTALL = { command -v apt-get >/dev/null && [ "$$(id -u)" = 0 ] && apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq $(1) >/dev/null; } \
	|| { command -v apt-get >/dev/null && sudo -n true 2>/dev/null && sudo apt-get update -qq && sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq $(1) >/dev/null; }

.PHONY: .portaudio .jack .dpf .fluidsynth .browser .openmpt
.portaudio: | .venv/bin/python
	@$(PYTHON) -c 'import ctypes.util, sys; sys.exit(sys.platform == "linux" and not ctypes.util.find_library("portaudio"))' \
	|| $(call INSTALL,libportaudio2) \
	|| echo 'PortAudio is missing: install it (Debian, Ubuntu: sudo apt-get install libportaudio2; Fedora: sudo dnf install portaudio; Arch: sudo pacman -S portaudio). Until then `play` works on files.'

.jack:
	@command -v jackd >/dev/null || $(call INSTALL,jackd2) \
	|| { echo 'The tests of the stage need jackd (Debian, Ubuntu: sudo apt-get install jackd2).'; exit 1; }

# Plugins to be hosted in tests are built from Debian's dpf-source; without it they are skipped.
.dpf:
	@test -d /usr/share/dpf && command -v g++ >/dev/null || $(call INSTALL,dpf-source g++) \
	|| echo 'Tests of plugins are skipped without dpf-source and g++ (Debian, Ubuntu: sudo apt-get install dpf-source g++).'

# Notes are played in tests by fluidsynth with a small soundfont; without them they are skipped. The
# program that Debian recommends beside it has windows.
.fluidsynth:
	@command -v fluidsynth >/dev/null && test -f /usr/share/sounds/sf2/TimGM6mb.sf2 \
	|| $(call INSTALL,--no-install-recommends fluidsynth timgm6mb-soundfont) \
	|| echo 'Tests of notes are skipped without fluidsynth and timgm6mb-soundfont (Debian, Ubuntu: sudo apt-get install fluidsynth timgm6mb-soundfont).'

# The stage page is tested in a browser; without one these tests are skipped. It has no window, and
# Playwright brings its own nowhere.
.browser:
	@command -v chromium-headless-shell >/dev/null || $(call INSTALL,--no-install-recommends chromium-headless-shell) \
	|| echo 'Tests in a browser are skipped without chromium-headless-shell (Debian, Ubuntu: sudo apt-get install chromium-headless-shell).'

# A tracker module is played in tests by libopenmpt; without it that test is skipped.
.openmpt: | .venv/bin/python
	@$(PYTHON) -c 'import ctypes.util, sys; sys.exit(not ctypes.util.find_library("openmpt"))' \
	|| $(call INSTALL,--no-install-recommends libopenmpt0) \
	|| echo 'A test of tracker modules is skipped without libopenmpt0 (Debian, Ubuntu: sudo apt-get install libopenmpt0).'

clean:
	rm -rf .venv build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis
