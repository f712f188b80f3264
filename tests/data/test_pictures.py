"""Pictures: every image in its place, every point at its coordinates, files whole or absent."""

import math

import numpy as np
import pytest
import torch
from PIL import Image

from genbench.contract.dataset import Splits
from genbench.data import pictures
from genbench.errors import DataError

NONE = torch.zeros(0, 2)
CENTRE = pictures.SIDE / 2 - 0.5


def images(count, size=5, channels=3):
    return torch.randint(
        0, 255, (count, size, size, channels), generator=torch.Generator().manual_seed(0), dtype=torch.uint8
    )


def colours(picture):
    return {colour for _, colour in picture.getcolors(pictures.SIDE**2)}


def centre_of_mass(picture):
    """The mean place (x right, y up) of all that is not white, in pixels from the centre."""
    ink = 255.0 - np.asarray(picture, dtype=np.float64).min(axis=2)
    down, right = np.indices(ink.shape)
    return (ink * (right - CENTRE)).sum() / ink.sum(), (ink * (CENTRE - down)).sum() / ink.sum()


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize(("size", "scale"), [(5, 2), (32, 2), (33, 1)])
def test_grid_shows_every_image_in_its_place_small_ones_twice_as_large(size, scale, channels):
    shown = images(5, size, channels)
    sheet = np.asarray(pictures.grid(shown, columns=3).convert("RGB"))
    step = size * scale + pictures.SEPARATOR
    assert sheet.shape == (2 * step + pictures.SEPARATOR, 3 * step + pictures.SEPARATOR, 3)
    for number, image in enumerate(shown.numpy()):
        top, left = number // 3 * step + pictures.SEPARATOR, number % 3 * step + pictures.SEPARATOR
        cell = sheet[top : top + size * scale, left : left + size * scale]
        for shift in range(scale):
            assert (cell[shift::scale, shift::scale] == image).all()


def test_grid_is_white_between_and_after_the_images():
    sheet = np.asarray(pictures.grid(torch.zeros(3, 4, 4, 1, dtype=torch.uint8)))
    black = 3 * 8 * 8
    assert (sheet == 255).sum() == sheet.size - black


@pytest.mark.parametrize(("count", "across", "down"), [(1, 1, 1), (3, 2, 2), (16, 4, 4), (17, 5, 4)])
def test_grid_is_nearly_square(count, across, down):
    step = 10 + pictures.SEPARATOR
    assert pictures.grid(images(count)).size == (across * step + pictures.SEPARATOR, down * step + pictures.SEPARATOR)


@pytest.mark.parametrize(
    "wrong",
    [images(2).float(), images(2)[0], images(2, channels=2), images(0)],
    ids=["type", "shape", "channels", "none"],
)
def test_what_is_no_image_is_refused(wrong):
    with pytest.raises(DataError, match="1 or 3 channels"):
        pictures.grid(wrong)


def test_stack_leaves_a_white_gap_between_its_pictures():
    top, bottom = pictures.grid(images(2)), pictures.grid(images(3))
    sheet = pictures.stack(top, bottom)
    assert sheet.size == (max(top.width, bottom.width), top.height + pictures.GAP + bottom.height)
    assert sheet.crop((0, 0, *top.size)).tobytes() == top.tobytes()
    assert sheet.crop((0, top.height, sheet.width, top.height + pictures.GAP)).getcolors() == [
        (sheet.width * pictures.GAP, (255, 255, 255))
    ]
    assert sheet.crop((0, sheet.height - bottom.height, bottom.width, sheet.height)).tobytes() == bottom.tobytes()


@pytest.mark.parametrize("point", [(0.0, 0.0), (1.0, 0.0), (0.0, 1.0), (-0.5, -0.75)])
def test_a_point_lies_at_its_coordinates_the_second_one_upwards(point):
    place = centre_of_mass(pictures.cloud(NONE, torch.tensor([point]), extent=2.0))
    assert place == pytest.approx([coordinate / 2 * pictures.SIDE / 2 for coordinate in point], abs=0.6)


def test_real_points_are_blue_and_fake_ones_orange_on_white():
    point = torch.zeros(60, 2)
    assert {(255, 255, 255), pictures.REAL} <= colours(pictures.cloud(point, NONE, extent=1.0))
    assert {(255, 255, 255), pictures.FAKE} <= colours(pictures.cloud(NONE, point, extent=1.0))
    assert pictures.REAL not in colours(pictures.cloud(point, point, extent=1.0))


def test_points_outside_lie_on_the_border():
    outside = torch.tensor([[5.0, 0.0], [math.inf, 0.0], [1e30, 0.0]])
    border = pictures.cloud(NONE, torch.tensor([[1.0, 0.0]]), extent=1.0)
    for point in outside:
        assert pictures.cloud(NONE, point[None], extent=1.0).tobytes() == border.tobytes()
    assert centre_of_mass(border)[0] == pytest.approx(pictures.SIDE / 2, abs=3)


def test_points_that_are_not_numbers_are_left_out():
    assert colours(pictures.cloud(NONE, torch.tensor([[math.nan, 0.0], [0.0, math.nan]]), extent=1.0)) == {
        (255, 255, 255)
    }


