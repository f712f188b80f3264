"""The conformance suite: it passes a good method and names what is wrong with each faulty one."""

import types
from dataclasses import replace
from pathlib import Path

import faulty
import pytest
import torch

from genbench import testing
from genbench.errors import GenbenchError
from genbench.testing import ranks, suite
from genbench.testing.assertions import difference, problem

STATIC = ("announcement", "settings", "choices")
"""The checks that look at what is announced and build no trainer."""
OF_PROCESSES = ("process", "ranks")
"""The checks that start processes."""


@pytest.mark.slow
def test_a_good_method_has_no_finding():
    assert testing.check(faulty.GOOD) == []


def name_of(fault):
    return f"{fault.check}-{fault.method.name}"


@pytest.mark.parametrize("fault", [fault for fault in faulty.FAULTS if fault.check not in OF_PROCESSES], ids=name_of)
def test_a_fault_is_found_by_its_check_and_told_to_the_author(fault):
    with pytest.raises(Exception) as caught:  # noqa: PT011 (an author's own error is as good as the check's)
        testing.CHECKS[fault.check](fault.method)
    assert fault.says in problem(caught.value, fault.method)


@pytest.mark.slow
@pytest.mark.parametrize("fault", [fault for fault in faulty.FAULTS if fault.check in OF_PROCESSES], ids=name_of)
def test_a_fault_of_several_ranks_is_found_and_told_to_the_author(fault):
    test_a_fault_is_found_by_its_check_and_told_to_the_author(fault)


@pytest.mark.parametrize(
    "fault",
    [fault for fault in faulty.FAULTS if fault.check in STATIC],
    ids=name_of,
)
def test_a_fault_of_the_announcement_is_found_by_no_other_check_of_it(fault):
    for name in set(STATIC) - {fault.check}:
        testing.CHECKS[name](fault.method)


def test_every_check_has_a_faulty_trainer_that_it_catches():
    assert {fault.check for fault in faulty.FAULTS} == set(testing.CHECKS)


@pytest.mark.parametrize("name", testing.CHECKS)
def test_every_check_states_its_clause_in_one_sentence(name):
    text = testing.clause(name)
    assert text.endswith(".")
    assert "\n" not in text
    assert ". " not in text


def test_a_finding_names_the_check_the_clause_and_the_problem(monkeypatch):
    cheap = {name: testing.CHECKS[name] for name in ("announcement", "scalars", "start")}
    monkeypatch.setattr(suite, "CHECKS", cheap)
    method = replace(faulty.GOOD, name="floats", trainer=faulty.ReturnsFloats)
    (finding,) = testing.check(method)
    assert (finding.name, finding.clause) == ("scalars", testing.clause("scalars"))
    assert "loss.detach() instead of loss.item()" in finding.problem


def test_an_error_of_the_author_becomes_a_finding_with_its_line(monkeypatch):
    monkeypatch.setattr(suite, "CHECKS", {"batches": testing.CHECKS["batches"]})
    (finding,) = testing.check(replace(faulty.GOOD, name="images-only", trainer=faulty.ImagesOnly))
    source = Path(faulty.__file__).read_text().splitlines()
    line = next(number for number, text in enumerate(source, start=1) if "_, _, height, _ = " in text)
    assert finding.problem == f"ValueError: not enough values to unpack (expected 4, got 2) (faulty.py, line {line})"


def test_a_contract_is_a_pytest_test_with_a_case_for_each_check():
    test = testing.contract(faulty.GOOD)
    (mark,) = test.pytestmark
    assert mark.args[1] == list(testing.CHECKS)
    test("announcement")


@pytest.mark.parametrize("name", [name for name in testing.CHECKS if name not in ("variants", "ranks", *STATIC)])
def test_a_flow_that_declares_what_it_is_keeps_the_contract(name):
    testing.CHECKS[name](replace(faulty.GOOD, trainer=faulty.Flowing))


@pytest.mark.parametrize("name", ["scalars", "randomness", "repeats", "resume"])
def test_a_schedule_that_is_an_attribute_goes_on_exactly(name):
    testing.CHECKS[name](replace(faulty.GOOD, trainer=faulty.Scheduled))


@pytest.mark.parametrize(
    "name", ["progress", "start", "sampling", "statistics", "scheduling", "averaging", "repeats", "resume"]
)
def test_a_method_may_sample_from_an_average_of_its_own(name):
    testing.CHECKS[name](replace(faulty.GOOD, trainer=faulty.OwnAverage))


@pytest.mark.slow
def test_presets_need_not_be_picklable():
    testing.CHECKS["ranks"](replace(faulty.GOOD, presets=types.MappingProxyType({})))


@pytest.mark.slow
@pytest.mark.parametrize(
    "trainer", [faulty.Penalised, faulty.PenalisedWitness, faulty.PenalisedPairs, faulty.Chaotic, faulty.Scheduled]
)
def test_a_good_method_is_good_on_several_ranks_whatever_its_gradients_pass(trainer):
    for name in ("layout", "ranks"):
        testing.CHECKS[name](replace(faulty.GOOD, trainer=trainer))


@pytest.mark.slow
def test_where_the_ranks_themselves_are_wrong_the_method_is_not_to_blame(monkeypatch):
    monkeypatch.setattr(ranks, "REFERENCE", (faulty.Ungathered, faulty.Config()))
    with pytest.raises(GenbenchError, match="good, which is not to blame"):
        testing.CHECKS["ranks"](faulty.GOOD)


@pytest.mark.slow
def test_ranks_that_wait_for_each_other_are_ended(monkeypatch):
    monkeypatch.setattr(ranks, "PATIENCE", 5)
    with pytest.raises(testing.ContractError, match="equally often"):
        testing.CHECKS["ranks"](replace(faulty.GOOD, trainer=faulty.WaitsForTheSecond))


def test_checks_leave_torchs_global_generator_alone():
    before = torch.get_rng_state()
    for name in ("shapes", "repeats", "randomness", "resume"):
        testing.CHECKS[name](faulty.GOOD)
    assert torch.equal(before, torch.get_rng_state())


def test_states_differ_where_a_tensor_a_type_or_a_name_differs():
    state = {"a": [torch.ones(2), {"b": 1}]}
    assert difference(state, {"a": [torch.ones(2), {"b": 1}]}) == ""
    assert difference(state, {"a": [torch.ones(2), {"b": 2}]}) == "a.1.b"
    assert difference(state, {"a": [torch.ones(2).double(), {"b": 1}]}) == "a.0"
    assert difference(state, {"a": [torch.ones(2), {"b": True}]}) == "a.1.b"
    assert difference(state, {"a": [torch.ones(2), {"c": 1}]}) == "a.1.b"
    assert difference(state, {}) == "a"
