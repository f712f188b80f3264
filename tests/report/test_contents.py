"""What a report says: the question, verdicts, numbers apart where protocols differ, failures, what was left out."""

import shutil
from dataclasses import replace

import pytest
from PIL import Image
from study_folders import a_record, make, trial_of, two_methods

from genbench.data import pictures
from genbench.errors import GenbenchError
from genbench.report import contents
from genbench.report.stats import judgement
from genbench.report.tables import scores
from genbench.trial.collected import frame
from genbench.trial.record import read, write

pytestmark = pytest.mark.slow

ABOUT = {
    "name": "s",
    "smoke": False,
    "command": "genbench run figure2 --seeds 0,1,2",
    "earlier": ["genbench run figure2"],
    "title": "Rings",
    "question": "Does a GAN lose modes?",
    "claims": ["GRAM never does."],
}


@pytest.fixture
def of(tmp_path):
    """of(records, …): the report of a study with these records."""

    def make_and_read(records, **options):
        return contents.of(make(tmp_path, records, **options))

    return make_and_read


def table(report, name):
    return next(one for one in (*report.results, *report.background) if one.name == name)


def test_question_claims_and_commands_come_from_study_json(of):
    report = of(two_methods(), about=ABOUT)
    assert (report.title, report.question) == ("Rings", "Does a GAN lose modes?")
    assert [(one.claim, one.word) for one in report.claims] == [("GRAM never does.", "not judged")]
    assert [command.line for command in report.commands[:2]] == [
        "genbench run figure2",
        "genbench run figure2 --seeds 0,1,2",
    ]


def test_what_a_studys_folder_says_of_itself_commands_no_terminal_and_can_be_written(of):
    strange, shown = "\x1b[2J\u202e\ud800", r"\x1b[2J\u202e\ud800"
    said = {**ABOUT, "title": strange, "question": strange, "claims": [strange], "command": strange}
    report = of([replace(one, error=strange) for one in two_methods()], about=said)
    assert (report.title, report.question, report.claims[0].claim) == (shown, shown, shown)
    assert set(report.records["error"]) == {shown}


def test_a_folder_of_any_name_is_reported_and_its_name_runs_nothing(of, tmp_path):
    folder = of(two_methods()) and (tmp_path / "s").rename(tmp_path / "$(x);\x1b[2J\udcff")
    report = contents.of(folder)
    assert report.study == r"$(x);\x1b[2J\udcff"
    assert report.commands[0].line == rf"genbench report '$(x);\x1b[2J\udcff' --results {tmp_path}"


def test_a_study_without_study_json_says_what_was_run_and_can_be_reported_again(of, tmp_path):
    report = of(two_methods(settings={"train.images": 20000}))
    assert (report.study, report.question) == ("s", "")
    assert report.title == "gan and gram on ring: 20,000 images, 3 seeds, 2023-11-14 (study s)"
    assert report.commands[0].line == f"genbench report s --results {tmp_path}"


@pytest.mark.parametrize(("seeds", "there"), [(3, False), (6, True)])
def test_the_p_of_a_permutation_test_stands_only_where_it_could_decide(seeds, there):
    found = frame(two_methods(seeds=seeds))
    shown = scores.judged("verdicts", "Verdicts", "All.", judgement.verdicts(found))
    assert ("p (permutation)" in shown.shown) is there
    assert ("of so few seeds none could reach 0.05" in shown.caption) is not there


def test_the_verdict_is_in_words_and_in_its_table(of):
    report = of(two_methods())
    assert report.overview == ("gan against gram: worse on high_quality; secondary: worse on mode_kl",)
    assert [sentence.verdict for sentence in report.summary] == ["worse", "worse"]
    assert set(table(report, "verdicts").shown["verdict"]) == {"worse"}


def test_too_few_seeds_are_no_verdict_and_the_reason_is_told_once(of):
    report = of(two_methods(seeds=2))
    assert report.overview == ("gan against gram: no verdict on high_quality; secondary: no verdict on mode_kl",)
    (sentence,) = report.summary
    assert "3 are needed" in sentence.words


def test_of_many_verdicts_those_that_decide_come_first_and_the_rest_is_counted(of):
    methods = [f"m{number}" for number in range(5)]
    report = of(
        [
            a_record(method, seed, score=0.1 * number + 0.001 * (seed + number) ** 2)
            for number, method in enumerate(methods)
            for seed in range(3)
        ],
        logged=False,
    )
    assert len(report.summary) == 20
    assert (len(report.spoken), report.unspoken) == (contents.SPOKEN, 20 - contents.SPOKEN)
    assert report.summary[0].verdict != "inconclusive"


