"""Published data sets: tiny files in each published format, read by the real code, and what is said of missing and
damaged ones.

Only the checksums are those of the tiny files, put in the place of the published ones in torchvision's tables.
"""

import dataclasses
import gzip
import hashlib
import http.client
import os
import pickle
import re
import socket
import subprocess
import sys
import tarfile
import threading
import zipfile
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.error import URLError

import numpy as np
import pytest
import torch
import torchvision.datasets
from PIL import Image

from genbench.config.compose import Schema, compose, parse
from genbench.config.field import plain
from genbench.contract.registry import installed
from genbench.contract.registry import load as load_plugin
from genbench.data import celeba, download
from genbench.data import torchvision as sets
from genbench.data.celeba import CelebaData, load_celeba
from genbench.data.torchvision import (
    CifarData,
    IdxData,
    load_cifar10,
    load_fashion_mnist,
    load_mnist,
)
from genbench.errors import DataError, SettingsError
from genbench.study.plan import EVERYTHING, asked, plan

RANDOM = np.random.default_rng(0)
GREY = {
    "train": RANDOM.integers(0, 256, (5, 28, 28), dtype=np.uint8),
    "t10k": RANDOM.integers(0, 256, (3, 28, 28), dtype=np.uint8),
}
COLOUR = RANDOM.integers(0, 256, (6, 2, 3, 32, 32), dtype=np.uint8)
"""[batch, image, channel, row, column]; the last batch is the test batch."""
FACES = {"000001.jpg": 0, "000002.jpg": 2, "000003.jpg": 1, "000004.jpg": 0, "000005.jpg": 0}
"""Of a split each."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class SomeMethod:
    lr: float = 1.0


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("GENBENCH_DATA", str(tmp_path / "cache"))


def loop(path):
    path.symlink_to(path.name)
    return path


@pytest.fixture
def root(tmp_path):
    folder = tmp_path / "root"
    folder.mkdir()
    return folder


class QuietHandler(SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


@pytest.fixture
def server(tmp_path, monkeypatch):
    """A folder whose files are served at an address of this machine: (folder, address)."""
    folder = tmp_path / "served"
    folder.mkdir()
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(QuietHandler, directory=folder)) as http:
        thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield folder, f"http://127.0.0.1:{http.server_port}/"
        http.shutdown()
        thread.join()


def md5(path):
    return hashlib.md5(path.read_bytes()).hexdigest()


def write_idx(folder):
    """MNIST's four files: a big-endian header of magic number and sizes, then the bytes; gzipped."""
    folder.mkdir(parents=True, exist_ok=True)
    for split, images in GREY.items():
        labels = np.arange(len(images), dtype=np.uint8)
        for name, array, magic in (
            (f"{split}-images-idx3-ubyte", images, 2051),
            (f"{split}-labels-idx1-ubyte", labels, 2049),
        ):
            header = b"".join(number.to_bytes(4, "big") for number in (magic, *array.shape))
            (folder / f"{name}.gz").write_bytes(gzip.compress(header + array.tobytes(), mtime=0))


def trust_idx(folder, monkeypatch, title="MNIST"):
    resources = [(f"{name}.gz", md5(folder / f"{name}.gz")) for name in sets.IDX]
    monkeypatch.setattr(getattr(torchvision.datasets, title), "resources", resources)


def write_cifar(root):
    """CIFAR-10's pickled batches: rows of 3,072 bytes, red before green before blue."""
    folder = root / "cifar-10-batches-py"
    folder.mkdir(parents=True)
    for number, name in enumerate(sets.CIFAR10.files[:-1]):
        content = {"data": COLOUR[number].reshape(2, -1), "labels": [number, 9]}
        (folder / name).write_bytes(pickle.dumps(content))
    (folder / "batches.meta").write_bytes(pickle.dumps({"label_names": [str(label) for label in range(10)]}))
    return folder


def trust_cifar(folder, monkeypatch):
    kind = torchvision.datasets.CIFAR10
    monkeypatch.setattr(kind, "train_list", [[name, md5(folder / name)] for name, _ in kind.train_list])
    monkeypatch.setattr(kind, "test_list", [[name, md5(folder / name)] for name, _ in kind.test_list])
    monkeypatch.setattr(kind, "meta", {**kind.meta, "md5": md5(folder / "batches.meta")})


