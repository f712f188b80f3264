"""Named studies: found here first, then in the checkout; an unknown one is guessed."""

import pytest

from genbench.errors import UnknownNameError
from genbench.study import catalogue

WHOLE = "title: A title\nquestion: A question?\nruns:\n  - {methods: [toy], datasets: [ring], seeds: [0]}\n"


@pytest.fixture
def write(tmp_path, monkeypatch):
    """write(name, text): a study's file in the current folder."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "benchmarks").mkdir()
    return lambda name, text: (tmp_path / "benchmarks" / name).write_text(text)


def test_a_named_study_is_that_of_the_folder_one_stands_in_then_of_the_checkout(write):
    of_the_checkout = catalogue.find("figure2")
    write("figure2.yaml", WHOLE)
    write("nine.yaml", WHOLE)
    assert of_the_checkout.title != catalogue.find("figure2").title == catalogue.find("nine").title == "A title"
    assert catalogue.find("benchmarks/nine.yaml") == catalogue.find("nine")


def test_an_unknown_study_is_guessed_with_where_it_was_looked_for(write):
    with pytest.raises(UnknownNameError, match="unknown study 'figur2': did you mean 'figure2'") as error:
        catalogue.find("figur2")
    assert all(str(folder) in str(error.value) for folder in catalogue.folders())
    assert len(catalogue.folders()) == 3


def test_studies_are_listed_with_their_titles_and_a_broken_one_with_its_problem(write):
    write("nine.yaml", WHOLE)
    write("bad.yaml", "title: 1\n")
    found = dict(catalogue.listed())
    assert found["nine"] == "A title"
    assert found["bad"].startswith("BROKEN: benchmarks/bad.yaml: the key 'question' is missing")
    assert "figure1" in found
