"""Figures: what is drawn of which study, in type that can be read and looks that can be told apart."""

import os
import struct
import zlib

import numpy as np
import pytest
from matplotlib.text import Text
from PIL import Image
from study_folders import a_record, make, two_methods
from trial_files import trial_of

from genbench.errors import DataError, GenbenchError
from genbench.report import logged
from genbench.report.figures import curves, drawing, gallery, montage, plots, style
from genbench.report.figures.curves import Curve
from genbench.report.figures.figure import Trials, slug
from genbench.report.stats import contenders
from genbench.trial.collected import frame

DIRECTIONS = {"high_quality": "higher", "mode_kl": "lower"}


@pytest.fixture
def trials(tmp_path):
    """trials(records, …): what figures are drawn from, of a study with these records."""

    def read(records, **options):
        folder = make(tmp_path, records, **options)
        named = contenders.name(frame(records))
        return Trials(
            dataset="ring",
            records=named.records,
            metrics=["high_quality", "mode_kl"],
            directions=DIRECTIONS,
            shared=named.shared,
            own=named.own,
            folder=folder,
        )

    return read


def names(trials):
    return [figure.name for figure in gallery.of(trials)[0]]


def over(key, values, methods=("gan", "gram")):
    return [
        a_record(method, seed, settings={key: value}) for method in methods for value in values for seed in range(2)
    ]


def a_curve(values, contender="gan", seconds=1.0, diverged=False):
    steps = np.arange(1, len(values) + 1, dtype=float)
    clocks = {"images": 100 * steps, "updates": steps, "train_seconds": seconds * steps}
    return Curve(
        contender=contender, condition="", clocks=clocks, values=np.array(values, dtype=float), diverged=diverged
    )


def lines_of(drawing, axis=0):
    return [line for line in drawing.axes[axis].lines if len(line.get_xdata()) > 1]


def test_a_study_has_the_figures_that_it_has_something_for(trials):
    scores = ["scores-high_quality", "scores-mode_kl"]
    assert names(trials(two_methods())) == [*scores, "samples", "course", "curve-high_quality", "log-loss"]
    assert names(trials(two_methods(), name="unlogged", logged=False)) == [*scores, "samples", "course"]


def test_a_numeric_setting_that_varies_has_sensitivity_curves_and_parallel_coordinates(trials):
    found = names(trials(over("train.batch", (20, 40)), logged=False))
    assert {"sensitivity-train.batch-high_quality", "sensitivity-train.batch-mode_kl", "parallel"} <= set(found)


def test_a_setting_of_words_or_of_switches_has_no_sensitivity_curve(trials):
    assert not any(
        name.startswith("sensitivity") for name in names(trials(over("net.init", ("normal", "xavier")), logged=False))
    )
    assert not any(
        name.startswith("sensitivity")
        for name in names(trials(over("net.norm", (True, False)), name="switched", logged=False))
    )


def test_two_shared_settings_that_vary_make_a_grid_with_a_block_per_contender(trials):
    records = [
        a_record(method, settings={"net.latent": latent, "net.width": width})
        for method in ("gan", "gram")
        for latent in (2, 4, 8)
        for width in (20, 100)
    ]
    (grid,) = [figure for figure in gallery.of(trials(records, logged=False))[0] if figure.name == "samples"]
    assert "latent across, width down, a block per contender" in grid.caption
    drawing = grid.draw()
    assert len(drawing.axes) == 2 * 3 * 2
    assert {"gan", "gram", "latent=2", "latent=8", "width=20"} <= {text.get_text() for text in drawing.texts}


def test_one_shared_setting_that_varies_is_shown_across(trials):
    (sheet,) = [
        figure for figure in gallery.of(trials(over("net.latent", (2, 8)), logged=False))[0] if figure.name == "samples"
    ]
    assert "a column per value of net.latent" in sheet.caption


def test_pictures_that_metrics_looked_at_are_shown_with_the_samples(trials):
    made = trials(two_methods(seeds=1), logged=False)
    for directory in (made.folder / "trials").iterdir():
        Image.new("L", (300, 100)).save(directory / "samples" / "neighbour_distance.png")
    assert {"samples-gan", "samples-gram"} <= set(names(made))


def test_other_pictures_of_the_course_have_a_figure_of_their_own(trials):
    made = trials(two_methods(seeds=1), logged=False)
    for directory in (made.folder / "trials").iterdir():
        for images in (0, 500):
            Image.new("RGB", (64, 64)).save(directory / "samples" / f"{images:010d}-projected.png")
    assert "course-projected" in names(made)


