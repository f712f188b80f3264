"""Strange numbers: whatever trials measured and logged, there is a page, and every figure of it is drawn or named."""

import json
import math
import warnings

import pytest
from study_folders import START, a_record, make, two_methods

from genbench.report import contents
from genbench.report.figures import drawing, plots, samples
from genbench.report.formats import formats

NAN, INF = math.nan, math.inf
METRICS = {"high_quality": "higher", "mode_kl": "lower", "mmd": "neither"}
NUMBERS = {
    "all nan": lambda seed: NAN,
    "all infinite": lambda seed: INF,
    "one that is finite": lambda seed: 1.0 if seed == 0 else NAN,
    "infinite both ways": lambda seed: (INF, -INF)[seed % 2],
    "all zero": lambda seed: 0.0,
    "all equal": lambda seed: 0.25,
    "negative": lambda seed: -1.0 - seed,
    "of both signs": lambda seed: (-1.0) ** seed,
    "huge": lambda seed: (1e300, 1e299, 1e-300)[seed % 3],
    "tiny": lambda seed: 5e-324 * (seed + 1),
    "decades apart": lambda seed: 10.0 ** (seed * 40 - 200),
    "near a large one": lambda seed: 1e16 + seed,
}


def records_of(*numbers, seeds=4, **changes):
    """Records of two methods with a metric of each such number."""
    found = []
    for seed in range(seeds):
        for method in ("gan", "gram"):
            metrics = {name: number(seed) for name, number in zip(METRICS, numbers, strict=False)}
            names = {"better": {name: METRICS[name] for name in metrics}}
            names |= {"protocol": dict.fromkeys(metrics, "k0"), "metrics": metrics}
            found.append(a_record(method, seed, **{**names, **changes}))
    return found


def log(folder, records, *numbers, count=5, speed=lambda seed: 1.0, start=lambda seed: 0.0):
    """Logs of so many rows: a value that is the first such number, and scores that are the others."""
    for record in records:
        rows = []
        for update in range(1, count + 1):
            clocks = {"images": 20 * update, "updates": update}
            seconds = start(record.seed) + speed(record.seed) * update
            value, *scores = (number(record.seed + update) for number in numbers)
            clocks["train_seconds"] = seconds
            rows.append({"time": START, **clocks, "values": {"loss": value}})
            rows.append({"time": START, **clocks, "metrics": dict(zip(METRICS, scores, strict=False))})
        path = folder / "trials" / record.trial / "metrics.jsonl"
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))


def written(folder, target, kinds=("html", "md", "csv", "latex")):
    """The report of a study, in every format."""
    with warnings.catch_warnings(action="ignore"):  # of the statistics of huge numbers
        report = contents.of(folder)
    return report, formats.write(report, kinds, target)


def check_drawn(folder, target):
    report, (files, problems) = written(folder, target)
    assert problems == []
    assert {"report.html", "report.md", "report.tex", "records.csv"} <= {path.name for path in files}
    page = (target / "report.html").read_text()
    assert page.count("<figure") == len(report.figures)
    assert "could not be drawn" not in page
    return report


@pytest.mark.slow
@pytest.mark.parametrize("kinds", [list(NUMBERS)[place : place + 3] for place in range(0, len(NUMBERS), 3)], ids=str)
def test_metrics_and_logs_of_every_kind_of_number_give_a_whole_report(tmp_path, kinds):
    numbers = [NUMBERS[kind] for kind in kinds]
    records = records_of(*numbers)
    folder = make(tmp_path, records, logged=False, pictured=False)
    log(folder, records, *numbers)
    check_drawn(folder, tmp_path / "out")


