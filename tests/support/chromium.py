"""Looks at a page in a real Chromium without a screen, which is installed where it is missing; nothing but this machine
can be reached.
"""

import json
import os
import queue
import signal
import subprocess
import tempfile
import threading
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import debian

FRAME = """\
<!doctype html><html><body><iframe id="frame" style="border:0;width:{width}px;height:3000px"></iframe><script>
const frame = document.getElementById("frame");
frame.onload = async () => {{
  const view = frame.contentWindow, page = frame.contentDocument, pictures = [...page.images];
  await Promise.all(pictures.map(picture => picture.decode().catch(() => null)));
  const style = element => view.getComputedStyle(element);
  const bright = colour => {{
    const shares = colour.match(/[0-9.]+/g).slice(0, 3).map(part => part / 255);
    const parts = shares.map(part => part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4);
    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2];
  }};
  const paper = style(page.body).backgroundColor;
  const spoken = [...page.querySelectorAll("h1,h2,h3,p,li,th,td,a,strong,code,figcaption")];
  const words = spoken.filter(one => one.textContent.trim() && one.offsetParent);
  const contrasts = words.filter(element => !element.closest(".card")).map(element => {{
    const pair = [bright(style(element).color), bright(paper)].sort((a, b) => b - a);
    return (pair[0] + 0.05) / (pair[1] + 0.05);
  }});
  const measured = {{
    scroll_width: page.documentElement.scrollWidth,
    pictures: pictures.length,
    broken: pictures.filter(picture => !picture.complete || picture.naturalWidth === 0).length,
    smallest_type: Math.min(...words.map(element => parseFloat(style(element).fontSize))),
    paper: paper,
    card: style(page.querySelector(".card")).backgroundColor,
    contrast: Math.min(...contrasts),
  }};
  fetch("/measured", {{method: "POST", body: JSON.stringify(measured)}});
}};
frame.src = "{page}";
</script></body></html>
"""


@dataclass(frozen=True)
class Look:
    """What was seen of a page."""

    measured: dict
    console: list
    """Lines that the page or the browser wrote to the console."""
    requests: list
    """Paths that were asked of the server, the frame around the page left out."""


def look(folder, page, *, width, dark=False):
    """Open a page of a folder in a frame so many CSS pixels wide and measure it there. Needs root and Debian the first
    time.
    """
    frame = FRAME.format(width=width, page=page).encode()
    asked, measured = [], queue.Queue()

    class Handler(SimpleHTTPRequestHandler):
        def do_GET(self):
            if self.path == "/frame":
                self.answer(frame)
            elif self.path != "/favicon.ico":  # of the frame
                asked.append(self.path)
                super().do_GET()

        def do_POST(self):
            measured.put(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.answer(b"")

        def answer(self, content):
            self.send_response(200)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_):
            return None

    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=folder))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        with _running(
            f"http://127.0.0.1:{server.server_port}/frame",
            *(["--blink-settings=preferredColorScheme=0"] if dark else []),
        ) as said:
            found = measured.get(timeout=240)
            console = [line for line in said.read_text(errors="replace").splitlines() if "CONSOLE" in line]
        return Look(found, console, asked)
    finally:
        server.shutdown()
        server.server_close()


@contextmanager
def _running(address, *options):
    """Chromium with a page open and a profile of its own, until the block has ended; gives the file of what it says."""
    debian.install({"chromium": "chromium"})
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        said = Path(profile) / "said"
        command = [
            debian.program("chromium"),
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            "--no-first-run",
            "--disable-background-networking",
        ]
        command += [
            f"--user-data-dir={profile}/user",
            "--enable-logging=stderr",
            "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
            *options,
            address,
        ]
        with said.open("wb") as output:
            process = subprocess.Popen(command, stdout=output, stderr=output, start_new_session=True)
        try:
            yield said
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
