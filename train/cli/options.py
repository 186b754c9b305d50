"""Options that several commands of training share."""

from __future__ import annotations

from typing import Annotated

import typer

Cluster = Annotated[
    str | None,
    typer.Option(
        metavar="ADDRESS",
        help="Dask scheduler whose workers do it, for example tcp://studio:8786. They see the same"
        " folders.",
    ),
]
