"""The cache of prepared images: made once, keyed by content, whole or not there at all."""

import dataclasses
import os
import shutil
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import torch

from genbench.contract.dataset import Splits
from genbench.data.prepared import Part, Recipe, cache_folder, prepared
from genbench.data.source import Source, fingerprint
from genbench.errors import DataError

TRAIN = np.random.default_rng(0).integers(0, 256, (7, 4, 4, 3), dtype=np.uint8)
TEST = np.random.default_rng(1).integers(0, 256, (3, 4, 4, 3), dtype=np.uint8)


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("GENBENCH_DATA", str(tmp_path / "cache"))
    return tmp_path / "cache" / "prepared"


@pytest.fixture
def recipe(tmp_path):
    root = tmp_path / "files"
    root.mkdir()
    (root / "a").write_bytes(b"the first file")
    (root / "b").write_bytes(b"the second file")
    return Recipe(dataset="some", version=1, settings={"size": 4}, root=root, files=["a", "b"])


class Maker:
    """Gives the arrays in chunks of two and counts how often it was asked."""

    def __init__(self, labels=None, fail=None):
        self.calls, self._labels, self._fail = 0, labels, fail

    def __call__(self, scratch):
        self.calls += 1
        return self._part(TRAIN, self._labels), self._part(TEST, None)

    def _part(self, images, labels):
        return Part(images.shape, self._chunks(images), labels)

    def _chunks(self, images):
        for start in range(0, len(images), 2):
            if self._fail and start == 2:
                raise self._fail
            yield images[start : start + 2]


def test_images_and_labels_come_back_as_they_were(recipe):
    splits = prepared(recipe, Maker(labels=[3, 1, 2, 0, 0, 1, 2]))
    assert np.array_equal(splits.train.numpy(), TRAIN)
    assert np.array_equal(splits.test.numpy(), TEST)
    assert splits.train_labels.tolist() == [3, 1, 2, 0, 0, 1, 2]
    assert splits.train_labels.dtype == torch.int64
    assert splits.test_labels is None


def test_the_kept_hash_is_the_one_of_the_arrays(recipe):
    splits = prepared(recipe, Maker())
    assert splits.known_content == splits.content == dataclasses.replace(splits, known_content="").content
    assert splits.content == Splits(train=torch.from_numpy(TRAIN), test=torch.from_numpy(TEST)).content


def test_batches_of_mapped_images_equal_those_of_images_in_memory(recipe):
    mapped, memory = prepared(recipe, Maker()).train, torch.from_numpy(TRAIN)
    assert torch.equal(next(Source(mapped, seed=0, batch=5)), next(Source(memory, seed=0, batch=5)))
    assert fingerprint(mapped, seed=0, batch=3) == fingerprint(memory, seed=0, batch=3)


@pytest.mark.proc
def test_images_are_mapped_not_read(recipe):
    train = prepared(recipe, Maker()).train
    maps = Path("/proc/self/maps").read_text()
    assert "train.npy" in maps
    assert train.data_ptr() % 64 == 0


def test_what_is_there_is_not_made_again(recipe):
    make = Maker()
    for _ in range(3):
        prepared(recipe, make)
    assert make.calls == 1


@pytest.mark.parametrize(
    "change",
    [{"version": 2}, {"settings": {"size": 5}}, {"dataset": "other"}, {"files": ["a"]}],
    ids=lambda change: next(iter(change)),
)
def test_another_recipe_is_made_anew(recipe, change):
    make = Maker()
    prepared(recipe, make)
    prepared(dataclasses.replace(recipe, **change), make)
    assert make.calls == 2


def test_a_changed_file_is_noticed_even_at_equal_size_and_time(recipe):
    make = Maker()
    path = recipe.root / "a"
    times = (path.stat().st_atime_ns, path.stat().st_mtime_ns)
    prepared(recipe, make)
    path.write_bytes(b"THE FIRST FILE")
    os.utime(path, ns=times)
    prepared(recipe, make)
    assert make.calls == 2


