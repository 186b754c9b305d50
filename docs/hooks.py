"""What MkDocs puts into pages in place of ``{{ commands }}`` and ``{{ rig }}``.

Taken from the program itself, so that they cannot differ from it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any


def on_page_markdown(markdown: str, **_: Any) -> str:
    """Fill in what the program says of itself."""
    if "{{ commands }}" in markdown:
        markdown = markdown.replace("{{ commands }}", "\n".join(_commands()))
    if "{{ rig }}" in markdown:
        markdown = markdown.replace("{{ rig }}", _rig())
    # Files outside of docs/ are shown where the sources are read, and named here.
    return re.sub(r"!\[([^]]*)\]\((?:\.\./)+presets/[^)]+\)", r"*Picture: \1.*", markdown)


def _commands() -> Iterator[str]:
    import typer.main

    from engine.cli.app import App
    from engine.cli.commands import register_whole

    app = App()
    register_whole(app)
    group: Any = typer.main.get_command(app)
    yield from _listed(group, group.context_class(group, info_name="doubledrop"), "doubledrop")


def _listed(group: Any, context: Any, path: str) -> Iterator[str]:
    for name in sorted(group.commands):
        command, called = group.commands[name], f"{path} {name}"
        inner = command.context_class(command, parent=context, info_name=name)
        if hasattr(command, "commands"):
            yield from _listed(command, inner, called)
            continue
        yield f"## {called}\n"
        for line in (command.help or "").splitlines():
            example = line.strip().startswith("Example:")
            yield f"`{line.strip().removeprefix('Example: ')}`" if example else line.strip()
        rows = [parameter.get_help_record(inner) for parameter in command.params]
        told = [row for row in rows if row is not None and row[0] != "--help"]
        if told:
            yield "\n| | |\n| --- | --- |"
            for what, text in told:
                cells = (" ".join(cell.split()).replace("|", "\\|") for cell in (f"`{what}`", text))
                yield f"| {' | '.join(cells)} |"
        yield ""


def _rig() -> str:
    from engine.config.rig_template import template

    return template([], [], [], ["liquid-to-dancefloor", "dancefloor-to-liquid"]).strip()
