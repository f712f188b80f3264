"""Checkpoints: round trips, two kept, damage and malice named."""

import hashlib
import pickle
import resource

import pytest
import torch
from trial_files import trial_of

from genbench.errors import CheckpointError
from genbench.trial import checkpoint

TRIAL = trial_of(numerics={"genbench": 1})


def state(updates, trial=TRIAL):
    weights = {"w": torch.full((3,), float(updates))}
    return {"trial": trial.id, "trainer": weights, "progress": {"updates": updates}}


def test_a_state_survives_the_trip_through_a_file(tmp_path):
    checkpoint.save(state(5), tmp_path, 5)
    loaded = checkpoint.latest(tmp_path, TRIAL)
    assert loaded["progress"] == {"updates": 5}
    assert torch.equal(loaded["trainer"]["w"], state(5)["trainer"]["w"])


def test_without_a_checkpoint_there_is_none(tmp_path):
    assert checkpoint.latest(tmp_path / "nowhere", TRIAL) is None


def test_the_newest_two_are_kept_and_nothing_else_is_left(tmp_path):
    for updates in (1, 20, 300):
        checkpoint.save(state(updates), tmp_path, updates)
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "0000000020.pt",
        "0000000020.pt.sha256",
        "0000000300.pt",
        "0000000300.pt.sha256",
    ]
    assert checkpoint.latest(tmp_path, TRIAL)["progress"]["updates"] == 300


def flip(path):
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def cut(path):
    path.write_bytes(path.read_bytes()[:100])


def flip_in_the_sum(path):
    flip(path.with_name(path.name + ".sha256"))


def no_text_in_the_sum(path):
    path.with_name(path.name + ".sha256").write_bytes(b"\xff" * 64)


def of_another_trial(path):
    checkpoint.save(state(2, trial_of(seed=1, numerics={"genbench": 1})), path.parent, 2)


def of_nobody(path):
    checkpoint.save({key: value for key, value in state(2).items() if key != "trial"}, path.parent, 2)


def strange_progress(path):
    checkpoint.save({**state(2), "progress": {"updates": 2, "images": 1e29}}, path.parent, 2)


@pytest.mark.parametrize(
    "damage",
    [
        flip,
        cut,
        flip_in_the_sum,
        no_text_in_the_sum,
        of_another_trial,
        of_nobody,
        strange_progress,
        lambda path: path.write_bytes(b""),
        lambda path: path.with_name(path.name + ".sha256").unlink(),
    ],
)
def test_a_damaged_checkpoint_is_named_and_the_older_one_is_taken(tmp_path, caplog, damage):
    for updates in (1, 2):
        checkpoint.save(state(updates), tmp_path, updates)
    damage(tmp_path / "0000000002.pt")
    assert checkpoint.latest(tmp_path, TRIAL)["progress"]["updates"] == 1
    assert "0000000002.pt" in caplog.text


def test_when_every_checkpoint_is_damaged_the_error_names_them_and_says_what_to_do(tmp_path):
    for updates in (1, 2):
        checkpoint.save(state(updates), tmp_path, updates)
        flip(tmp_path / f"{updates:010d}.pt")
    with pytest.raises(CheckpointError, match=r"(?s)0000000002\.pt.*0000000001\.pt.*remove the folder"):
        checkpoint.latest(tmp_path, TRIAL)


class Malice:
    ran = False

    def __reduce__(self):
        return (setattr, (Malice, "ran", True))


@pytest.mark.parametrize(
    "write", [lambda path: torch.save(Malice(), path), lambda path: path.write_bytes(pickle.dumps(Malice()))]
)
def test_a_checkpoint_that_holds_code_is_refused_and_the_code_is_not_run(tmp_path, write):
    path = tmp_path / "0000000001.pt"
    write(path)
    path.with_name(path.name + ".sha256").write_text(hashlib.sha256(path.read_bytes()).hexdigest())
    with pytest.raises(CheckpointError, match="refused"):
        checkpoint.load(path, TRIAL)
    assert not Malice.ran


def test_a_temporary_file_left_by_a_killed_process_is_no_checkpoint(tmp_path):
    (tmp_path / ".0000000009.pt.tmp").write_bytes(b"half")
    (tmp_path / "0000000009.pt.sha256").write_text("0  0000000009.pt")
    assert checkpoint.latest(tmp_path, TRIAL) is None


def test_a_checkpoint_for_which_there_is_no_room_leaves_nothing_and_the_others_stay(tmp_path):
    checkpoint.save(state(1), tmp_path, 1)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, before[1]))
    try:
        with pytest.raises(OSError, match="File too large"):
            checkpoint.save(state(2), tmp_path, 2)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert not [path.name for path in tmp_path.iterdir() if path.name.endswith(".tmp")]
    assert checkpoint.latest(tmp_path, TRIAL)["progress"] == {"updates": 1}


@pytest.mark.parametrize(
    ("foreign", "said"),
    [
        ({"weight": torch.zeros(2, 2)}, "RuntimeError: .*size mismatch"),
        ({"other": torch.zeros(1)}, "RuntimeError: .*Missing key"),
        ({"weight": torch.zeros(1, 1), "_extra_state": {}}, "KeyError: 'optimizer'"),
        ({"weight": 3}, "Error: "),
        ({f"layer{number}.weight": torch.zeros(1) for number in range(1000)}, "RuntimeError: "),
    ],
)
def test_a_state_of_another_module_is_one_line_whatever_torch_raises(tmp_path, foreign, said):
    class Trains(torch.nn.Linear):
        def get_extra_state(self):
            return {"optimizer": 1}

        def set_extra_state(self, state):
            state["optimizer"]

    with pytest.raises(CheckpointError, match=f"the checkpoint in .* is not of this trial.*{said}") as refused:
        checkpoint.into(Trains(1, 1, bias=False), foreign, tmp_path)
    assert "\n" not in str(refused.value)
    assert len(str(refused.value)) < 600
