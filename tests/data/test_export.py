"""Exported samples: what is written is what was drawn."""

import numpy as np
import pytest
import torch
from PIL import Image

from genbench.contract.dataset import Splits
from genbench.data.export import check_target, export
from genbench.errors import GenbenchError


def images(count=3, channels=3):
    return torch.randint(
        0, 256, (count, 16, 16, channels), dtype=torch.uint8, generator=torch.Generator().manual_seed(0)
    )


def splits(samples):
    return Splits(train=samples, test=samples)


@pytest.mark.parametrize("channels", [1, 3])
def test_a_folder_holds_every_image_to_the_bit(tmp_path, channels):
    samples = images(12, channels)
    export(samples, splits(samples), tmp_path / "new" / "folder")
    files = sorted((tmp_path / "new" / "folder").iterdir())
    assert [file.name for file in files] == [f"{number:02d}.png" for number in range(12)]
    for file, image in zip(files, samples.numpy(), strict=True):
        assert np.array_equal(np.array(Image.open(file)).reshape(16, 16, channels), image)


@pytest.mark.parametrize("samples", [images(), torch.randn(5, 2)])
def test_an_array_file_holds_the_samples_as_they_are(tmp_path, samples):
    export(samples, splits(samples), tmp_path / "samples.npz")
    with np.load(tmp_path / "samples.npz") as file:
        assert file["samples"].dtype == samples.numpy().dtype
        assert np.array_equal(file["samples"], samples.numpy())
    assert [path.name for path in tmp_path.iterdir()] == ["samples.npz"]


@pytest.mark.parametrize("samples", [images(), torch.randn(5, 2)])
def test_a_picture_can_be_made_of_images_and_of_vectors(tmp_path, samples):
    export(samples, splits(samples), tmp_path / "grid.png")
    assert Image.open(tmp_path / "grid.png").width > 16


def test_a_folder_with_something_in_it_another_suffix_and_vectors_as_pictures_are_refused(tmp_path):
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "file").touch()
    for path, said in ((tmp_path / "full", "something already"), (tmp_path / "a.jpg", "array file")):
        with pytest.raises(GenbenchError, match=said):
            check_target(path)
    points = torch.randn(5, 2)
    with pytest.raises(GenbenchError, match="one picture each"):
        export(points, splits(points), tmp_path / "points")
