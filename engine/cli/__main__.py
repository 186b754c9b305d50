"""``python -m engine.cli``: the command, for launchers such as torchrun."""

from engine.cli import main

if __name__ == "__main__":
    main()
