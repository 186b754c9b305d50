"""The text's four networks, each of which reads 44 scaled numbers and says a genre's logits.

Source: "Music Style Transfer using Deep Learning (Part 1)", section "Variants of DL techniques":
multi-layer perceptron, recurrent network, LSTM and bidirectional LSTM, with dropout. A song is 44
numbers there, "(5608, 44)", so the recurrent ones read these one after the other. Sizes are not
given.
"""

from __future__ import annotations

from typing import Literal, get_args

from torch import Tensor, cat, nn

Kind = Literal["mlp", "rnn", "lstm", "bilstm"]
KINDS: tuple[Kind, ...] = get_args(Kind)
SIMPLE: Kind = "mlp"
"""The text's "basic neural network"."""
ENSEMBLE = "ensemble"
"""Of all of them: the mean of what they say."""
WORDS: dict[str, str] = {
    "mlp": "multi-layer perceptron",
    "rnn": "recurrent network",
    "lstm": "LSTM",
    "bilstm": "bidirectional LSTM",
    ENSEMBLE: "ensemble of the four",
}
DROPOUT = 0.4
_WIDTHS = (256, 128)
_HIDDEN = 48


def build(kind: Kind, features: int, genres: int) -> nn.Module:
    """A network with random weights: (batch, features) to (batch, genres) logits.

    Args:
        kind: which of them.
        features: numbers that it reads.
        genres: that it tells apart.
    """
    if kind == SIMPLE:
        return perceptron(features, genres)
    return Recurrent(kind, genres)


def perceptron(features: int, genres: int) -> nn.Sequential:
    """Linear layers with ReLU and dropout; arguments as of :func:`build`."""
    layers: list[nn.Module] = []
    for width in _WIDTHS:
        layers += [nn.Linear(features, width), nn.ReLU(), nn.Dropout(DROPOUT)]
        features = width
    return nn.Sequential(*layers, nn.Linear(features, genres))


class Recurrent(nn.Module):
    """Reads the numbers as a sequence, and answers by what it holds at the end.

    Args:
        kind: rnn, lstm or bilstm.
        genres: that it tells apart.
    """

    def __init__(self, kind: Kind, genres: int) -> None:
        super().__init__()
        both = kind == "bilstm"
        self._reader: nn.RNNBase = (
            nn.RNN(1, _HIDDEN, batch_first=True)
            if kind == "rnn"
            else nn.LSTM(1, _HIDDEN, batch_first=True, bidirectional=both)
        )
        wide = _HIDDEN * (2 if both else 1)
        self._answer = nn.Sequential(nn.Dropout(DROPOUT), nn.Linear(wide, genres))

    def forward(self, numbers: Tensor) -> Tensor:
        """(batch, features) to (batch, genres)."""
        held, _ = self._reader(numbers[:, :, None])
        # What reads backwards has read all when it stands at the first number.
        last = cat([held[:, -1, :_HIDDEN], held[:, 0, _HIDDEN:]], dim=1)
        answer: Tensor = self._answer(last)
        return answer