def test_files_with_a_new_time_and_equal_contents_are_not_prepared_again(recipe):
    make = Maker()
    prepared(recipe, make)
    os.utime(recipe.root / "a", ns=(1, 1))
    prepared(recipe, make)
    assert make.calls == 1


def test_a_copy_of_the_files_shares_what_was_prepared(recipe, tmp_path):
    make = Maker()
    prepared(recipe, make)
    shutil.copytree(recipe.root, tmp_path / "copy")
    prepared(dataclasses.replace(recipe, root=tmp_path / "copy"), make)
    assert make.calls == 1


def test_writing_to_a_tensor_changes_no_file(recipe):
    prepared(recipe, Maker()).train.zero_()
    assert np.array_equal(prepared(recipe, Maker()).train.numpy(), TRAIN)


@pytest.mark.parametrize(
    "error", [DataError("image 3 is damaged"), KeyboardInterrupt()], ids=["damaged", "interrupted"]
)
def test_nothing_half_written_is_left_behind(recipe, cache, error):
    with pytest.raises(type(error)):
        prepared(recipe, Maker(fail=error))
    assert [path for path in cache.rglob("*") if path.suffix != ".lock"] == []
    assert np.array_equal(prepared(recipe, Maker()).train.numpy(), TRAIN)


def test_what_a_killed_process_left_is_cleared_away(recipe, cache):
    prepared(recipe, Maker())
    (folder,) = (path for path in cache.glob("some-*") if path.is_dir())
    folder.rename(folder.with_name(f".{folder.name}"))
    (folder.with_name(f".{folder.name}") / "rubbish").touch()
    assert np.array_equal(prepared(recipe, Maker()).train.numpy(), TRAIN)
    assert sorted(path.name for path in folder.iterdir()) == ["about.json", "test.npy", "train.npy"]
    assert not folder.with_name(f".{folder.name}").exists()


def test_of_several_that_ask_at_once_one_makes_and_all_get_the_images(recipe):
    # flock() keeps apart all who opened the file themselves, threads as well as processes.
    make, together = Maker(), threading.Barrier(4)

    def ask(_):
        together.wait()
        return prepared(recipe, make)

    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(ask, range(4)))
    assert make.calls == 1
    assert all(np.array_equal(splits.train.numpy(), TRAIN) for splits in answers)


def test_a_missing_file_is_named(recipe):
    (recipe.root / "b").unlink()
    with pytest.raises(DataError, match=r"files/b cannot be read: No such file"):
        prepared(recipe, Maker())


@pytest.mark.parametrize("name", ["train.npy", "about.json"])
def test_damaged_prepared_images_are_named(recipe, cache, name):
    prepared(recipe, Maker())
    (path,) = cache.glob(f"some-*/{name}")
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(DataError, match=rf"prepared images in {path.parent} are damaged.*remove that folder"):
        prepared(recipe, Maker())


@pytest.mark.parametrize("name", ["file", "long" * 100])
def test_a_cache_that_cannot_be_written_is_named(recipe, tmp_path, monkeypatch, name):
    (tmp_path / "file").touch()
    monkeypatch.setenv("GENBENCH_DATA", str(tmp_path / name))
    with pytest.raises(DataError, match=rf"cannot be prepared in .*{name}/prepared.*set GENBENCH_DATA"):
        prepared(recipe, Maker())


def test_the_cache_is_where_the_environment_says(monkeypatch):
    monkeypatch.setenv("GENBENCH_DATA", "/some/where")
    monkeypatch.setenv("XDG_CACHE_HOME", "/caches")
    assert cache_folder() == Path("/some/where")
    monkeypatch.delenv("GENBENCH_DATA")
    assert cache_folder() == Path("/caches/genbench")
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert cache_folder() == Path.home() / ".cache" / "genbench"
