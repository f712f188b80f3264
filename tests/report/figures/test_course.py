"""The course of training: rows of pictures under shared moments."""

from pathlib import Path

import pytest
from PIL import Image
from study_folders import make, two_methods

from genbench.report.figures import course, samples
from genbench.report.figures.figure import Trials
from genbench.report.stats import contenders
from genbench.trial.collected import frame


def taken(*moments, **others):
    """A course: of the samples at these moments, and of other things at theirs."""
    return {
        what: {images: Path(f"{images}-{what}.png") for images in own} for what, own in {"": moments, **others}.items()
    }


def titles(cells):
    return [cell.title if cell else None for cell in cells]


def test_a_course_has_at_most_six_moments_from_the_first_to_the_last():
    shared = course.columns([taken(*range(50)), taken(0, 49)])
    assert (len(shared), shared[0], shared[-1]) == (6, 0, 49)
    assert course.columns([]) == []


def test_moments_that_are_shown_in_another_way_too_are_among_them_and_no_others_are_lost():
    shared = course.columns([taken(*range(0, 1001, 100)), taken(*range(0, 1001, 100), projected=(0, 500, 1000))])
    assert {0, 500, 1000} < set(shared)
    assert len(shared) == 6


def test_a_picture_stands_under_its_moment_and_a_moment_without_one_is_left_empty():
    shared = [0, 500, 1000]
    assert titles(course.row(taken(0, 500, 1000)[""], shared)) == ["0", "500", "1,000"]
    assert titles(course.row(taken(0, 1000)[""], shared)) == ["0", None, "1,000"]
    assert titles(course.row({}, shared)) == [None] * 3


def test_methods_that_take_images_in_other_steps_stand_under_the_nearest_moment_with_their_own_count():
    assert titles(course.row(taken(0, 520, 1040)[""], [0, 512, 1024])) == ["0", "520", "1,040"]
    assert titles(course.row(taken(760)[""], [0, 512, 1024])) == [None, "760", None]


def test_no_picture_stands_under_two_moments():
    cells = course.row(taken(*range(0, 1000, 70))[""], [0, 1, 7, 500, 998, 999])
    shown = [title for title in titles(cells) if title]
    assert len(shown) == len(set(shown)) == 2


@pytest.fixture
def figures(tmp_path):
    records = two_methods(seeds=4)
    folder = make(tmp_path, records, logged=False)
    for directory in (folder / "trials").glob("gram*"):
        for images in (0, 1000):
            Image.new("RGB", (64, 64)).save(directory / "samples" / f"{images:010d}-projected.png")
    named = contenders.name(frame(records))
    trials = Trials(
        dataset="ring",
        records=named.records,
        metrics=["high_quality"],
        directions={"high_quality": "higher"},
        shared=named.shared,
        own=named.own,
        folder=folder,
    )
    return {one.name: one for one in samples.of(trials)}


def test_rows_are_methods_and_seeds_and_one_with_projected_pictures_keeps_its_others(figures):
    (rows,) = figures["course"].draw.args
    assert [*rows] == [f"{method} seed {seed}" for method in ("gan", "gram") for seed in range(3)]
    assert {tuple(titles(cells)) for cells in rows.values()} == {("0", "500", "1,000")}
    (projected,) = figures["course-projected"].draw.args
    assert {name: titles(cells) for name, cells in projected.items()} == {
        f"gram seed {seed}": ["0", "1,000"] for seed in range(3)
    }
