"""Faults on real processes: what every one of these tests needs. All of them are counted in a ledger."""

import random
from collections import Counter
from pathlib import Path

import pytest

COUNTS = Counter()


def pytest_addoption(parser):
    parser.addoption("--ledger", type=Path, help="write the number of faults of each kind here, as CSV")


def pytest_collection_modifyitems(items):
    for item in items:  # of the whole session, wherever this file lies
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.faults)
            item.add_marker(pytest.mark.slow)


def pytest_sessionfinish(session):
    path = session.config.getoption("--ledger", default=None)
    if path is not None and COUNTS:
        rows = [f"{kind},{count}" for kind, count in sorted(COUNTS.items())]
        path.write_text("\n".join(["fault,times", *rows, f"all,{sum(COUNTS.values())}"]) + "\n")


@pytest.fixture
def fault():
    """fault(kind): one more of them has happened."""

    def count(kind, times=1):
        COUNTS[kind] += times

    return count


@pytest.fixture
def dice(request):
    """Random moments and places, the same every time a test is run."""
    return random.Random(request.node.nodeid)
