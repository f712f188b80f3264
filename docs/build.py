"""What mkdocs calls while it builds the pages: generated parts go in, figures come along, and nothing is loaded from
elsewhere.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import reference
from mkdocs.exceptions import PluginError
from mkdocs.structure.files import File, Files

ROOT = Path(__file__).parents[1]
PICTURES = {
    "figures/ring.png": "results/figure2/samples.png",
    "figures/photographs.png": "results/cifar10-jpeg/samples.png",
}
"""Pictures of the results that the pages show, by the place that they have among the pages."""
GUIDE = "how-to/add-a-method.md"
"""The page that is plugins/README.md itself; among the sources stands a line that says so."""
LOADS = re.compile(
    r"<(?:script|img|iframe|source)[^>]+\bsrc=[\"']?(?:https?:)?//|<link(?![^>]+rel=[\"']?canonical)[^>]+\bhref=[\"']?(?:https?:)?//"
)


def on_files(files: Files, config: Any, **_: Any) -> Files:
    """Add the pictures of the results and the guide for authors of plugins."""
    for place, path in PICTURES.items():
        files.append(File.generated(config, place, abs_src_path=str(ROOT / path)))
    if standing := files.get_file_from_path(GUIDE):
        files.remove(standing)
    files.append(File.generated(config, GUIDE, abs_src_path=str(ROOT / "plugins" / "README.md")))
    return files


def on_page_markdown(markdown: str, **_: Any) -> str:
    """Put what is generated from the code into a page."""
    return reference.expanded(markdown)


def on_post_page(output: str, page: Any, **_: Any) -> str:
    """Refuse a page that loads anything from another address: the pages are read offline too."""
    if found := LOADS.search(output):
        raise PluginError(
            f"{page.file.src_uri} loads something from elsewhere: {output[found.start() : found.end() + 60]}"
        )
    return output
