"""Image files as uint8 pixels of one form, whatever their mode; a file that cannot be read is named."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from genbench import files
from genbench.errors import DataError

MODES = {1: "L", 3: "RGB"}
"""By the number of channels."""
FORMATS = ("BMP", "GIF", "JPEG", "PNG", "PPM", "TIFF", "WEBP")
"""Pillow's names of the formats that are read: some of its other readers start programs."""
CHUNK = 2**26
"""Bytes of images that are decoded before they are written, or one image."""


def read(path: Path, channels: int) -> Image.Image:
    """The first frame of an image file, turned upright as its EXIF data say, grey for 1 channel, RGB for 3.

    Grey is Rec. 601 luma. Transparent pixels are laid over white; 16 bits are scaled to 8; palettes, CMYK and other
    colour spaces are converted. Raises DataError that names a file which is damaged, too large, or has levels of
    unknown range.
    """
    try:
        with files.picture(path, FORMATS) as image:
            return _converted(ImageOps.exif_transpose(image), MODES[channels])
    except Exception as error:  # Pillow's decoders raise errors of many kinds for damaged files
        reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
        raise DataError(f"{path} cannot be read as an image: {reason}; repair or remove it") from error


def square(image: Image.Image, size: int) -> Image.Image:
    """The largest square in the middle, resized to [size, size]."""
    side = min(image.size)
    left, top = (image.width - side) // 2, (image.height - side) // 2
    return resized(image.crop((left, top, left + side, top + side)), size, size)


def resized(image: Image.Image, width: int, height: int) -> Image.Image:
    """The image at another size by Pillow's bilinear filter, which averages over all pixels that become one."""
    return image if image.size == (width, height) else image.resize((width, height), Image.Resampling.BILINEAR)


def pixels(image: Image.Image) -> NDArray[np.uint8]:
    """[h, w, c] uint8"""
    levels = np.asarray(image, dtype=np.uint8)
    return levels if levels.ndim == 3 else levels[:, :, np.newaxis]


def decoded(paths: Sequence[Path], decode: Callable[[Path], Image.Image]) -> Iterator[NDArray[np.uint8]]:
    """The images in chunks [k, h, w, c], so that memory does not grow with their number."""
    chunk: list[NDArray[np.uint8]] = []
    for path in paths:
        with warnings.catch_warnings():
            # `read` refuses what Pillow warns about.
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            chunk.append(pixels(decode(path)))
        if len(chunk) * chunk[0].nbytes >= CHUNK:
            yield np.stack(chunk)
            chunk = []
    if chunk:
        yield np.stack(chunk)


def _converted(image: Image.Image, mode: str) -> Image.Image:
    if image.mode.startswith("I;16"):
        levels = np.asarray(image).astype(np.uint32)
        image = Image.fromarray(((levels * 255 + 32_767) // 65_535).astype(np.uint8))
    elif image.mode in ("I", "F"):
        raise ValueError("its levels have 32 bits, and which of them are black and white is not known")
    elif image.has_transparency_data:
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image.convert("RGBA"))
    return image.convert(mode)
