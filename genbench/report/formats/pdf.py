"""The report as a PDF: the HTML page, printed by WeasyPrint or by a Chromium without a window."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from genbench.errors import GenbenchError
from genbench.report.contents import Report
from genbench.report.formats import html

Printer = Callable[[str], bytes]
"""From a page's HTML to the PDF file."""
BROWSERS = (
    "chromium",
    "chromium-browser",
    "google-chrome",
    "chrome",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
)
SECONDS = 120
"""After which a browser that has not printed is stopped."""
OFFLINE_AND_SILENT = (
    "--headless",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--host-resolver-rules=MAP * ~NOTFOUND",
    "--no-pdf-header-footer",
)


def render(report: Report, folder: Path) -> bytes:
    """The PDF file; `folder` holds the figures' PNG files. One printer gives the same bytes every time."""
    return printer()(html.render(report, folder, folded=False))


def printer() -> Printer:
    """WeasyPrint where it works, or else the first browser on the PATH. Raises GenbenchError where there is neither."""
    try:
        import weasyprint  # noqa: F401 - whether it can be imported is the question
    except ImportError:
        missing = "WeasyPrint is not installed"
    except OSError:  # which it raises where one of its libraries is missing
        missing = "WeasyPrint does not find Pango"
    else:
        return _weasyprint
    found = [path for path in map(shutil.which, BROWSERS) if path is not None]
    if not found:
        raise GenbenchError(
            f"no PDF can be printed: {missing}, and no Chromium or Chrome is on the PATH; install one of them, "
            "genbench[pdf] with the system's Pango or the system's chromium, or leave pdf out of --format"
        )
    return partial(_browser, found[0])


def _weasyprint(page: str) -> bytes:
    import weasyprint

    offline = weasyprint.urls.URLFetcher(allowed_protocols=("data",))
    return bytes(weasyprint.HTML(string=page, url_fetcher=offline).write_pdf(pdf_tags=True))


def _browser(program: str, page: str) -> bytes:
    with TemporaryDirectory(prefix="genbench-pdf-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        source, target = folder / "report.html", folder / "report.pdf"
        source.write_text(page, encoding="utf-8")
        ended = _run(command(program, source, target, folder / "profile"))
        if ended != "" or not target.exists():
            raise GenbenchError(
                f"{program} printed no PDF: {ended or 'it wrote no file'}; install genbench[pdf] or another Chromium, "
                "or leave pdf out of --format"
            )
        return _undated(target.read_bytes())


def command(program: str, source: Path, target: Path, profile: Path) -> list[str]:
    """The command line that prints a page with a profile of its own, without any network."""
    root = ["--no-sandbox"] if os.geteuid() == 0 else []  # Chromium refuses to start as root with its sandbox
    options = [*OFFLINE_AND_SILENT, *root, f"--user-data-dir={profile}", f"--print-to-pdf={target}"]
    return [program, *options, source.as_uri()]


def _run(words: list[str]) -> str:
    """Why a program did not end well; empty where it did. No process that it started is left."""
    process = subprocess.Popen(
        words, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    )
    try:
        code = process.wait(SECONDS)
    except subprocess.TimeoutExpired:
        return f"it took longer than {SECONDS} seconds"
    finally:
        with suppress(ProcessLookupError, PermissionError):  # macOS forbids to signal a group that has ended
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    return "" if code == 0 else f"it ended with exit code {code}"


def _undated(pdf: bytes) -> bytes:
    """Without the time of printing, the bytes of which become spaces, so that nothing moves."""
    return re.sub(rb"/(?:Creation|Mod)Date \(D:[^)]*\)", lambda found: b" " * len(found[0]), pdf)