@pytest.mark.slow
def test_figures_drawn_by_several_processes_are_those_of_one(trials, tmp_path, monkeypatch):
    found = gallery.of(trials(two_methods(seeds=2)))[0][:4]
    drawing.save(found, tmp_path / "one")
    monkeypatch.setattr(drawing, "ENOUGH", 2)
    monkeypatch.setattr(drawing, "cores", lambda: 2)
    drawing.save(found, tmp_path / "several")
    one, several = (
        {path.name: path.read_bytes() for path in (tmp_path / name).iterdir()} for name in ("one", "several")
    )
    assert one == several


@pytest.mark.slow
def test_a_folder_that_takes_no_figure_is_named_whichever_process_finds_out(trials, tmp_path, monkeypatch):
    found = gallery.of(trials(two_methods(seeds=2)))[0][:4]
    monkeypatch.setattr(drawing, "ENOUGH", 2)
    monkeypatch.setattr(drawing, "cores", lambda: 2)
    (tmp_path / "taken" / f"{found[1].name}.png").mkdir(parents=True)
    with pytest.raises(GenbenchError, match="cannot be written into"):
        drawing.save(found, tmp_path / "taken")


@pytest.mark.slow
def test_every_figure_is_a_png_and_a_pdf_and_no_window_is_left(trials, tmp_path):
    found, _ = gallery.of(trials(two_methods()))
    drawing.save(found, tmp_path / "out")
    from matplotlib import pyplot

    assert pyplot.get_fignums() == []
    for figure in found:
        assert (tmp_path / "out" / f"{figure.name}.pdf").read_bytes().startswith(b"%PDF")
        with Image.open(tmp_path / "out" / f"{figure.name}.png") as picture:
            assert picture.convert("L").getextrema()[0] < 128