@pytest.mark.slow
@pytest.mark.parametrize("numbers", [(1.7e308, -1.7e308), (1.7e308, 1e300, 1e-300)])
def test_numbers_that_are_too_far_apart_for_any_axis_cost_their_own_figures_alone(tmp_path, numbers):
    records = records_of(*3 * [lambda seed: numbers[seed % len(numbers)]])
    report, (files, problems) = written(make(tmp_path, records, logged=False), tmp_path / "out")
    assert {line.partition(" could")[0] for line in problems} <= {f"figure {one.name}" for one in report.figures}
    assert 0 < len(problems) < len(report.figures)
    assert (tmp_path / "out" / "report.html").read_text().count("This figure could not be drawn") == len(problems)
    assert len(files) >= 3


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["all nan", "huge", "of both signs", "decades apart"])
def test_swept_settings_under_every_kind_of_number_give_a_whole_report(tmp_path, kind):
    records = [
        a_record(method, seed, metrics={"mode_kl": NUMBERS[kind](seed + place)}, better={"mode_kl": "lower"},
                 protocol={"mode_kl": "k0"}, settings={"method.lr": rate, "net.latent": latent})
        for method in ("gan", "gram") for place, rate in enumerate((0.0, -1.0, 1e300)) for latent in (2, 8)
        for seed in range(2)
    ]  # fmt: skip
    check_drawn(make(tmp_path, records, logged=False, pictured=False), tmp_path / "out")


@pytest.mark.slow
@pytest.mark.parametrize(
    "clocks",
    [
        {"speed": lambda seed: 0.0},
        {"speed": lambda seed: -1.0},
        {"speed": lambda seed: 1e300},
        {"start": lambda seed: 10.0 * seed},
        {"speed": lambda seed: 0.0, "start": lambda seed: 10.0 * seed},
        {"count": 1},
        {"count": 0},
        {"count": 1, "start": lambda seed: 10.0 * seed},
    ],
)
def test_clocks_of_every_kind_give_a_whole_report(tmp_path, clocks):
    records = records_of(lambda seed: 0.5 + seed, train_seconds=0.0, images=0, updates=0, wall_seconds=0.0)
    folder = make(tmp_path, records, logged=False, pictured=False)
    log(folder, records, *2 * [lambda step: 10.0**-step], **clocks)
    check_drawn(folder, tmp_path / "out")


@pytest.mark.long
def test_seeds_that_trained_at_times_of_their_own_are_drawn_one_by_one_and_the_caption_says_so(tmp_path):
    records = records_of(lambda seed: 0.5 + seed / 1000, seeds=150)
    folder = make(tmp_path, records, logged=False, pictured=False)
    log(folder, records, *2 * [lambda step: 10.0 ** -(step % 5)], start=lambda seed: 10.0 * seed)
    report = check_drawn(folder, tmp_path / "out")
    (curve,) = (figure for figure in report.figures if figure.name == "curve-high_quality")
    assert "seeds that share no stretch of a clock one by one" in curve.caption
    seconds = curve.draw().axes[2]
    assert len(seconds.lines) == 300
    assert all(len(line.get_xdata()) == 5 for line in seconds.lines)


@pytest.mark.slow
@pytest.mark.parametrize(
    "records",
    [
        two_methods(seeds=1),
        [a_record("gan", 0)],
        [a_record("gan", 0), a_record("gram", 0, status="diverged")],
        [a_record("gan", seed, metrics={name: 0.5}, better={name: "higher"}, protocol={name: "k0"})
         for seed, name in enumerate(("a", "b", "c"))],
        [a_record("gan", 0), a_record("gram", 0, metrics={}, better={}, protocol={})],
        two_methods(seeds=2, started=5.0, ended=0.0, train_seconds=0.0, peak_memory_mb=0.0),
        [a_record("gan", seed, settings={"method.lr": rate}) for seed in range(2)
         for rate in (1e-3, None, True, "word", [1, 2])],
    ],
    ids=["one seed", "one trial", "one diverged", "metrics apart", "no metrics", "odd clocks", "odd settings"],
)  # fmt: skip
def test_records_that_lack_what_others_have_give_a_whole_report(tmp_path, records):
    check_drawn(make(tmp_path, records, logged=False), tmp_path / "out")