def write_celeba(root):
    """CelebA's aligned images, grey levels of their numbers with a white bar at the left, and the list of their
    splits.
    """
    folder = root / "celeba"
    (folder / "img_align_celeba").mkdir(parents=True)
    for name in FACES:
        pixels = np.full((218, 178, 3), 20 * int(name[:6]), dtype=np.uint8)
        pixels[:, :40] = 255
        Image.fromarray(pixels).save(folder / "img_align_celeba" / name, quality=95)
    (folder / "list_eval_partition.txt").write_text("".join(f"{name} {split}\n" for name, split in FACES.items()))
    return folder


def trust_celeba(folder, monkeypatch):
    path = folder / "list_eval_partition.txt"
    monkeypatch.setattr(torchvision.datasets.CelebA, "file_list", [("an address", md5(path), path.name)])


def half_a_download(failure):
    """A download that writes some files and then fails."""

    def download(images):
        folder = Path(images.root, "MNIST", "raw")
        folder.mkdir(parents=True)
        (folder / "half").touch()
        raise failure

    return download


@pytest.mark.parametrize(("load", "title"), [(load_mnist, "MNIST"), (load_fashion_mnist, "FashionMNIST")])
@pytest.mark.parametrize("layout", ["torchvision's", "of the data set's name", "flat"])
def test_idx_files_are_read_byte_for_byte(root, monkeypatch, load, title, layout):
    name = {"MNIST": "mnist", "FashionMNIST": "fashion-mnist"}[title]
    folder = root / {"torchvision's": f"{title}/raw", "of the data set's name": name, "flat": "."}[layout]
    write_idx(folder)
    trust_idx(folder, monkeypatch, title)
    splits = load(IdxData(root=str(root)))
    assert np.array_equal(splits.train[..., 0].numpy(), GREY["train"])
    assert np.array_equal(splits.test[..., 0].numpy(), GREY["t10k"])
    assert (splits.train_labels.tolist(), splits.test_labels.tolist()) == ([0, 1, 2, 3, 4], [0, 1, 2])
    assert splits.shape == (1, 28, 28)
    assert sorted(path.suffix for path in folder.iterdir()) == [".gz"] * 4, "the folder of the files is left as it was"


def test_files_unpacked_or_packed_anew_are_known_by_their_contents(root, monkeypatch):
    write_idx(root)
    contents = {name: gzip.decompress((root / f"{name}.gz").read_bytes()) for name in sets.IDX}
    monkeypatch.setitem(
        sets.UNPACKED, "mnist", tuple(hashlib.md5(content).hexdigest() for content in contents.values())
    )
    images, labels, *_ = sets.IDX
    (root / f"{images}.gz").unlink()
    (root / images).write_bytes(contents[images])
    (root / f"{labels}.gz").write_bytes(gzip.compress(contents[labels], compresslevel=1, mtime=7))
    assert np.array_equal(load_mnist(IdxData(root=str(root))).train[..., 0].numpy(), GREY["train"])


def test_other_sizes_are_resized_over_the_whole_image(root, monkeypatch):
    write_idx(root)
    trust_idx(root, monkeypatch)
    splits = load_mnist(IdxData(root=str(root), size=14))
    expected = [
        np.asarray(Image.fromarray(image).resize((14, 14), Image.Resampling.BILINEAR)) for image in GREY["train"]
    ]
    assert np.array_equal(splits.train[..., 0].numpy(), np.stack(expected))
    assert load_mnist(IdxData(root=str(root), size=32)).shape == (1, 32, 32)


@pytest.mark.parametrize("inside", [False, True], ids=["root", "the folder itself"])
def test_cifars_batches_become_images_of_rows_columns_colours(root, monkeypatch, inside):
    folder = write_cifar(root)
    trust_cifar(folder, monkeypatch)
    splits = load_cifar10(CifarData(root=str(folder if inside else root)))
    assert np.array_equal(splits.train.numpy(), COLOUR[:5].reshape(10, 3, 32, 32).transpose(0, 2, 3, 1))
    assert np.array_equal(splits.test.numpy(), COLOUR[5].transpose(0, 2, 3, 1))
    assert splits.train_labels.tolist() == [0, 9, 1, 9, 2, 9, 3, 9, 4, 9]
    assert splits.test_labels.tolist() == [5, 9]