def test_without_an_extent_all_real_points_are_inside():
    real = torch.tensor([[3.0, 0.0], [0.0, -7.0]])
    assert pictures.extent_of(real) > 7
    assert pictures.cloud(real, NONE).tobytes() == pictures.cloud(real, NONE, extent=pictures.extent_of(real)).tobytes()
    assert pictures.cloud(torch.zeros(2, 2), NONE).size == (pictures.SIDE, pictures.SIDE)


@pytest.mark.parametrize(("shift", "scale"), [(0.0, 1.0), (1000.0, 1.0), (-3.0, 1e-3)])
def test_a_projection_does_not_depend_on_where_features_lie_or_how_large_they_are(shift, scale):
    real, fake = torch.tensor([[0.0, 0.0, 5.0], [1.0, 2.0, 5.0]]), torch.tensor([[4.0, 1.0, -9.0]])
    expected = pictures.projection(real[:, :2], fake[:, :2])
    assert pictures.projection(real * scale + shift, fake * scale + shift).tobytes() == expected.tobytes()


def test_a_projection_shows_real_and_fake_wherever_they_are():
    picture = pictures.projection(torch.zeros(60, 2), torch.full((60, 2), 8.0))
    assert {pictures.REAL, pictures.FAKE} <= colours(picture)
    low, high = ((np.asarray(picture) == colour).all(axis=2).nonzero() for colour in (pictures.REAL, pictures.FAKE))
    margin = pictures.SIDE * (1 - 1 / pictures.MARGIN) / 2
    assert [low[0].mean(), low[1].mean()] == pytest.approx([pictures.SIDE - margin, margin], abs=2)
    assert [high[0].mean(), high[1].mean()] == pytest.approx([margin, pictures.SIDE - margin], abs=2)


def test_a_projection_of_one_feature_of_equal_ones_and_of_infinite_ones_is_drawn():
    line = torch.tensor([[1.0], [3.0]])
    assert centre_of_mass(pictures.projection(line, line))[1] == pytest.approx(0, abs=0.6)
    assert centre_of_mass(pictures.projection(torch.ones(5, 2), torch.ones(5, 2))) == pytest.approx((0, 0), abs=0.6)
    assert {pictures.REAL, (255, 255, 255)} <= colours(
        pictures.projection(torch.zeros(60, 2), torch.full((3, 2), math.inf))
    )
    assert colours(pictures.projection(torch.full((2, 2), math.nan), NONE)) == {(255, 255, 255)}


def test_figure_of_images_is_a_grid_of_the_first_ones():
    samples = images(120, size=2)
    splits = Splits(train=samples, test=samples)
    assert pictures.figure(samples, splits).tobytes() == pictures.grid(samples[:100]).tobytes()


def test_figures_of_one_data_set_have_one_scale():
    real = torch.tensor([[1.0, 0.0], [0.0, 1.0], [-1.0, 0.0]])
    splits = Splits(train=real, test=real)
    for samples in (torch.zeros(2, 2), torch.full((2, 2), 50.0)):
        expected = pictures.cloud(real[:2], samples, extent=pictures.extent_of(real))
        assert pictures.figure(samples, splits).tobytes() == expected.tobytes()


def test_figure_of_longer_vectors_shows_their_first_two_coordinates():
    real = torch.tensor([[1.0, 0.0, 9.0], [0.5, -1.0, 9.0]])
    longer, shorter = Splits(train=real, test=real), Splits(train=real[:, :2], test=real[:, :2])
    assert pictures.figure(real, longer).tobytes() == pictures.figure(real[:, :2], shorter).tobytes()


def test_figure_of_single_numbers_shows_them_on_a_line():
    real = torch.tensor([[1.0], [-1.0]])
    assert centre_of_mass(pictures.figure(real, Splits(train=real, test=real)))[1] == pytest.approx(0, abs=0.6)


def test_a_saved_picture_reads_back_equal_from_a_new_folder(tmp_path):
    picture, path = pictures.grid(images(4)), tmp_path / "new" / "folder" / "picture.png"
    pictures.save(picture, path)
    assert Image.open(path).tobytes() == picture.tobytes()
    assert list(path.parent.iterdir()) == [path]


def test_a_picture_that_cannot_be_written_leaves_the_old_one_and_nothing_else(tmp_path, monkeypatch):
    path = tmp_path / "picture.png"
    path.write_bytes(b"old")
    with monkeypatch.context() as patch:
        patch.setattr(pictures.os, "replace", lambda *_: (_ for _ in ()).throw(OSError("the disk is full")))
        with pytest.raises(OSError, match="full"):
            pictures.save(pictures.grid(images(1)), path)
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_png_is_saved_without_loading_every_format_that_there_is(tmp_path, monkeypatch):
    def refuse():
        raise AssertionError("forty modules would be imported")

    monkeypatch.setattr(Image, "init", refuse)
    monkeypatch.setattr(Image, "registered_extensions", refuse)
    pictures.save(Image.new("L", (2, 2)), tmp_path / "one.png")
    assert (tmp_path / "one.png").exists()
