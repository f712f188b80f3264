"""JSON files that are whole or not there."""

import threading

from genbench.errors import GenbenchError
from genbench.trial.json_file import read_json, write_json


def test_threads_that_write_one_file_do_not_take_each_others_half(tmp_path):
    path, problems = tmp_path / "job.json", []

    def write(number):
        try:
            for _ in range(50):
                write_json({"number": number}, path)
        except GenbenchError as error:
            problems.append(error)

    threads = [threading.Thread(target=write, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert problems == []
    assert read_json(path, sealed=True)["number"] in range(4)
    assert list(tmp_path.iterdir()) == [path]
