"""What a data set is: `Dataset` announces it, `Splits` holds it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import torch
from torch import Tensor


@dataclass(frozen=True, kw_only=True)
class Mixture:
    """The truth about a data set that is an equal mixture of isotropic Gaussians."""

    centres: Tensor
    """[modes, d]"""
    std: float
    radius: float
    """The largest distance of a centre to the origin."""


@dataclass(frozen=True, kw_only=True)
class Splits:
    """A data set in memory: uint8 images [n, h, w, c], or float32 vectors [n, d]."""

    train: Tensor
    test: Tensor
    mixture: Mixture | None = None
    train_labels: Tensor | None = None
    test_labels: Tensor | None = None
    """Labels of images, [n] int64, from 0 upwards; none where a data set has no classes."""
    known_content: str = ""
    """`content`, from where it was computed once and kept: hashing 200,000 images takes seconds."""

    @property
    def is_images(self) -> bool:
        """Whether it holds images, not vectors."""
        return self.train.dtype == torch.uint8

    @property
    def shape(self) -> tuple[int, ...]:
        """Of one sample as a trainer sees it: (channels, height, width) or (dimensions,)."""
        if not self.is_images:
            return tuple(self.train.shape[1:])
        height, width, channels = self.train.shape[1:]
        return (channels, height, width)

    @cached_property
    def content(self) -> str:
        """The sha256 of both splits: what the data really were."""
        if self.known_content:
            return self.known_content
        digest = hashlib.sha256()
        for split in (self.train, self.test):
            digest.update(repr((tuple(split.shape), str(split.dtype))).encode())
            digest.update(split.contiguous().numpy().data)
        return digest.hexdigest()


@dataclass(frozen=True, kw_only=True)
class Dataset:
    """A data set that can be named on the command line."""

    name: str
    config: type
    """A frozen dataclass that extends DataSettings."""
    load: Callable[[Any], Splits]
    """Reads the data for the given settings; raises DataError that says what is missing and where to get it."""
    nets: Mapping[str, Mapping[str, Any]]
    """Architectures that suit it, the default one first, each with the settings that differ there."""
    defaults: Mapping[str, Any] = field(default_factory=dict)
    """Settings that differ for this data set, by dotted name: `{"train.batch": 200}`."""
    about: str
    source: str = ""
    numerics: int = 1
    """Its numerics revision: raise it by one whenever the same seed comes to yield other numbers."""


def to_unit(images: Tensor) -> Tensor:
    """uint8 images [n, h, w, c] as float32 [n, c, h, w] in [-1, 1], channels last in memory."""
    return images.permute(0, 3, 1, 2).to(torch.float32).div_(127.5).sub_(1.0)


def to_bytes(images: Tensor) -> Tensor:
    """Images [n, c, h, w] in [-1, 1] as uint8 [n, h, w, c] on the CPU, rounded to the nearest level."""
    levels = images.detach().float().mul(127.5).add(127.5).round().clamp(0, 255)
    return levels.to(torch.uint8).permute(0, 2, 3, 1).contiguous().cpu()
