"""Coverage of all environments of tox together, branches included: a line per package, and the lines that no test
reaches.

`python .ci/coverage.py build/coverage`: that folder has the data files.
"""

import json
import subprocess
import sys
from collections import Counter, defaultdict
from pathlib import Path

COUNTS = ("num_statements", "covered_lines", "num_branches", "covered_branches")


def main(folder: Path) -> None:
    """Combine, count by package, print."""
    coverage = [sys.executable, "-m", "coverage"]
    files = [str(path) for path in sorted(folder.iterdir()) if path.is_file() and path.suffix != ".json"]
    subprocess.run([*coverage, "combine", "--keep", "--quiet", f"--data-file={folder / 'all'}", *files], check=True)
    report = folder / "coverage.json"
    subprocess.run([*coverage, "json", "--quiet", f"--data-file={folder / 'all'}", "-o", str(report)], check=True)
    found = json.loads(report.read_text())["files"]
    packages: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for name, file in found.items():
        parts = Path(name).parts
        package = parts[1] if parts[0] == "plugins" else ".".join(parts[:2]).removesuffix(".py")
        packages[package].update({count: file["summary"][count] for count in COUNTS})
    packages["all"] = sum(packages.values(), Counter())
    print(f"{'package':<24} {'statements':>10} {'reached':>8} {'branches':>9} {'reached':>8}")
    for package, counts in packages.items():
        statements, lines, branches, ways = (counts[name] for name in COUNTS)
        print(f"{package:<24} {statements:>10,} {share(lines, statements)} {branches:>9,} {share(ways, branches)}")
    print("\nlines that no test reaches:")
    for name, file in sorted(found.items()):
        if file["missing_lines"]:
            print(f"{name}: {', '.join(map(str, file['missing_lines']))}")


def share(reached: int, of: int) -> str:
    """A share in percent; all of nothing is everything."""
    return f"{100 * reached / of if of else 100:>6.1f} %"


if __name__ == "__main__":
    main(Path(sys.argv[1]))
