"""Measures the time and the memory that the import of another city's requests takes.

`python -m bench.importing [requests.csv]` imports all rows (Los Angeles 311, by the shipped mapping)
into an empty SQLite and an empty PostgreSQL database. Each import is the real command in a process of
its own, and it is run a second time. It prints the seconds, the rows a second and the largest memory of
the process.
"""

import re
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from tests.intake.installed import REQUESTS, Installed, installed
from tests.serving import ROOT


@dataclass(frozen=True, slots=True)
class Run:
    """One run of the command: its output, seconds, seconds of processor time, largest memory in MB."""

    said: str
    seconds: float
    processor: float
    megabytes: float

    @property
    def rows(self) -> int:
        """The number of rows that the command says it has read."""
        found = re.search(r"读了(\d+)行", self.said)
        return int(found[1]) if found else 0


def run(place: Installed, file: Path) -> Run:
    """Runs the command and watches it to its end; raises RuntimeError if it fails."""
    said = place.folder / "said"
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    started, peak = time.perf_counter(), 0
    with said.open("wb") as output:
        command = place.importing(file, "la311")
        process = subprocess.Popen(
            command, cwd=ROOT, env=place.environ, stdout=output, stderr=output
        )
        while process.poll() is None:
            peak = max(peak, _peak(process.pid))
            time.sleep(0.02)
    seconds = time.perf_counter() - started
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    text = said.read_text(encoding="utf-8")
    if process.returncode:
        raise RuntimeError(text[-2000:])
    processor = used.ru_utime + used.ru_stime - before.ru_utime - before.ru_stime
    return Run(text, seconds, processor, peak / 1024)


def _peak(pid: int) -> int:
    """The largest memory of a process so far in kB; 0 if the process has ended.

    Other than in `getrusage`, the memory of the parent process does not count.
    """
    try:
        status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    except OSError:
        return 0
    found = re.search(r"VmHWM:\s+(\d+) kB", status)
    return int(found[1]) if found else 0


def main(file: Path) -> None:
    """Imports the file into both databases, twice each, and prints the figures."""
    for kind in ("sqlite", "postgresql"):
        with (
            tempfile.TemporaryDirectory(prefix="sandan-bench-") as folder,
            installed(kind, Path(folder)) as place,
        ):
            for again in ("first", "again"):
                done = run(place, file)
                print(
                    f"{kind} {again}: {done.rows} rows in {done.seconds:.1f} s"
                    f" ({done.processor:.1f} s of the processor),"
                    f" {done.rows / done.seconds:.0f} a second, {done.megabytes:.0f} MB;"
                    f" {done.said.strip().splitlines()[-1]}"
                )


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else REQUESTS)
