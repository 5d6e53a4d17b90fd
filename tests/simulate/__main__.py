"""`make simulate`: what the planner of X's bill shows for the money, beside other ways to spend it.

SEED=1 GROWTH=slow MINUTES=30 JSON=1 PLOT=docs/simulation.png.
"""

import json
import os
from argparse import ArgumentParser, Namespace
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from tests.simulate import report, runs
from tests.simulate.accounts import MIXES, TIMELINES
from tests.simulate.growth import GROWTHS

SEEDS = (1, 2, 3)


def main(args: Namespace) -> None:
    mixes = [mix for mix in MIXES if mix != "real" or TIMELINES.is_file()]
    jobs = [job for seed in args.seed for mix in mixes for job in runs.jobs(mix, args.growth, seed, args.minutes)]
    results: list[runs.Result] = []
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        for found in pool.map(runs.run, jobs):
            results += found
            if args.json:
                print(*(json.dumps(result.as_json()) for result in found), sep="\n", flush=True)
    if not args.json:
        print(*report.tables(results), sep="\n")
    if args.plot:
        report.plot(results, args.plot)


if __name__ == "__main__":
    parser = ArgumentParser(prog="python -m tests.simulate")
    parser.add_argument("--seed", type=int, nargs="+", default=SEEDS)
    parser.add_argument("--growth", choices=GROWTHS, default="base")
    parser.add_argument("--minutes", type=int, default=30, help="between two ticks of the planner")
    parser.add_argument("--json", action="store_true", help="one object a line")
    parser.add_argument("--plot", type=Path, help="where the plot goes")
    main(parser.parse_args())
