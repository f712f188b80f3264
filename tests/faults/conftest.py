"""Faults on real processes: what every one of these tests needs."""

import random
from pathlib import Path

import pytest


def pytest_collection_modifyitems(items):
    for item in items:  # of the whole session, wherever this file lies
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.faults)
            item.add_marker(pytest.mark.slow)


@pytest.fixture
def dice(request):
    """Random moments and places, the same every time a test is run."""
    return random.Random(request.node.nodeid)
