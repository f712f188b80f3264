"""How numbers that were made on the CPU get to the device of a trial."""

from __future__ import annotations

import torch
from torch import Tensor


def moved(rows: Tensor, device: torch.device, dtype: torch.dtype | None = None) -> Tensor:
    """The rows on a device, and in a precision if one is given.

    To a GPU they are copied as they are, from pinned memory and without anybody waiting: torch keeps that memory until
    the copy is done. From other memory the copy would wait for every kernel before it.
    """
    if device.type == "cuda" and rows.device.type == "cpu":
        rows = rows.pin_memory().to(device, non_blocking=True)
    return rows.to(device, dtype or rows.dtype)
