"""Tables: means and deviations over seeds, failures counted, settings that vary shown."""

import math

import pandas as pd
import pytest

from genbench.errors import GenbenchError
from genbench.report.tables import provenance
from genbench.report.tables import summary as tables
from genbench.trial.collected import frame
from genbench.trial.record import Record


def a_record(method="gram", seed=0, status="finished", lr=0.1, score=None, **changes):
    metrics = {} if score is None else {"high_quality": score, "modes": 8.0}
    settings = {"method": {"lr": lr}, "train": {"batch": 200, "log_every": seed}, "threads": 1 + seed}
    return Record(
        study="s",
        trial=f"{method}{seed}",
        id="1",
        method=method,
        dataset=changes.pop("dataset", "ring"),
        architecture="mlp",
        seed=seed,
        status=status,
        images=1000,
        updates=10,
        train_seconds=2.0,
        metrics=metrics,
        settings=settings,
        **changes,
    )


def summary(*records):
    return tables.summarize(frame(list(records)))


def test_seeds_become_a_mean_and_a_sample_standard_deviation():
    (row,) = summary(*(a_record(seed=seed, score=score) for seed, score in enumerate([0.5, 0.6, 0.7]))).to_dict(
        "records"
    )
    assert row["high_quality"] == pytest.approx(0.6)
    assert row["high_quality_sd"] == pytest.approx(0.1)
    assert (row["seeds"], row["finished"]) == (3, 3)
    assert (row["images"], row["updates"], row["train_seconds"]) == (1000, 10, 2.0)


def test_one_seed_has_no_deviation():
    table = summary(a_record(score=0.5))
    assert table["high_quality_sd"].isna().all()
    assert tables.formatted(table)["high_quality"].tolist() == ["0.500"]


def test_a_diverged_trial_is_counted_and_not_averaged():
    table = summary(a_record(seed=0, score=0.5), a_record(seed=1, status="diverged", error="loss is nan"))
    (row,) = table.to_dict("records")
    assert (row["high_quality"], row["seeds"], row["diverged"]) == (0.5, 2, 1)
    assert tables.formatted(table)["not finished"].tolist() == ["1 diverged"]


def test_a_method_of_which_nothing_finished_still_has_its_row():
    table = tables.formatted(summary(a_record(score=0.5), a_record("gan", status="failed", error="x")))
    assert table["method"].tolist() == ["gram", "gan"]
    assert table["high_quality"].tolist() == ["0.500", "–"]


def test_a_table_of_nothing_but_failures_can_be_had():
    table = tables.formatted(summary(a_record(status="failed", error="x")))
    assert table["not finished"].tolist() == ["1 failed"]


def test_settings_that_vary_within_a_method_become_columns_and_those_that_run_it_do_not():
    table = summary(a_record(lr=0.1, score=0.5), a_record(lr=0.2, score=0.6), a_record("gan", lr=0.7, score=0.1))
    assert table["method.lr"].tolist() == [0.1, 0.2, 0.7]
    assert "threads" not in table
    assert "train.log_every" not in table


def test_variants_are_methods_of_their_own():
    assert summary(a_record(score=0.5), a_record(variant="flow", score=0.6))["method"].tolist() == ["gram", "gram/flow"]


def test_data_sets_are_never_averaged_together():
    table = tables.formatted(summary(a_record(score=0.5), a_record(dataset="ring-sharp", score=0.7)))
    assert table["dataset"].tolist() == ["ring", "ring-sharp"]
    assert table["high_quality"].tolist() == ["0.500", "0.700"]


def test_the_csv_has_the_numbers_in_full():
    text = tables.csv(summary(a_record(score=1 / 3)))
    assert str(1 / 3) in text


@pytest.mark.parametrize(
    ("mean", "sd", "shown"),
    [
        (math.inf, math.nan, "inf"),
        (-math.inf, math.nan, "-inf"),
        (1e300, math.inf, "1e+300 ± inf"),
        (123456789.0, 2.0, "123456789 ± 2"),
        (math.nan, math.nan, "–"),
    ],
)
def test_a_number_of_any_size_can_be_shown(mean, sd, shown):
    assert tables.mean_and_sd(mean, sd) == shown


def test_no_record_is_an_error():
    with pytest.raises(GenbenchError, match="no record"):
        tables.summarize(pd.DataFrame())


def test_trials_on_one_number_of_ranks_need_no_word():
    assert tables.notes(frame([a_record(world=2), a_record("gan", world=2)])) == []


def test_methods_on_different_numbers_of_ranks_may_be_compared_but_not_their_seconds():
    (note,) = tables.notes(frame([a_record(world=1), a_record("gan", world=2)]))
    assert note == "trials ran on 1, 2 ranks: the metrics may be compared, the seconds may not"


def test_a_method_that_ran_on_several_numbers_of_ranks_is_named():
    records = [a_record(world=1), a_record(seed=1, world=2), a_record("gan", world=1)]
    (note,) = (note for note in tables.notes(frame(records)) if "rounding" in note)
    assert note.startswith("trials of gram ran on several numbers of ranks")


def a_flow(**changes):
    return a_record(
        **{"method": "flow", "score": 0.9, "start": "field", "evaluations": 40, "generator_parameters": 1_310_000}
        | changes
    )


def test_what_samples_come_from_and_cost_is_shown_where_methods_differ_in_it():
    own = {"start": "generator", "evaluations": 1, "generator_parameters": 11202}
    shown = tables.formatted(summary(a_record(score=0.5, **own), a_flow(), a_record("old", score=0.5)))
    assert shown["generator"].tolist() == [
        "the study's, 11,202 parameters",
        "a field, 1.3 M parameters",
        "not known",
    ]
    assert shown["evaluations"].tolist() == ["1", "40", "–"]
    assert list(shown.columns).index("evaluations") < list(shown.columns).index("images")


def test_what_samples_cost_is_left_out_where_all_take_one_pass_of_the_studys_generator():
    table = summary(a_record(score=0.5, start="generator", evaluations=1))
    assert not {"start", "evaluations"} & set(table.columns)
    assert not {"generator", "evaluations"} & set(tables.formatted(table).columns)


def test_the_table_of_costs_has_the_evaluations_too():
    records = frame([a_record(score=0.5, evaluations=1), a_flow()]).assign(contender=["gram", "flow"])
    assert provenance.cost(records).shown["evaluations a sample"].tolist() == ["1", "40"]
    assert "evaluations a sample" not in provenance.cost(records[:1]).shown


def test_how_trials_computed_stands_with_the_protocols_and_unlike_arithmetic_is_noted():
    ways = ["deterministic", "deterministic", "not deterministic, TF32", ""]
    scored = {"score": 0.5, "protocol": {"high_quality": "k"}, "protocols": {"k": {"split": "test"}}}
    records = frame(
        [a_record(seed=seed, arithmetic=way, **scored) for seed, way in enumerate(ways)]
        + [a_record(seed=4, status="failed")]
    )
    said = "deterministic (2 trials) and not deterministic, TF32 (1 trial) and not known (1 trial)"
    table = provenance.protocol(records).shown
    assert table.set_index("field")["k"]["arithmetic"] == said
    assert tables.notes(records) == [f"computed in unlike arithmetic, which moves digits beside the seed: {said}"]
    assert "arithmetic" in provenance.environment(records).shown[""].tolist()
    assert tables.notes(records.drop(index=2)) == []
    assert provenance.protocol(records[:2]).shown.set_index("field")["k"]["arithmetic"] == "deterministic"
