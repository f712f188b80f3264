"""The training loop's parts; whole trials are in test_worker.py."""

import json

import pytest
import torch

from genbench.errors import DataError, DivergedError
from genbench.progress import Log, Progress
from genbench.settings import TrainSettings
from genbench.train import check_finite, crossed, spent


@pytest.mark.parametrize(
    ("budget", "done"),
    [({"images": 100}, True), ({"images": 101}, False), ({"updates": 10}, True), ({"updates": 11}, False), ({"seconds": 1.0}, True), ({"seconds": 1.1}, False)],
)
def test_a_budget_is_spent_when_its_clock_reaches_it(budget, done):
    assert spent(TrainSettings(**budget), Progress(images=100, updates=10, train_seconds=1.0)) is done


def test_the_first_of_several_limits_counts():
    assert spent(TrainSettings(images=10**9, updates=10), Progress(images=100, updates=10))


@pytest.mark.parametrize(("before", "after", "due"), [(0, 9, False), (9, 10, True), (10, 19, False), (5, 35, True), (10, 10, False)])
def test_something_is_due_when_a_multiple_lies_between(before, after, due):
    assert crossed(before, after, 10) is due


def rows(path):
    return [json.loads(line)["updates"] for line in path.read_text().splitlines()]


def test_the_log_does_not_repeat_the_rows_of_an_earlier_attempt(tmp_path):
    path = tmp_path / "metrics.jsonl"
    for updates in ([1, 2, 3], [2, 3, 4]):
        log = Log(path)
        for update in updates:
            log.append(Progress(updates=update), {"loss": torch.tensor(1.0)})
    assert rows(path) == [1, 2, 3, 4]


def test_the_log_cuts_off_a_torn_line_and_writes_it_anew(tmp_path):
    path = tmp_path / "metrics.jsonl"
    Log(path).append(Progress(updates=1), {"loss": torch.tensor(1.0)})
    with path.open("a") as file:
        file.write('{"updates": 2, "valu')
    Log(path).append(Progress(updates=2), {"loss": torch.tensor(1.0)})
    assert rows(path) == [1, 2]


def test_a_log_whose_last_line_is_no_row_is_named(tmp_path):
    path = tmp_path / "metrics.jsonl"
    path.write_text("no row\n")
    with pytest.raises(DataError, match=r"metrics\.jsonl is damaged"):
        Log(path)


def test_a_value_or_a_parameter_that_is_not_finite_is_named():
    module = torch.nn.Linear(2, 1)
    check_finite(module, {"loss": torch.tensor(1e30)}, 3)
    with pytest.raises(DivergedError, match="loss is inf at update 3"):
        check_finite(module, {"loss": torch.tensor(float("inf"))}, 3)
    with torch.no_grad():
        module.weight[0, 1] = float("nan")
    with pytest.raises(DivergedError, match="parameter weight is not finite at update 3"):
        check_finite(module, {}, 3)
