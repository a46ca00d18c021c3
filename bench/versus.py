"""Compares the processor time of a request in two checkouts of the program, on PostgreSQL.

`python -m bench.versus /path/to/other/checkout` gives each a database of its own, filled by its own
`flask db upgrade` and `flask demo`, lets both place, claim, read and list in turn, and prints the
lowest round of each and how this checkout stands to the other. Nothing of the other is imported here.
"""

import argparse
import tempfile
from contextlib import ExitStack
from pathlib import Path

from bench import environment
from bench.cycles import ACTIONS, MOST_CLAIMS, WARM, Crew, Side, fill, play, prepare, ratio, running
from bench.cycles import settings as settings_of
from config import ROOT


def main() -> None:
    """As the text above says."""
    parser = argparse.ArgumentParser(prog="bench.versus", description=__doc__)
    parser.add_argument("other", type=Path, help="the folder of the other checkout")
    parser.add_argument("--rounds", type=int, default=12)
    parser.add_argument("--each", type=int, default=30, help="requests of each action a round")
    given = parser.parse_args()
    if (given.rounds + WARM) * given.each > MOST_CLAIMS:
        parser.error(f"rounds and {WARM} to warm up, by requests, must be {MOST_CLAIMS} at most")
    with ExitStack() as stack:
        this = _started(stack, "this", ROOT)
        other = _started(stack, "other", given.other.resolve())
        play([this, other], given.rounds, given.each)
        _print(this[0], other[0], given.rounds, given.each)


def _started(stack: ExitStack, name: str, checkout: Path) -> tuple[Side, Crew]:
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="sandan-bench-")))
    url = stack.enter_context(environment.new_database_of(environment.POSTGRESQL, folder))
    told = settings_of(url, folder)
    fill(checkout, told)
    side = stack.enter_context(running(name, checkout, told))
    return side, prepare(side)


def _print(this: Side, other: Side, rounds: int, each: int) -> None:
    print(f"processor time of a request in ms, lowest of {rounds} rounds of {each} in turns:")
    print("| action | this | other | this by other | median of the rounds' ratios |")
    print("| --- | --- | --- | --- | --- |")
    for action in ACTIONS:
        lowest, middle = ratio(this, other, action)
        mine, theirs = this.lowest(action), other.lowest(action)
        print(f"| {action} | {mine:.2f} | {theirs:.2f} | **{lowest:.3f}** | {middle:.3f} |")


if __name__ == "__main__":
    main()
