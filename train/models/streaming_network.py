"""The streaming generator: all bands are channels, and convolutions run along time only.

It is causal, so that it answers column by column; its memory of the past is the state of its
convolutions, which an exported file takes and gives explicitly. Nothing in it depends on where a
stream was cut: norms are over the channels of one column, and the receptive field is finite, so
that after :attr:`StreamingGenerator.receptive` columns the state is the same however it began.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.functional import layer_norm, pad

from engine.dsp.streaming import ENTRY_DB, LEADS, QUIET_DB, input_size

KERNEL = 3
"""Taps of a dilated convolution."""


class CausalBlock(nn.Module):
    """A residual block: a dilated convolution into the past, then one of each column alone.

    Args:
        width: channels.
        dilation: columns between its three taps.
    """

    def __init__(self, width: int, dilation: int) -> None:
        super().__init__()
        self.width, self.past = width, (KERNEL - 1) * dilation
        self.norm = ColumnNorm(width)
        self.dilated = nn.Conv1d(width, width, KERNEL, dilation=dilation)
        self.mix = nn.Conv1d(width, width, 1)
        nn.init.zeros_(self.mix.weight)
        nn.init.zeros_(self.mix.bias)  # type: ignore[arg-type]

    def forward(self, x: Tensor, past: Tensor) -> tuple[Tensor, Tensor]:
        """Columns and those before them to columns, and what has to be known next time.

        Args:
            x: (batch, width, columns).
            past: normed columns before them, (batch, width, self.past).
        """
        known = torch.cat([past, self.norm(x)], dim=-1)
        out = x + self.mix(torch.relu(self.dilated(known)))
        return out, known[..., -self.past :]


class ColumnNorm(nn.Module):
    """Mean 0 and variance 1 over the channels of each column."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.scale, self.shift = nn.Parameter(torch.ones(width)), nn.Parameter(torch.zeros(width))

    def forward(self, x: Tensor) -> Tensor:
        """(batch, width, columns) to the same."""
        columns = x.transpose(1, 2)
        return layer_norm(columns, columns.shape[-1:], self.scale, self.shift).transpose(1, 2)


class StreamingGenerator(nn.Module):
    """From columns of the feed up to now to gains and noise for the next ones.

    Args:
        width: channels between input and output.
        dilations: of the residual blocks.
        bands: of the log-mel image.
    """

    def __init__(self, width: int, dilations: tuple[int, ...], bands: int = 128) -> None:
        super().__init__()
        self.bands = bands
        self.enter = nn.Conv1d(input_size(bands), width, 1)
        self.blocks = nn.ModuleList(CausalBlock(width, dilation) for dilation in dilations)
        self.norm = ColumnNorm(width)
        self.leave = nn.Conv1d(width, 2 * len(LEADS) * bands, 1)
        nn.init.normal_(self.leave.weight, 0.0, 0.001)
        with torch.no_grad():
            assert self.leave.bias is not None
            self.leave.bias.zero_().view(2, -1)[1] = QUIET_DB / ENTRY_DB

    @property
    def receptive(self) -> int:
        """Columns before the newest that an answer depends on."""
        return sum(block.past for block in self._blocks())

    def _blocks(self) -> list[CausalBlock]:
        return [block for block in self.blocks if isinstance(block, CausalBlock)]

    def begin(self, batch: int, like: Tensor) -> list[Tensor]:
        """The state before the first column."""
        return [like.new_zeros(batch, block.width, block.past) for block in self._blocks()]

    def advance(self, x: Tensor, state: list[Tensor]) -> tuple[Tensor, list[Tensor]]:
        """The next columns.

        Args:
            x: (batch, input_size(bands), columns), see :mod:`engine.dsp.streaming`.
            state: as it came from the columns before.

        Returns:
            (batch, 2, leads, bands, columns): gains and noise, dB, for the columns that come
            ``LEADS`` after each; and the state behind the last.
        """
        h, following = self.enter(x), []
        for block, past in zip(self.blocks, state, strict=True):
            h, kept = block(h, past)
            following.append(kept)
        out = ENTRY_DB * self.leave(self.norm(h))
        return out.unflatten(1, (2, len(LEADS), self.bands)), following

    def forward(self, x: Tensor) -> Tensor:
        """A stretch from its beginning, see :meth:`advance`."""
        out, _ = self.advance(x, self.begin(x.shape[0], x))
        return out


def due(answers: Tensor, number: int = 0) -> Tensor:
    """What answers say about the columns of their own stretch.

    Args:
        answers: (batch, 2, leads, bands, columns) as of :meth:`StreamingGenerator.forward`.
        number: of the lead.

    Returns:
        (batch, 2, bands, columns): entry c is by the answer given ``LEADS[number]`` columns before;
        nothing is said about the first ones: no gain and no noise.
    """
    lead = LEADS[number]
    said = answers[:, :, number, :, :-lead]
    gain, noise = (
        pad(part, (lead, 0), value=value)
        for part, value in zip(said.unbind(1), (0.0, QUIET_DB), strict=True)
    )
    return torch.stack([gain, noise], dim=1)
