"""Pictures of samples: images in a grid, 2-d points as a cloud over the real ones."""

from __future__ import annotations

import math
import os
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from genbench import files
from genbench.contract.dataset import Splits
from genbench.errors import DataError
from genbench.trial.picture import carried

Image.preinit()  # PNG and the like, once for all workers that are forked; the other forty formats take 0.3 s in each
SHOWN = 100
"""Images in the grid of a figure."""
SMALL = 32
"""Images up to so many pixels wide and high are enlarged twice."""
SEPARATOR, GAP = 2, 14
"""Pixels between the images of a grid, and between pictures of a stack."""

SIDE = 512
"""Of a cloud, in pixels."""
FINE = 2
"""A cloud is drawn so many times larger, then averaged: smooth edges."""
RADIUS = 1.6
"""Of a point, in pixels of the cloud."""
OPACITY = 0.6
"""Of one point; where many lie over each other the colour is full."""
MARGIN = 1.15
"""Half the side of a cloud, in units of the largest real coordinate."""
REAL, FAKE = (0x00, 0x72, 0xB2), (0xE6, 0x9F, 0x00)
"""Blue and orange that colour-blind readers can tell apart (Okabe & Ito 2008)."""


def figure(samples: Tensor, splits: Splits) -> Image.Image:
    """Samples [n, ...], kept as the data are: a grid of the first images, or a cloud over as many held-out points.

    Vectors of more than two dimensions show the first two. All clouds of a data set have one scale.
    """
    if splits.is_images:
        return grid(samples[:SHOWN])
    return cloud(_plane(splits.test[: len(samples)]), _plane(samples), extent_of(_plane(splits.train)))


def grid(images: Tensor, columns: int | None = None) -> Image.Image:
    """uint8 images [n, h, w, c] row by row, as nearly square as possible unless `columns` is given; c is 1 or 3.

    Images of at most 32 x 32 pixels are enlarged twice. Raises DataError for other types, shapes and for no images.
    """
    if images.dtype != torch.uint8 or images.dim() != 4 or images.shape[3] not in (1, 3) or not len(images):
        raise DataError(
            f"cannot make a grid of {images.dtype} {tuple(images.shape)}: it shows torch.uint8 images [n, h, w, c]"
            " with 1 or 3 channels"
        )
    pixels = images.cpu().numpy()
    if max(pixels.shape[1:3]) <= SMALL:
        pixels = pixels.repeat(2, axis=1).repeat(2, axis=2)
    count, height, width, channels = pixels.shape
    columns = columns or math.ceil(math.sqrt(count))
    rows = math.ceil(count / columns)
    cells = np.full((rows * columns, height + SEPARATOR, width + SEPARATOR, channels), 255, dtype=np.uint8)
    cells[:count, SEPARATOR:, SEPARATOR:] = pixels
    table = cells.reshape(rows, columns, *cells.shape[1:]).swapaxes(1, 2)
    sheet = table.reshape(rows * cells.shape[1], columns * cells.shape[2], channels)
    sheet = np.pad(sheet, ((0, SEPARATOR), (0, SEPARATOR), (0, 0)), constant_values=255)
    return Image.fromarray(sheet[:, :, 0] if channels == 1 else sheet)


def stack(*pictures: Image.Image) -> Image.Image:
    """Pictures of one kind under each other, on white, with a visible gap between them."""
    height = sum(picture.height for picture in pictures) + GAP * (len(pictures) - 1)
    sheet = Image.new(pictures[0].mode, (max(picture.width for picture in pictures), height), "white")
    top = 0
    for picture in pictures:
        sheet.paste(picture, (0, top))
        top += picture.height + GAP
    return sheet


def cloud(real: Tensor, fake: Tensor, extent: float | None = None) -> Image.Image:
    """Points fake [m, 2], orange, over real [n, 2], blue, in the square from -extent to extent, 512 x 512 pixels.

    The axes are equal, the second one points up. Points outside lie on the border, so that all are visible;
    points with a NaN are left out. Without an extent the real points give it.
    """
    extent = extent_of(real) if extent is None else extent
    canvas = np.full((SIDE, SIDE, 3), 255.0, dtype=np.float32)
    for points, colour in ((real, REAL), (fake, FAKE)):
        cover = _cover(points.detach().cpu().double().numpy(), extent)
        drawn = cover > 0
        canvas[drawn] += cover[drawn, None] * (np.array(colour, dtype=np.float32) - canvas[drawn])
    return Image.fromarray(canvas.round().astype(np.uint8))


def projection(real: Tensor, fake: Tensor) -> Image.Image:
    """A cloud of features fake [m, k] over real [n, k], the first two of each: the smallest square that holds them all,
    and a margin.

    Features have no origin and no scale of their own, so the square lies where they lie. Infinite ones lie on its
    border.
    """
    planes = [_plane(features) for features in (real, fake)]
    finite = torch.cat(planes).double()
    finite = finite[finite.isfinite().all(dim=1)]
    low, high = (finite.amin(0), finite.amax(0)) if len(finite) else (torch.zeros(2), torch.zeros(2))
    centre = (low + high) / 2
    return cloud(planes[0] - centre, planes[1] - centre, extent_of(high - centre))


def extent_of(real: Tensor) -> float:
    """Half the side of a square around the origin that shows all real points [n, d] and a margin."""
    return MARGIN * float(real.abs().max()) or 1.0


def save(image: Image.Image, path: Path, trial: str = "") -> None:
    """Write the image, in the format of the path's suffix, whole or not at all; makes the folder.

    trial: the id of the trial that it is of, which a PNG carries.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.stem}-{os.getpid()}{path.suffix}")
    try:
        with files.creating(partial) as file:
            # The level of PNG: a trial that draws samples should not wait for their compression.
            kind = Image.EXTENSION.get(path.suffix.lower()) or Image.registered_extensions()[path.suffix.lower()]
            image.save(file, kind, compress_level=1, pnginfo=carried(trial))
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)


def _plane(vectors: Tensor) -> Tensor:
    """The first two coordinates [n, 2] of vectors [n, d]; a missing second one is 0."""
    return torch.nn.functional.pad(vectors[:, :2], (0, max(0, 2 - vectors.shape[1])))


def _cover(points: NDArray[np.float64], extent: float) -> NDArray[np.float32]:
    """How much of each pixel the points [n, 2] cover, [SIDE, SIDE] in 0 to 1; row 0 is the top."""
    side, reach = SIDE * FINE, math.floor(RADIUS * FINE)
    points = points[~np.isnan(points).any(axis=1)]
    place = (points * (1, -1) / extent + 1) * (side / 2)
    place = place.clip(reach, side - 1 - reach).astype(np.int64)
    offsets = np.arange(-reach, reach + 1)
    down, right = np.nonzero(offsets[:, None] ** 2 + offsets**2 <= (RADIUS * FINE) ** 2)
    disc = offsets[down] * side + offsets[right]
    hits = np.bincount((place[:, 1:] * side + place[:, :1] + disc).ravel(), minlength=side**2)
    shades = 1 - (1 - OPACITY) ** np.arange(16, dtype=np.float32)
    shade = np.zeros(side**2, dtype=np.float32)
    hit = np.flatnonzero(hits)
    shade[hit] = shades[np.minimum(hits[hit], len(shades) - 1)]
    fine = shade.reshape(side, side)
    cover = np.zeros((SIDE, SIDE), dtype=np.float32)
    for row in range(FINE):
        for column in range(FINE):
            cover += fine[row::FINE, column::FINE] / np.float32(FINE**2)
    return cover