def test_figures_that_cannot_be_written_are_one_line(trials, tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(GenbenchError, match="file"):
        drawing.save(gallery.of(trials(two_methods(seeds=1), logged=False))[0], tmp_path / "file")


@pytest.mark.slow
def test_no_type_is_smaller_than_eight_points_and_none_is_cut_off(trials):
    records = over("net.latent", (2, 8), ("gan", "a-method/with-a-long-variant"))
    with style.styled():
        for figure in gallery.of(trials(records))[0]:
            drawing = figure.draw()
            drawing.draw_without_rendering()
            small = [text.get_text() for text in drawing.findobj(Text) if text.get_text() and text.get_fontsize() < 8]
            assert small == [], figure.name
            box, (width, height) = drawing.get_tightbbox(), drawing.get_size_inches()
            assert min(box.x0, box.y0, width - box.x1, height - box.y1) > -0.02, (figure.name, box)


def test_names_with_special_signs_are_drawn_as_they_are(trials):
    with style.styled():
        found, _ = gallery.of(trials([a_record("a$b$_{c}\\frac<d>", seed) for seed in range(2)]))
        texts = {label.get_text() for figure in found for label in figure.draw().findobj(Text)}
    assert "a$b$_{c}\\frac<d>" in {text.replace("\n", "") for text in texts}


def test_contenders_are_told_apart_by_colour_and_by_marker():
    faces = style.looks(f"m{number}" for number in range(40))
    assert len({(look.colour, look.marker) for look in faces.values()}) == 40
    first = list(faces.values())[:8]
    assert len({look.colour for look in first}) == len({look.marker for look in first}) == 8


def test_a_line_is_the_mean_of_its_seeds_and_its_band_goes_from_the_lowest_to_the_highest():
    drawing = curves.draw([a_curve([1, 2, 3]), a_curve([3, 4, 5])], "loss", style.looks(["gan"]), log=False)
    (line,) = lines_of(drawing)
    np.testing.assert_allclose(line.get_ydata()[[0, -1]], [2, 4])
    (band,) = drawing.axes[0].collections
    assert (band.get_paths()[0].vertices[:, 1].min(), band.get_paths()[0].vertices[:, 1].max()) == (1, 5)


def test_a_curve_is_drawn_on_each_of_the_three_clocks():
    drawing = curves.draw([a_curve([1, 2, 3], seconds=7)], "loss", style.looks(["gan"]), log=False)
    assert [lines_of(drawing, axis)[0].get_xdata()[-1] for axis in range(3)] == [300, 3, 21]


def test_what_trainers_logged_is_drawn_against_images_alone_and_scores_against_every_clock(trials):
    drawn = {one.name: one for one in gallery.of(trials(two_methods()))[0]}
    assert len(drawn["log-loss"].draw().axes) == 1
    assert drawn["log-loss"].caption.startswith("loss against images: ")
    assert len(drawn["curve-high_quality"].draw().axes) == 3


def test_a_mean_does_not_jump_where_a_slower_seed_has_no_value_yet():
    drawing = curves.draw(
        [a_curve([1, 1, 1], seconds=1), a_curve([5, 5, 5], seconds=2)], "loss", style.looks(["gan"]), log=False
    )
    assert set(lines_of(drawing, 2)[0].get_ydata()) == {3}


def test_a_trial_that_diverged_ends_in_a_cross():
    drawing = curves.draw(
        [a_curve([1, 2, np.nan], diverged=True), a_curve([1, 2, 3])], "loss", style.looks(["gan"]), log=False
    )
    (cross,) = [line for line in drawing.axes[0].lines if line.get_marker() == "x"]
    assert (cross.get_xdata()[0], cross.get_ydata()[0]) == (200, 2)


def test_a_log_that_is_damaged_is_named(tmp_path):
    trial_of().write(tmp_path)
    (tmp_path / "metrics.jsonl").write_text('{"values": {"loss": 1}}\n')
    with pytest.raises(GenbenchError, match=r"metrics\.jsonl is damaged"):
        logged.read(tmp_path)


def test_only_positive_numbers_over_decades_are_worth_a_logarithm():
    assert plots.is_wide(np.array([0.01, 5.0]))
    assert not plots.is_wide(np.array([0.0, 5.0]))
    assert not plots.is_wide(np.array([1.0, 5.0]))
    assert not plots.is_wide(np.array([]))


def test_an_alternative_text_has_the_numbers(trials):
    figure = gallery.of(trials(two_methods(), logged=False))[0][0]
    assert (
        figure.alt
        == "Points of high_quality (higher is better): gan 0.5 to 0.52, mean 0.51, 3 trials; gram 0.8 to 0.82, mean"
        " 0.81, 3 trials"
    )


def test_a_value_that_is_not_finite_is_not_drawn_and_said(trials):
    records = two_methods()
    records[0] = a_record("gan", 0, metrics={"high_quality": float("inf"), "mode_kl": 0.1})
    assert "1 values are not finite" in gallery.of(trials(records, logged=False))[0][0].caption


@pytest.mark.parametrize(
    ("words", "name"), [("fid [a1]", "fid-a1"), ("../x y", "x-y"), ("<>", "figure"), ("modes@seed7", "modes-seed7")]
)
def test_any_words_become_the_name_of_a_file(words, name):
    assert slug(words) == name


@pytest.mark.parametrize("kind", ["a FIFO", "JPEG", "EPS", "text", "a bomb"])
def test_a_picture_of_samples_that_is_no_png_is_named_and_nobody_waits_for_it(tmp_path, kind):
    path = tmp_path / "final.png"
    if kind == "a FIFO":
        os.mkfifo(path)
    elif kind == "text":
        path.write_text("text")
    else:
        Image.new("RGB", (8, 8)).save(path, "PNG" if kind == "a bomb" else kind)
    if kind == "a bomb":
        content = path.read_bytes()
        header = b"IHDR" + struct.pack(">II", 20_000, 20_000) + content[24:29]
        path.write_bytes(content[:12] + header + struct.pack(">I", zlib.crc32(header)) + content[33:])
    for draw in (lambda cells: montage.gallery(cells), lambda cells: montage.rows({"a": cells})):
        with pytest.raises(DataError, match=r"final\.png cannot be read as a picture: "):
            draw([montage.Cell(picture=path)])


def test_figures_are_not_written_through_a_link(trials, tmp_path):
    (tmp_path / "precious").write_text("a")
    figures = list(gallery.of(trials(two_methods()))[0])[:1]
    (tmp_path / "out").mkdir()
    for suffix in ("png", "pdf"):
        (tmp_path / "out" / f"{figures[0].name}.{suffix}").symlink_to(tmp_path / "precious")
    drawing.save(figures, tmp_path / "out")
    assert (tmp_path / "precious").read_text() == "a"


@pytest.mark.parametrize(
    "words", ["mmd", "ratio_difference_estimate (gram lr=0.001)", "the_longest_name_of_a_plugin (mmdgan/repulsive)"]
)
def test_the_name_of_a_vertical_axis_is_there_in_full(words):
    figure = style.sheet(style.COLUMN, 1.95)
    style.upright(figure, words, foot=0.25)
    box = figure.texts[0].get_window_extent()
    assert box.y0 >= 0.25 * figure.dpi
    assert box.y1 <= figure.bbox.y1