def test_celeba_has_the_official_splits_and_the_crop(root, monkeypatch):
    trust_celeba(write_celeba(root), monkeypatch)
    splits = load_celeba(CelebaData(root=str(root)))
    assert splits.shape == (3, 64, 64)
    assert splits.train[:, 32, 40, 0].tolist() == pytest.approx([20, 80, 100], abs=2)
    assert splits.test[:, 32, 40, 0].tolist() == pytest.approx([40], abs=2)
    face = Image.open(root / "celeba" / "img_align_celeba" / "000004.jpg").resize((64, 78), Image.Resampling.BILINEAR)
    assert np.array_equal(splits.train[1].numpy(), np.asarray(face)[7:71])


def test_cifar_can_be_of_another_size(root, monkeypatch):
    trust_cifar(write_cifar(root), monkeypatch)
    splits = load_cifar10(CifarData(root=str(root), size=16))
    image = Image.fromarray(COLOUR[0, 0].transpose(1, 2, 0)).resize((16, 16), Image.Resampling.BILINEAR)
    assert np.array_equal(splits.train[0].numpy(), np.asarray(image))
    assert splits.content != load_cifar10(CifarData(root=str(root))).content


@pytest.mark.parametrize("size", [16, 128])
def test_celeba_of_another_size_shows_the_same_square(root, monkeypatch, size):
    trust_celeba(write_celeba(root), monkeypatch)
    splits = load_celeba(CelebaData(root=str(root), size=size))
    assert splits.shape == (3, size, size)
    usual = load_celeba(CelebaData(root=str(root))).train[1].numpy()
    resized = np.asarray(Image.fromarray(usual).resize((size, size), Image.Resampling.BILINEAR)).astype(int)
    bar_and_face = [0, size // 2]
    assert np.abs(splits.train[1].numpy().astype(int) - resized)[:, bar_and_face].max() <= 4


def test_one_root_serves_all_data_sets(root, monkeypatch):
    for name, title in (("mnist", "MNIST"), ("fashion-mnist", "FashionMNIST")):
        write_idx(root / name)
        trust_idx(root / name, monkeypatch, title)
    trust_cifar(write_cifar(root).rename(root / "cifar10"), monkeypatch)
    trust_celeba(write_celeba(root), monkeypatch)
    loaded = [load(IdxData(root=str(root))) for load in (load_mnist, load_fashion_mnist)]
    loaded += [load_cifar10(CifarData(root=str(root))), load_celeba(CelebaData(root=str(root)))]
    assert [len(splits.train) for splits in loaded] == [5, 5, 10, 3]


def test_damage_is_found_by_the_published_checksums(root):
    folder = write_cifar(root)
    with pytest.raises(
        DataError, match=rf"{folder}/data_batch_1 is damaged or not of cifar10: .*https://www\.cs\.toronto\.edu"
    ):
        load_cifar10(CifarData(root=str(root)))
    folder = write_celeba(root)
    with pytest.raises(DataError, match=rf"{folder}/list_eval_partition\.txt is damaged"):
        load_celeba(CelebaData(root=str(root)))
    write_idx(root / "MNIST" / "raw")
    with pytest.raises(DataError, match=r"MNIST/raw/train-images-idx3-ubyte\.gz is damaged"):
        load_mnist(IdxData(root=str(root)))


def test_a_truncated_gzip_file_is_named(root, monkeypatch):
    write_idx(root)
    trust_idx(root, monkeypatch)
    path = root / "t10k-images-idx3-ubyte.gz"
    path.write_bytes(path.read_bytes()[:-30])
    with pytest.raises(DataError, match=r"t10k-images-idx3-ubyte\.gz is damaged"):
        load_mnist(IdxData(root=str(root)))


@pytest.mark.parametrize("kind", ["packed", "unpacked"])
def test_a_file_that_grows_without_end_is_damaged_and_fills_no_memory(root, monkeypatch, kind):
    monkeypatch.setattr(download, "LARGEST", 10_000)
    write_idx(root)
    trust_idx(root, monkeypatch)
    path = root / "train-images-idx3-ubyte.gz"
    if kind == "packed":
        path.write_bytes(gzip.compress(bytes(10_000_000)))
    else:
        path.unlink()
        path.with_suffix("").write_bytes(bytes(10_000_000))
    with pytest.raises(
        DataError, match=r"train-images-idx3-ubyte(\.gz is damaged| cannot be read: it holds more than)"
    ):
        load_mnist(IdxData(root=str(root)))


def test_nobody_waits_for_a_published_file_that_is_a_fifo(root, monkeypatch):
    write_idx(root)
    trust_idx(root, monkeypatch)
    (root / "train-images-idx3-ubyte.gz").unlink()
    os.mkfifo(root / "train-images-idx3-ubyte.gz")
    folder = write_cifar(root)
    (folder / "data_batch_1").unlink()
    os.mkfifo(folder / "data_batch_1")
    for load, config in ((load_mnist, IdxData), (load_cifar10, CifarData)):
        with pytest.raises(DataError, match="cannot be read: it is a FIFO"):
            load(config(root=str(root)))


def test_the_meta_file_of_cifar_is_checked_too(root, monkeypatch):
    folder = write_cifar(root)
    trust_cifar(folder, monkeypatch)
    (folder / "batches.meta").write_bytes(b"other")
    with pytest.raises(DataError, match=r"batches\.meta is damaged"):
        load_cifar10(CifarData(root=str(root)))


def test_a_damaged_face_is_named_and_leaves_nothing(root, monkeypatch, tmp_path):
    folder = write_celeba(root)
    trust_celeba(folder, monkeypatch)
    path = folder / "img_align_celeba" / "000004.jpg"
    path.write_bytes(path.read_bytes()[:-500])
    with pytest.raises(DataError, match=r"000004\.jpg cannot be read as an image"):
        load_celeba(CelebaData(root=str(root)))
    assert list((tmp_path / "cache").rglob("*.npy")) == []


def test_a_face_that_is_not_aligned_is_named(root, monkeypatch):
    folder = write_celeba(root)
    trust_celeba(folder, monkeypatch)
    Image.new("RGB", (409, 687)).save(folder / "img_align_celeba" / "000004.jpg")
    with pytest.raises(DataError, match=r"000004\.jpg has 409x687 pixels, aligned faces have 178x218"):
        load_celeba(CelebaData(root=str(root)))


def test_a_missing_face_is_named(root, monkeypatch):
    folder = write_celeba(root)
    trust_celeba(folder, monkeypatch)
    (folder / "img_align_celeba" / "000002.jpg").unlink()
    with pytest.raises(
        DataError,
        match=r"celeba is not complete: .*/celeba/img_align_celeba lacks 1 of 5 faces, the first 000002\.jpg; .*mmlab",
    ):
        load_celeba(CelebaData(root=str(root)))


def test_a_file_in_the_place_of_the_faces_is_named(root):
    folder = root / "celeba"
    folder.mkdir()
    for name in celeba.CELEBA.files:
        (folder / name).touch()
    with pytest.raises(
        DataError, match=r"/celeba/img_align_celeba cannot be read: Not a directory; it is the folder of the faces"
    ):
        load_celeba(CelebaData(root=str(root)))


EACH = [
    (load_mnist, IdxData, "train-images-idx3-ubyte", "MNIST/raw or mnist", "https://ossci-datasets"),
    (
        load_fashion_mnist,
        IdxData,
        "train-images-idx3-ubyte",
        "FashionMNIST/raw or fashion-mnist",
        "dataset-fashion-mnist",
    ),
    (load_cifar10, CifarData, "data_batch_1", "cifar-10-batches-py or cifar10", r"https://www\.cs\.toronto\.edu"),
    (load_celeba, CelebaData, r"list_eval_partition\.txt", "celeba", "https://mmlab"),
]


@pytest.mark.parametrize(("load", "settings", "file", "folders", "address"), EACH)
def test_missing_files_are_named_with_the_places_and_the_ways_out(root, load, settings, file, folders, address):
    with pytest.raises(DataError) as caught:
        load(settings(root=str(root)))
    places = f"there is no {file} in {root}, nor in {folders} there"
    assert re.search(
        rf"is not there: {places}; run again with data\.download=true, or get it from .*{address}.* and set"
        r" data\.root$",
        str(caught.value),
    )
    assert list(root.iterdir()) == []


@pytest.mark.parametrize(("load", "settings"), [each[:2] for each in EACH])
def test_a_root_that_will_not_do_is_named(root, load, settings):
    file = root / "file"
    file.touch()
    for chosen, problem in (
        (root / "nowhere", "does not exist"),
        (file / "below", "does not exist"),
        ("~nobody-of-this-name/data", "does not exist"),
        (file, "is a file"),
    ):
        with pytest.raises(
            DataError, match=rf"^data\.root={chosen} {problem}; set it to a folder with .*data\.download=true$"
        ):
            load(settings(root=str(chosen)))
    for chosen in (root / ("long" * 100), loop(root / "loop")):
        with pytest.raises(DataError, match=rf"^{chosen} cannot be read: .*; set data\.root to a folder that can be$"):
            load(settings(root=str(chosen)))
    with pytest.raises(DataError, match=r"is a file; set it to"):
        load(settings(root=str(file), download=True))


def test_the_first_missing_file_is_named(root):
    folder = write_cifar(root)
    (folder / "test_batch").unlink()
    with pytest.raises(DataError, match="is not complete: there is no test_batch in"):
        load_cifar10(CifarData(root=str(root)))


def test_without_a_root_the_cache_folder_is_searched(tmp_path, monkeypatch):
    folder = write_cifar(tmp_path / "cache")
    trust_cifar(folder, monkeypatch)
    assert len(load_cifar10(CifarData()).train) == 10


def test_what_is_missing_is_downloaded_when_asked_for(root, server, monkeypatch):
    folder, address = server
    write_idx(folder)
    trust_idx(folder, monkeypatch)
    monkeypatch.setattr(torchvision.datasets.MNIST, "mirrors", [address])
    splits = load_mnist(IdxData(root=str(root), download=True))
    assert np.array_equal(splits.train[..., 0].numpy(), GREY["train"])
    assert [path.name for path in root.iterdir() if path.suffix != ".lock"] == ["MNIST"]
    assert load_mnist(IdxData(root=str(root))).content == splits.content


def test_archives_are_downloaded_and_unpacked(root, server, monkeypatch):
    served, address = server
    folder = write_cifar(served)
    trust_cifar(folder, monkeypatch)
    archive = served / "cifar-10-python.tar.gz"
    with tarfile.open(archive, "w:gz") as packed:
        packed.add(folder, folder.name)
    monkeypatch.setattr(torchvision.datasets.CIFAR10, "url", address + archive.name)
    monkeypatch.setattr(torchvision.datasets.CIFAR10, "tgz_md5", md5(archive))
    assert len(load_cifar10(CifarData(root=str(root), download=True)).train) == 10
    assert [path.name for path in root.iterdir() if path.suffix != ".lock"] == ["cifar-10-batches-py"]


def test_a_download_with_another_checksum_is_refused(root, server, monkeypatch):
    folder, address = server
    write_idx(folder)
    monkeypatch.setattr(torchvision.datasets.MNIST, "mirrors", [address])
    with pytest.raises(DataError, match=r"mnist could not be downloaded .*corrupted"):
        load_mnist(IdxData(root=str(root), download=True))
    assert not (root / "MNIST").exists()


FAILURES = [
    URLError(socket.gaierror(-2, "Name or service not known")),
    RuntimeError("Error downloading a file:\nTried one mirror, got:\nnothing\n"),
    TimeoutError(),
    ConnectionResetError(104, "Connection reset by peer"),
    http.client.IncompleteRead(b"half", 4),
    tarfile.ReadError("unexpected end of data"),
    zipfile.BadZipFile("File is not a zip file"),
    EOFError(),
]
"""What torchvision passes on."""


@pytest.mark.parametrize("title", ["MNIST", "FashionMNIST", "CIFAR10", "CelebA"])
@pytest.mark.parametrize("failure", FAILURES, ids=lambda failure: type(failure).__name__)
def test_a_download_that_fails_is_one_line_and_leaves_nothing(root, monkeypatch, title, failure):
    load, settings, _, _, address = EACH[["MNIST", "FashionMNIST", "CIFAR10", "CelebA"].index(title)]
    monkeypatch.setattr(getattr(torchvision.datasets, title), "download", half_a_download(failure))
    with pytest.raises(
        DataError, match=rf"could not be downloaded to {root}/new: \S.*; get it from .*{address}.* and set data\.root$"
    ) as caught:
        load(settings(root=str(root / "new"), download=True))
    assert "\n" not in str(caught.value)
    assert [path.suffix for path in (root / "new").rglob("*")] == [".lock"]


def test_a_download_that_is_interrupted_leaves_nothing(root, monkeypatch):
    monkeypatch.setattr(torchvision.datasets.MNIST, "download", half_a_download(KeyboardInterrupt()))
    with pytest.raises(KeyboardInterrupt):
        load_mnist(IdxData(root=str(root), download=True))
    assert [path.suffix for path in root.rglob("*")] == [".lock"]


def test_every_mirror_that_was_tried_is_named(root, tmp_path, monkeypatch):
    mirrors = [(tmp_path / name).as_uri() + "/" for name in ("nowhere", "elsewhere")]
    monkeypatch.setattr(torchvision.datasets.MNIST, "mirrors", mirrors)
    with pytest.raises(DataError, match=rf"Tried {mirrors[0]}, got: .*Tried {mirrors[1]}, got: .*"):
        load_mnist(IdxData(root=str(root), download=True))


def test_a_download_overwrites_nothing(root):
    folder = write_cifar(root)
    (folder / "test_batch").unlink()
    with pytest.raises(DataError, match=r"cifar-10-batches-py is not complete; move it away"):
        load_cifar10(CifarData(root=str(root), download=True))
    assert (folder / "data_batch_1").exists()


@pytest.mark.slow
def test_prepared_images_are_had_without_importing_torchvision(root, monkeypatch):
    folder = write_cifar(root)
    trust_cifar(folder, monkeypatch)
    content = load_cifar10(CifarData(root=str(root))).content
    code = "import sys; from genbench.data.torchvision import load_cifar10, CifarData\n"
    code += f"print(load_cifar10(CifarData(root={str(root)!r})).content, 'torchvision' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split() == [
        content,
        "False",
    ]


