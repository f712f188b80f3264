"""`Source`: the endless stream of batches, addressed by position; and the fingerprint of its order."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

import torch
from torch import Tensor

from genbench.contract import streams
from genbench.contract.dataset import to_unit
from genbench.contract.transfer import moved
from genbench.errors import DataError, GenbenchError


class Source(Iterator[Tensor]):
    """One rank's batches of a split, without end.

    The epochs, each in its own order, follow each other without a gap; batch b is what lies at positions b *
    batch to (b + 1) * batch of that sequence, and a rank takes its share of it. So batch b depends only on (seed, b).

    Items: [batch / world, c, h, w] in [-1, 1] for a split of uint8 images [n, h, w, c], else [batch / world, d].
    """

    def __init__(
        self,
        split: Tensor,
        *,
        seed: int,
        batch: int,
        rank: int = 0,
        world: int = 1,
        device: torch.device | str = "cpu",
        dtype: torch.dtype = torch.float32,
    ) -> None:
        if len(split) == 0:
            raise DataError("the data set has no images to train on; check the data settings")
        if batch % world:
            raise GenbenchError(
                f"train.batch is {batch}, which {world} ranks cannot share equally; make it a multiple of {world}"
            )
        self.position = 0
        """Batches taken."""
        self._split, self._seed, self._batch = split, seed, batch
        self._share = batch // world
        self._offset = rank * self._share
        self._device, self._dtype = torch.device(device), dtype
        self._orders: dict[int, Tensor] = {}

    def seek(self, position: int) -> None:
        """Go to where `position` batches have been taken."""
        self.position = position

    def __next__(self) -> Tensor:
        rows = moved(self._rows(), self._device)
        self.position += 1
        return (to_unit(rows) if rows.dtype == torch.uint8 else rows).to(self._dtype)

    def _rows(self) -> Tensor:
        """This rank's share of the current batch, as the split keeps it."""
        start = self.position * self._batch + self._offset
        indices = self._indices(start, start + self._share)
        return self._split.index_select(0, indices.to(self._split.device))

    def _indices(self, start: int, stop: int) -> Tensor:
        """What lies at positions start to stop of the concatenated epochs: [stop - start], int64."""
        count = len(self._split)
        epochs = range(start // count, (stop - 1) // count + 1)
        self._orders = {
            epoch: self._orders[epoch] if epoch in self._orders else streams.permutation(count, self._seed, epoch)
            for epoch in epochs
        }
        return torch.cat(
            [order[max(start - epoch * count, 0) : stop - epoch * count] for epoch, order in self._orders.items()]
        )


def fingerprint(split: Tensor, *, seed: int, batch: int, batches: int = 4) -> str:
    """The sha256 of the first global batches: equal for two trials that saw the same data in the same order.

    It does not depend on ranks, device or precision.
    """
    source = Source(split, seed=seed, batch=batch)
    digest = hashlib.sha256(repr((tuple(split.shape[1:]), str(split.dtype), batch)).encode())
    for position in range(batches):
        source.seek(position)
        digest.update(source._rows().cpu().numpy().tobytes())
    return digest.hexdigest()