def test_a_method_that_is_not_installed_is_reported_like_any_other(of):
    report = of([a_record("long-gone/old", seed) for seed in range(3)])
    assert table(report, "table").shown["method"].tolist() == ["long-gone/old"]
    assert any(figure.name == "scores-high_quality" for figure in report.figures)


def test_numbers_under_different_protocols_stand_apart_with_a_note_and_are_in_no_figure_together(of):
    records = [a_record("gan", seed) for seed in range(3)] + [
        a_record("gram", seed, key="k1", protocol={"split": "train"}) for seed in range(3)
    ]
    report = of(records)
    assert {"high_quality [k0]", "high_quality [k1]"} <= set(table(report, "table").shown)
    assert any("not to be compared" in note and "split" in note for note in report.notes)
    assert report.overview == ()
    figure = next(figure for figure in report.figures if figure.name == "scores-high_quality-k0")
    assert "gram" not in figure.alt
    assert list(table(report, "protocols").shown) == ["field", "k0", "k1"]


def test_what_did_not_finish_is_listed_with_its_reason(of):
    report = of([*two_methods(), a_record("gan", 3, status="diverged", error="loss is nan\nat update 7")])
    (row,) = table(report, "failures").shown.to_dict("records")
    assert (row["method"], row["seed"], row["status"], row["why"]) == ("gan", "3", "diverged", "loss is nan")
    assert "diverged" in table(report, "intervals").shown


def test_a_study_that_finished_has_no_table_of_failures(of):
    assert not any(one.name == "failures" for one in of(two_methods()).background)


def test_a_study_of_which_nothing_finished_is_one_line_with_what_became_of_it(of):
    with pytest.raises(
        GenbenchError, match=r"s has no finished trial to report: 1 diverged, 1 failed; see genbench status s$"
    ):
        of([a_record(status="diverged"), a_record(seed=1, status="failed")])


def test_a_damaged_record_is_left_out_and_named(tmp_path):
    folder = make(tmp_path, two_methods())
    victim = next((folder / "trials").glob("gan--0-*")) / "record.json"
    victim.write_text("{")
    report = contents.of(folder)
    assert len(report.records) == 5
    (line,) = report.damaged
    assert str(victim) in line


def test_a_damaged_log_is_named_and_the_others_are_drawn(tmp_path):
    folder = make(tmp_path, two_methods())
    victim = next((folder / "trials").glob("gan--0-*")) / "metrics.jsonl"
    victim.write_text("{}\nnonsense\n")
    report = contents.of(folder)
    assert any(str(victim) in line for line in report.damaged)
    assert any(figure.name == "log-loss" for figure in report.figures)


def test_trials_without_a_record_are_counted(tmp_path):
    folder = make(tmp_path, two_methods())
    (folder / "trials" / "waiting").mkdir()
    trial_of(a_record(seed=9)).write(folder / "trials" / "waiting")
    assert "1 of the study's trials have no record yet and are missing here" in contents.of(folder).notes


def test_a_small_size_is_said_to_mean_nothing(of):
    assert contents.SMOKE in of(two_methods(), about=ABOUT | {"smoke": True}).notes


def test_conditions_are_in_the_order_of_their_numbers(of):
    records = [a_record("gan", seed, settings={"net.latent": latent}) for latent in (16, 2, 8) for seed in range(3)]
    assert table(of(records, logged=False), "table").shown["net.latent"].tolist() == ["2", "8", "16"]


def test_every_condition_has_verdicts_of_its_own(of):
    report = of(
        [
            a_record(method, seed, settings={"net.latent": latent})
            for latent in (2, 8)
            for method in ("gan", "gram")
            for seed in range(3)
        ],
        logged=False,
    )
    assert set(table(report, "verdicts-by-condition").shown["condition"]) == {"latent=2", "latent=8"}


def test_the_papers_numbers_stand_beside_the_measured_ones_with_what_differs(of):
    number = {
        "method": "gram",
        "dataset": "ring",
        "metric": "high_quality",
        "mean": 0.9,
        "sd": 0.02,
        "n": 3,
        "where": "Table 1",
        "condition": {"net.width": 20},
    }
    other = number | {"method": "mmdgan", "sd": None, "n": None, "condition": {}}
    report = of(
        two_methods(),
        about=ABOUT | {"published": {"protocol": "held-out images, 10,000 samples.", "numbers": [number, other]}},
    )
    shown = table(report, "published").shown
    assert shown["paper"].tolist() == ["0.900 ± 0.020 (3)", "0.900"]
    assert shown["here"].tolist() == ["0.810 ± 0.010 (3)", "not measured"]
    assert (
        "The paper: held-out images, 10,000 samples. Here: 10 updates, 500 samples"
        in table(report, "published").caption
    )