@pytest.mark.parametrize("name", ["mnist", "fashion-mnist", "cifar10", "celeba"])
def test_defaults_compose_with_each_network(name):
    dataset = load_plugin("datasets", name)
    for net, changes in dataset.nets.items():
        layers = [dataset.defaults, {f"net.{key}": value for key, value in changes.items()}]
        schema = Schema("some", SomeMethod, name, dataset.config, net, load_plugin("architectures", net).config, layers)
        (point,) = compose(schema, [], ["some"])
        assert set(point.settings["evaluate"]["metrics"]) <= {entry.name for entry in installed("metrics")}
        assert point.settings["train"]["images"] % point.settings["train"]["batch"] == 0


@pytest.mark.parametrize(
    ("name", "net", "shape"),
    [(name, "mnist-mlp", (1, 28, 28)) for name in ("mnist", "fashion-mnist")]
    + [(name, "dcgan", (1, 32, 32)) for name in ("mnist", "fashion-mnist")]
    + [("cifar10", net, (3, 32, 32)) for net in ("dcgan", "convnet")]
    + [("celeba", net, (3, 64, 64)) for net in ("dcgan", "convnet")],
)
def test_networks_take_the_images(name, net, shape):
    changes = plain(load_plugin("datasets", name).nets[net])
    architecture = load_plugin("architectures", net)
    config = architecture.config(**changes)
    assert architecture.accepts(config, shape) == ""
    made = architecture.generator(config, shape, config.latent)(torch.zeros(2, config.latent))
    assert made.shape == (2, *shape)


