"""`folder`: any tree of images; splits, labels, sizes and modes, and what is said of folders that will not do."""

import contextlib
import dataclasses
import inspect
import os
import shutil
import socket
import struct
import sys
import warnings
import zlib

import numpy as np
import pytest
import torch
from PIL import Image

from genbench import files
from genbench.config.compose import Schema, compose, parse
from genbench.contract.registry import installed
from genbench.contract.registry import load as load_plugin
from genbench.data.folder import FolderData, _images, load
from genbench.data.imagefile import read
from genbench.errors import DataError, SettingsError


@dataclasses.dataclass(frozen=True, kw_only=True)
class SomeMethod:
    lr: float = 1.0


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("GENBENCH_DATA", str(tmp_path / "cache"))


@pytest.fixture
def root(tmp_path):
    folder = tmp_path / "images"
    folder.mkdir()
    return folder


def save(path, level=0, size=(8, 8), mode="RGB"):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.full((size[1], size[0], 3), level, dtype=np.uint8)).convert(mode).save(path)


def fill(root, count=40, under=""):
    for number in range(count):
        save(root / under / f"{number:03}.png", level=number)


def load8(root, **settings):
    return load(FolderData(root=str(root), size=8, **settings))


def levels(images):
    return images[:, 0, 0, 0].tolist()


def test_every_image_is_in_one_of_the_splits(root):
    fill(root)
    splits = load8(root)
    assert sorted(levels(splits.train) + levels(splits.test)) == list(range(40))
    assert splits.shape == (3, 8, 8)
    assert splits.train.dtype == torch.uint8
    assert splits.train_labels is None


def test_adding_an_image_moves_no_other(root):
    fill(root)
    before = load8(root)
    save(root / "new.png", level=200)
    after = load8(root)
    assert set(levels(before.train)) <= set(levels(after.train))
    assert set(levels(before.test)) <= set(levels(after.test))


def test_about_the_wanted_share_is_held_out(root):
    fill(root, count=200)
    assert len(load8(root, held_out=0.5).test) == pytest.approx(100, abs=25)
    assert set(levels(load8(root, held_out=0.2).test)) <= set(levels(load8(root, held_out=0.5).test))


def test_the_folder_may_be_moved_and_copied(root, tmp_path):
    fill(root)
    before = load8(root)
    shutil.copytree(root, tmp_path / "elsewhere")
    shutil.rmtree(root)
    assert load8(tmp_path / "elsewhere").content == before.content


def test_sub_folders_are_classes(root):
    fill(root, count=20, under="cat/small")
    for number in range(20):
        save(root / "dog" / f"{number}.png", level=100 + number)
    splits = load8(root)
    for images, labels in ((splits.train, splits.train_labels), (splits.test, splits.test_labels)):
        assert labels.tolist() == [int(level >= 100) for level in levels(images)]


def test_train_and_test_folders_are_the_splits(root):
    fill(root, count=5, under="train/a")
    fill(root, count=3, under="train/b")
    fill(root, count=2, under="test/b")
    fill(root, count=4, under="leftovers")
    splits = load8(root)
    assert (len(splits.train), len(splits.test)) == (8, 2)
    assert sorted(splits.train_labels.tolist()) == [0] * 5 + [1] * 3
    assert splits.test_labels.tolist() == [1, 1]


def test_images_without_a_class_leave_the_folder_without_labels(root):
    fill(root, count=20, under="cat")
    fill(root, count=20)
    assert load8(root, held_out=0.5).train_labels is None


def test_the_first_held_out_images_are_of_all_classes(root):
    for name in "abcd":
        fill(root, count=20, under=f"test/{name}")
        fill(root, count=2, under=f"train/{name}")
    assert set(load8(root).test_labels[:30].tolist()) == {0, 1, 2, 3}


def test_the_middle_square_is_kept(root):
    fill(root)
    picture = np.zeros((8, 16, 3), dtype=np.uint8)
    picture[:, 4:12] = 250
    Image.fromarray(picture).save(root / "wide.png")
    Image.fromarray(picture.transpose(1, 0, 2)).save(root / "high.png")
    splits = load8(root)
    bright = [image for image in torch.cat([splits.train, splits.test]) if image[0, 0, 0] == 250]
    assert len(bright) == 2
    assert all((image == 250).all() for image in bright)


def test_making_images_smaller_averages(root):
    fill(root)
    Image.fromarray(np.indices((16, 16)).sum(0).astype(np.uint8) % 2 * 255).save(root / "board.png")
    splits = load8(root, channels=1)
    board = max((image[2:-2, 2:-2].float() for image in torch.cat([splits.train, splits.test])), key=torch.mean)
    torch.testing.assert_close(board, torch.full_like(board, 127.5), atol=1, rtol=0)


def test_only_images_count(root):
    fill(root)
    before = load8(root).content
    (root / "README.txt").write_text("about")
    (root / "._000.png").write_bytes(b"what an archiver left")
    (root / ".thumbnails").mkdir()
    save(root / ".thumbnails" / "x.png", level=200)
    assert load8(root).content == before


