"""Image files are decoded in chunks, whose borders nobody sees."""

from functools import partial

import numpy as np
import pytest
from PIL import Image

from genbench.data import imagefile


@pytest.mark.parametrize(("fit", "lengths"), [(1, [1, 1, 1]), (2, [2, 1]), (9, [3])])
def test_chunks_hold_all_images_in_their_order(tmp_path, monkeypatch, fit, lengths):
    images = np.arange(3 * 12, dtype=np.uint8).reshape(3, 2, 2, 3)
    paths = [tmp_path / f"{number}.png" for number in range(3)]
    for image, path in zip(images, paths, strict=True):
        Image.fromarray(image).save(path)
    monkeypatch.setattr(imagefile, "CHUNK", 12 * fit)
    chunks = list(imagefile.decoded(paths, partial(imagefile.read, channels=3)))
    assert [len(chunk) for chunk in chunks] == lengths
    assert np.array_equal(np.concatenate(chunks), images)
