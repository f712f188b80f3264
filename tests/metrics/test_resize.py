"""Resizing by matrices is the interpolation that it stands for."""

import pytest
import torch
from pictured import images
from torch.nn.functional import interpolate

from genbench.metrics.resize import antialiased, resize, tensorflow1


@pytest.mark.parametrize(("height", "width"), [(8, 8), (28, 32), (13, 40), (1, 5), (299, 20), (310, 330)])
def test_tensorflow1_resizing_is_that_of_torch_fidelity(height, width):
    from torch_fidelity.interpolate_compat_tensorflow import interpolate_bilinear_2d_like_tensorflow1x

    pictures = torch.rand(2, height, width, 3, generator=torch.Generator().manual_seed(0)) * 255
    expected = interpolate_bilinear_2d_like_tensorflow1x(
        pictures.permute(0, 3, 1, 2), size=(299, 299), align_corners=False
    )
    found = resize(pictures, tensorflow1(height, 299), tensorflow1(width, 299))
    torch.testing.assert_close(found.permute(0, 3, 1, 2), expected, rtol=0, atol=1e-4)


@pytest.mark.parametrize("size", [8, 30, 100])
def test_antialiased_resizing_is_that_of_torch(size):
    pictures = images(2, 0, size=size).float()
    expected = interpolate(pictures.permute(0, 3, 1, 2), size=(20, 20), mode="bilinear", antialias=True)
    found = resize(pictures, antialiased(size, 20), antialiased(size, 20))
    torch.testing.assert_close(found.permute(0, 3, 1, 2), expected, rtol=0, atol=1e-3)


@pytest.mark.parametrize("weights", [tensorflow1, antialiased])
@pytest.mark.parametrize(("length", "target"), [(4, 9), (9, 4), (5, 5), (1, 3)])
def test_every_output_is_a_weighted_mean(weights, length, target):
    matrix = weights(length, target)
    assert matrix.shape == (target, length)
    assert (matrix >= 0).all()
    torch.testing.assert_close(matrix.sum(1), torch.ones(target))


def test_the_same_size_changes_nothing():
    pictures = images(2, 0, size=7).float()
    assert torch.equal(resize(pictures, tensorflow1(7, 7), tensorflow1(7, 7)), pictures)