@pytest.mark.parametrize(
    ("mode", "suffix", "colour"),
    [
        ("L", "png", (90, 90, 90)),
        ("P", "gif", (102, 102, 102)),
        ("CMYK", "jpg", (90, 90, 90)),
        ("1", "png", (0, 0, 0)),
        ("RGBA", "webp", (90, 90, 90)),
    ],
)
def test_modes_become_colour(root, mode, suffix, colour):
    Image.fromarray(np.full((8, 8, 3), 90, dtype=np.uint8)).convert(mode, dither=Image.Dither.NONE).save(
        root / f"x.{suffix}"
    )
    image = read(root / f"x.{suffix}", channels=3)
    assert image.mode == "RGB"
    assert image.getpixel((4, 4)) == pytest.approx(colour, abs=2)


def test_grey_is_luma(root):
    Image.new("RGB", (8, 8), (255, 0, 0)).save(root / "red.png")
    assert read(root / "red.png", channels=1).getpixel((0, 0)) == 76


def test_transparent_pixels_are_white(root):
    Image.new("RGBA", (8, 8), (10, 20, 30, 0)).save(root / "x.png")
    assert read(root / "x.png", channels=3).getpixel((0, 0)) == (255, 255, 255)


@pytest.mark.parametrize(("deep", "level"), [(0, 0), (65_535, 255), (32_768, 128), (257, 1)])
def test_sixteen_bits_are_scaled_to_eight(root, deep, level):
    Image.fromarray(np.full((8, 8), deep, dtype=np.uint16)).save(root / "x.png")
    assert read(root / "x.png", channels=1).getpixel((0, 0)) == level


def test_images_are_turned_upright(root):
    image = Image.new("RGB", (8, 8))
    image.putpixel((0, 0), (255, 255, 255))
    exif = image.getexif()
    exif[0x0112] = 3
    image.save(root / "x.png", exif=exif)
    assert read(root / "x.png", channels=3).getpixel((7, 7)) == (255, 255, 255)


def truncated(path):
    save(path, size=(64, 64))
    path.write_bytes(path.read_bytes()[:-40])


def empty(path):
    path.touch()


def no_image(path):
    path.write_text("<html>404</html>")


def bomb(path, height=10_000):
    def chunk(kind, content):
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    header = struct.pack(">IIBBBBB", 10_000, height, 8, 0, 0, 0, 0)
    path.write_bytes(
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")
    )


def postscript(path):
    path.write_text("%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n%%EndComments\nshowpage\n%%EOF\n")


def fifo(path):
    os.mkfifo(path)


def with_a_socket(path):
    with socket.socket(socket.AF_UNIX) as own, contextlib.chdir(path.parent):  # the name of a socket must be short
        own.bind(path.name)


def sparse(path):
    save(path)
    os.truncate(path, 10 * 2**30)


def unknown_range(path):
    Image.fromarray(np.ones((8, 8), dtype=np.float32)).save(path.with_suffix(".tif"))


def too_small(path):
    save(path, size=(7, 30))


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (truncated, r"x\.png cannot be read as an image: .*truncated"),
        (empty, r"x\.png cannot be read as an image"),
        (no_image, r"x\.png cannot be read as an image: it is no BMP or GIF"),
        (bomb, r"x\.png cannot be read as an image: it has 10000x10000 pixels, more than 89,478,485"),
        (postscript, r"x\.png cannot be read as an image: it is no BMP or GIF or JPEG or PNG"),
        (fifo, r"x\.png cannot be read: it is a FIFO"),
        (with_a_socket, r"x\.png cannot be read: it is a socket"),
        (sparse, r"x\.png has 10,737,418,240 bytes, more than any file that is read here"),
        (unknown_range, r"x\.tif cannot be read as an image: its levels have 32 bits"),
        (too_small, r"x\.png has 7x30 pixels, too few for data\.size=8"),
    ],
)
def test_an_image_that_will_not_do_is_named(root, spoil, message):
    fill(root)
    spoil(root / "x.png")
    with pytest.raises(DataError, match=message):
        load8(root)


@pytest.mark.parametrize("count", [1, 2])
def test_a_folder_that_is_too_small_is_named(root, count):
    fill(root, count=count)
    with pytest.raises(
        DataError,
        match=r"images is too small: by data.held_out=0\.1 there are .* needed; add images or change data\.held_out",
    ):
        load8(root)


def test_splits_that_are_too_small_are_named(root):
    fill(root, count=1, under="train")
    fill(root, count=1, under="test")
    with pytest.raises(DataError, match=r"by its train/ and test/ there are 1 images to train on and 1 held out"):
        load8(root)


def test_a_folder_without_images_is_named(root):
    (root / "README").touch()
    with pytest.raises(DataError, match=r"images holds no images \(\.bmp, "):
        load8(root)