@pytest.mark.parametrize("name", ["mnist", "fashion-mnist"])
@pytest.mark.parametrize("size", [0, -28, 7, 513, 100_000])
def test_sizes_that_cannot_be_are_refused_before_anything_is_read(name, size):
    dataset, net = load_plugin("datasets", name), load_plugin("architectures", "mlp")
    schema = Schema("some", SomeMethod, name, dataset.config, "mlp", net.config, [dataset.defaults])
    with pytest.raises(SettingsError, match=rf"data\.size must be (at least 8|below 513), got {size}"):
        compose(schema, parse([f"data.size={size}"]), ["some"])


def test_size_28_and_dcgan_do_not_go_together():
    dcgan = load_plugin("architectures", "dcgan")
    assert "power of two" in dcgan.accepts(dcgan.config(), (1, 28, 28))


@pytest.mark.parametrize(("dataset", "before", "size"), [("cifar10", "8d053ddad1", 32), ("celeba", "3c5e637f4b", 64)])
def test_ids_of_trials_are_those_from_before_there_was_a_choice_of_size(dataset, before, size):
    def planned(*words):
        wanted = asked(["toy"], [dataset], [0], ["train.updates=5", *words])
        return plan(EVERYTHING, wanted, name="s", results=Path("results"), dry=True).trials[0].id

    assert planned() == planned(f"data.size={size}") == before
    assert planned("data.size=16") != before
