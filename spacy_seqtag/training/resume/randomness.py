"""The states of the random generators that training draws from."""

import random
import zlib
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import torch
from thinc.api import CupyOps, get_current_ops
from torch import Tensor

# A state as JSON: nested lists of numbers.
Plain: TypeAlias = dict[str, Any]


@dataclass(frozen=True)
class Generators:
    """The states of the generators of Python, NumPy and PyTorch at one moment.

    python: From `random.getstate`.
    numpy: From `numpy.random.get_state`.
    torch (Tensor): From `torch.get_rng_state`.
    cuda (list[Tensor]): Those of the GPUs, if PyTorch uses any.
    """

    python: Any
    numpy: Any
    torch: Tensor
    cuda: list[Tensor]

    @classmethod
    def now(cls, *, gpu: bool = True) -> "Generators":
        """Read the states.

        gpu (bool): Those of the GPUs, too.
        """
        in_use = gpu and torch.cuda.is_available()
        cuda = torch.cuda.get_rng_state_all() if in_use else []
        return cls(random.getstate(), np.random.get_state(), torch.get_rng_state(), cuda)

    def restore(self) -> None:
        """Put the generators into these states."""
        random.setstate(self.python)
        np.random.set_state(self.numpy)
        torch.set_rng_state(self.torch)
        # The run may go on with fewer GPUs, or none.
        for device, state in zip(range(torch.cuda.device_count()), self.cuda):
            torch.cuda.set_rng_state(state, device)

    def to_plain(self) -> Plain:
        """Write the states as JSON."""
        version, numbers, gauss = self.python
        name, keys, *rest = self.numpy
        return {
            "python": [version, list(numbers), gauss],
            "numpy": [name, keys.tolist(), *rest],
            "torch": self.torch.tolist(),
            "cuda": [state.tolist() for state in self.cuda],
        }

    @classmethod
    def from_plain(cls, plain: Plain) -> "Generators":
        """Read what `to_plain` wrote."""
        version, numbers, gauss = plain["python"]
        name, keys, *rest = plain["numpy"]
        return cls(
            (version, tuple(numbers), gauss),
            (name, np.array(keys, dtype=np.uint32), *rest),
            torch.tensor(plain["torch"], dtype=torch.uint8),
            [torch.tensor(state, dtype=torch.uint8) for state in plain["cuda"]],
        )

    def checksum(self) -> int:
        """Return a number that tells states apart."""
        return zlib.crc32(repr(self.to_plain()).encode())


class DataStream:
    """Gives the reading of data generators of its own, apart from those of the updates.

    The order of the corpus then depends on the seed alone, and not on what dropout has drawn. So it
    can be found again without the updates in between. spaCy's corpora, batchers and components draw
    the same numbers as in `spacy train`, since they take them from different generators anyway.
    """

    def __init__(self) -> None:
        self._data: Generators | None = None
        self._updates: Generators | None = None

    def enter(self) -> None:
        """Switch to the generators of the data; does nothing where they are on."""
        if self._updates is None:
            self._updates = Generators.now(gpu=False)
            if self._data is not None:
                self._data.restore()

    def leave(self) -> None:
        """Switch back to the generators of the updates."""
        assert self._updates is not None
        self._data = Generators.now(gpu=False)
        self._updates.restore()
        self._updates = None

    def checksum(self) -> int:
        """Return a number that tells where the data are."""
        return 0 if self._data is None else self._data.checksum()


def reseed_cupy(number: int) -> None:
    """Seed CuPy's generator, whose state cannot be read, wherever a state is saved or restored."""
    ops = get_current_ops()
    if isinstance(ops, CupyOps):
        ops.xp.random.seed(number)