def test_contenders_that_started_alike_are_said_to_have(of):
    assert all("same hash" in line for line in of(two_methods()).fairness)
    different = of([a_record("gan"), a_record("gram", batches_hash="other")], name="different").fairness
    assert any("first batches: different hashes in 1 of 1" in line for line in different)


def test_a_contender_with_another_generator_is_named_and_not_said_to_have_started_otherwise(of):
    own = a_record("flow", generator_hash="other", start="field", evaluations=40)
    lines = of([a_record("gan", start="generator"), own]).fairness
    assert not any("different hashes" in line for line in lines)
    assert lines[-1] == "another network than the study's generator makes the samples of flow"


def test_the_spread_is_split_by_source_where_one_was_varied_alone(of):
    main = [a_record("gan", seed, score=0.5 + 0.1 * seed, trial=f"main{seed}") for seed in range(3)]
    drawn = [a_record("gan", 0, score=0.5 + 0.01 * n, settings={"seeds.init": n}, trial=f"init{n}") for n in (1, 2)]
    report = of(main + drawn, logged=False)
    row = table(report, "lottery").shown.iloc[0]
    assert row["everything"] == "0.1 (3)"
    assert row["initial weights"] == "0.01 (3, 1 %)"
    assert table(report, "table").shown["seeds"].tolist() == ["3"]


def test_numbers_of_other_latents_are_a_source_of_spread_and_no_metrics_of_their_own(of):
    records = [a_record("gan", seed) for seed in range(3)]
    again = [record.metrics | {"high_quality@seed1": record.metrics["high_quality"] + 0.02} for record in records]
    report = of([a_record("gan", seed, metrics=metrics) for seed, metrics in enumerate(again)])
    assert "high_quality@seed1" not in table(report, "table").shown
    assert table(report, "lottery").shown.iloc[0]["latents"] == "0.0141 (6, 200 %)"


def test_the_record_of_another_trial_is_named_and_its_own_trial_stays(tmp_path):
    folder = make(tmp_path, two_methods())
    stranger, victim = (next((folder / "trials").glob(f"{name}--0-*")) for name in ("gram", "gan"))
    shutil.copy(stranger / "record.json", victim / "record.json")
    report = contents.of(folder)
    assert len(report.damaged) == 1
    assert report.damaged[0].startswith(f"{victim / 'record.json'} is of trial")
    assert sorted(report.records["method"]) == ["gan", "gan", "gram", "gram", "gram"]


def test_a_copy_of_a_trial_is_the_same_trial(tmp_path):
    folder = make(tmp_path, two_methods())
    one = next((folder / "trials").glob("gan--0-*"))
    for name in ("copy", "another copy"):
        shutil.copytree(one, folder / "trials" / name)
    report = contents.of(folder)
    assert report.damaged == ()
    assert sorted(report.records["seed"]) == [0, 0, 1, 1, 2, 2]
    assert one.name in set(report.records["trial"])


def test_two_folders_of_one_trial_with_unlike_numbers_are_named_and_neither_is_used(tmp_path):
    folder = make(tmp_path, two_methods())
    one = next((folder / "trials").glob("gan--0-*"))
    shutil.copytree(one, folder / "trials" / "copy")
    found = read(one)
    write(replace(found, metrics={**found.metrics, "high_quality": 0.99}), folder / "trials" / "copy")
    report = contents.of(folder)
    assert len(report.damaged) == 1
    assert "hold one trial" in report.damaged[0]
    assert "with unlike records" in report.damaged[0]
    assert sorted(report.records["method"]) == ["gan", "gan", "gram", "gram", "gram"]


def test_a_picture_of_another_trial_is_named_and_not_shown(tmp_path):
    folder = make(tmp_path, two_methods())
    one, other = (next((folder / "trials").glob(f"gan--{seed}-*")) for seed in (0, 1))
    picture = Image.new("RGB", (8, 8), "red")
    pictures.save(picture, one / "samples" / "final.png", read(other).id)
    report = contents.of(folder)
    (line,) = report.damaged
    assert (
        line == f"{one / 'samples' / 'final.png'} is of trial {read(other).id}, not of {read(one).id}; it is not shown"
    )
    pictures.save(picture, one / "samples" / "final.png", read(one).id)
    assert contents.of(folder).damaged == ()


@pytest.mark.parametrize("words", ["{", "[" * 100_000, '{"earlier": 3}', '{"targets": {"mmd": "low"}}', '{"title": 4}'])
def test_a_damaged_study_file_is_named_and_the_numbers_are_reported(tmp_path, words):
    folder = make(tmp_path, two_methods())
    (folder / "study.json").write_text(words)
    report = contents.of(folder)
    (line,) = report.damaged
    assert line.startswith(f"{folder / 'study.json'} is damaged")
    assert len(report.records) == 6