def test_a_folder_that_is_not_there_is_named(root, tmp_path):
    with pytest.raises(DataError, match=r"set data\.root=PATH"):
        load(FolderData())
    with pytest.raises(DataError, match=r"nowhere does not exist"):
        load8(tmp_path / "nowhere")
    with pytest.raises(DataError, match=r"data\.root=~nobody-of-this-name/images does not exist"):
        load8("~nobody-of-this-name/images")
    save(root / "x.png")
    with pytest.raises(DataError, match=r"x\.png is a file"):
        load8(root / "x.png")


def test_a_folder_that_cannot_be_looked_into_is_named(root):
    (root / "loop").symlink_to("loop")
    for chosen in (root / "loop", root / ("long" * 100)):
        with pytest.raises(DataError, match=rf"^{chosen} cannot be read: .*; set data\.root"):
            load8(chosen)


@pytest.mark.parametrize("name", ["text.txt", ".hidden.png", "no-suffix"])
def test_what_is_no_image_by_its_name_is_not_even_opened(root, name):
    fill(root)
    os.mkfifo(root / name)
    assert sum(len(split) for split in (load8(root).train, load8(root).test)) == 40


@pytest.mark.parametrize("format", ["BMP", "GIF", "JPEG", "PNG", "PPM", "TIFF", "WEBP"])
def test_an_image_of_a_format_that_is_read_may_have_the_suffix_of_another(root, format):
    Image.new("RGB", (8, 8), "white").save(root / "x.png", format)
    assert read(root / "x.png", 3).getpixel((0, 0)) == (255, 255, 255)


@pytest.mark.parametrize("format", ["EPS", "PDF", "ICO", "SGI", "TGA", "PCX"])
def test_no_other_of_pillows_readers_sees_a_file(root, monkeypatch, format):
    Image.new("RGB", (8, 8)).save(root / "x.png", format)
    with pytest.raises(DataError, match="it is no BMP or GIF"):
        read(root / "x.png", 3)


def test_an_image_that_pillow_warns_of_is_refused_without_being_decoded(root):
    bomb(root / "x.png", height=9_000)
    with warnings.catch_warnings(action="ignore"), pytest.raises(DataError, match="10000x9000 pixels, more than"):
        read(root / "x.png", 3)


def test_links_within_the_folder_are_images_and_links_out_of_it_are_named(root, tmp_path):
    fill(root)
    (root / "again.png").symlink_to(root / "007.png")
    splits = load8(root)
    assert levels(torch.cat([splits.train, splits.test])).count(7) == 2
    save(tmp_path / "outside.png")
    (root / "link.png").symlink_to(tmp_path / "outside.png")
    with pytest.raises(DataError, match=r"link\.png is a link that leaves"):
        load8(root)


def test_a_tree_is_walked_however_deep_it_is(root):
    deepest = root
    for _ in range(200):
        deepest /= "d"
    os.makedirs(deepest)
    save(deepest / "x.png")
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(len(inspect.stack(0)) + 50)  # the default is a thousand
    try:
        found = [*_images(root)], [path.name for path in files.below(root)]
    finally:
        sys.setrecursionlimit(limit)
    assert found == (["d/" * 200 + "x.png"], ["d"] * 200 + ["x.png"])


def test_linked_folders_are_not_walked_in_circles(root):
    fill(root)
    before = load8(root).content
    (root / "loop").symlink_to(root, target_is_directory=True)
    assert load8(root).content == before


def test_another_root_is_another_trial(root):
    fields = {f.name: f for f in dataclasses.fields(FolderData)}
    assert fields["root"].metadata["numbers"]


@pytest.mark.parametrize("target", ["x.png", "nowhere.png"])
def test_links_that_lead_nowhere_are_named(root, target):
    fill(root)
    (root / "x.png").symlink_to(target)
    with pytest.raises(DataError, match=r"x\.png cannot be read"):
        load8(root)


def schema(net="dcgan"):
    dataset = load_plugin("datasets", "folder")
    layers = [dataset.defaults, {f"net.{key}": value for key, value in dataset.nets[net].items()}]
    return Schema("some", SomeMethod, "folder", FolderData, net, load_plugin("architectures", net).config, layers)


@pytest.mark.parametrize("net", load_plugin("datasets", "folder").nets)
def test_its_defaults_compose_with_each_of_its_networks(net):
    (point,) = compose(schema(net), [], ["some"])
    assert set(point.settings["evaluate"]["metrics"]) <= {entry.name for entry in installed("metrics")}
    assert point.settings["train"]["images"] % point.settings["train"]["batch"] == 0


def test_settings_out_of_range_are_refused():
    (point,) = compose(schema(), parse(["data.channels=1"]), ["some"])
    assert point.settings["data"]["channels"] == 1
    for word in ("data.channels=2", "data.size=0", "data.held_out=0", "data.held_out=1"):
        with pytest.raises(SettingsError, match=word.partition("=")[0]):
            compose(schema(), parse([word]), ["some"])