@pytest.fixture
def broken(tmp_path, monkeypatch):
    """A study of which one figure cannot be drawn."""
    draw = plots.strip

    def fails(trials, metric, *words, **options):
        if metric == "mode_kl":
            raise ValueError("no place for <it>\nanywhere")
        return draw(trials, metric, *words, **options)

    monkeypatch.setattr(plots, "strip", fails)
    return make(tmp_path, two_methods(seeds=2), logged=False)


@pytest.mark.slow
def test_a_figure_that_cannot_be_drawn_is_named_in_its_place_in_every_format(broken, tmp_path):
    (tmp_path / "out" / "figures").mkdir(parents=True)
    for suffix in ("png", "pdf"):
        (tmp_path / "out" / "figures" / f"scores-mode_kl.{suffix}").write_bytes(b"of an earlier report")
    report, (files, problems) = written(broken, tmp_path / "out")
    assert problems == ["figure scores-mode_kl could not be drawn: ValueError: no place for <it>"]
    assert len(files) == 3 + len(list((tmp_path / "out").glob("*.csv")))
    shown = {"report.html": "<img ", "report.md": "![", "report.tex": "\\includegraphics["}
    said = {"report.html": "&lt;it&gt;", "report.md": "\\<it\\>", "report.tex": "\\textless{}it"}
    for name, mark in shown.items():
        text = (tmp_path / "out" / name).read_text()
        assert text.count("This figure could not be drawn:") == 1
        assert f"ValueError: no place for {said[name]}" in text
        assert text.count(mark) == len(report.figures) - 1
        assert "scores-mode_kl.p" not in text
    left = {path.stem for path in (tmp_path / "out" / "figures").iterdir()}
    assert left == {figure.name for figure in report.figures} - {"scores-mode_kl"}


@pytest.mark.slow
def test_the_command_warns_of_a_figure_that_could_not_be_drawn_and_ends_with_1(broken, genbench):
    code, out, err = genbench("report", "s", "--results", broken.parent, "--format", "md")
    assert code == 1
    assert "report.md" in out
    assert err == "warning: figure scores-mode_kl could not be drawn: ValueError: no place for <it>\n"


def test_a_section_whose_figures_cannot_be_begun_is_named_in_its_place(tmp_path, monkeypatch):
    def fails(trials):
        raise RuntimeError("no picture\nat all")
        yield

    monkeypatch.setattr(samples, "of", fails)
    report, (_, problems) = written(make(tmp_path, two_methods(seeds=2)), tmp_path / "out", ["md"])
    assert problems == ["figure Samples could not be drawn: RuntimeError: no picture"]
    assert (
        "**This figure could not be drawn:** RuntimeError: no picture" in (tmp_path / "out" / "report.md").read_text()
    )
    assert {"scores-high_quality", "log-loss"} <= {figure.name for figure in report.figures if not figure.problem}


class _Dies:
    def __call__(self, *arguments, **options):
        import os

        os._exit(9)


@pytest.mark.slow
def test_a_process_that_dies_while_it_draws_costs_its_own_figures_alone(tmp_path, monkeypatch):
    folder = make(tmp_path, two_methods(seeds=2))
    monkeypatch.setattr(drawing, "ENOUGH", 2)
    monkeypatch.setattr(drawing, "cores", lambda: 2)
    figures = list(contents.of(folder).figures)
    figures[1] = figures[1].__class__(**{**vars(figures[1]), "draw": _Dies()})
    drawn = drawing.save(figures, tmp_path / "out")
    problems = {figure.name for figure in drawn if figure.problem}
    assert problems == {figure.name for figure in figures[1::2]}
    assert all("BrokenProcessPool" in figure.problem for figure in drawn if figure.problem)
    assert {path.stem for path in (tmp_path / "out").iterdir()} == {figure.name for figure in figures[::2]}


def test_the_reason_is_one_line_of_a_bounded_length():
    assert drawing.reason(ValueError("first\nsecond")) == "ValueError: first"
    assert drawing.reason(KeyError()) == "KeyError"
    assert len(drawing.reason(ValueError("word " * 1000))) <= drawing.LONGEST_REASON
