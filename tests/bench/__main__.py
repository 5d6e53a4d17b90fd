"""`make bench`: figures as JSON, one object a line, each beside its peers from the same run."""

import json

from tests.bench import tick


def main() -> None:
    for bench in (tick,):
        for result in bench.run():
            peers = result["peers"]
            result["ratio"] = {name: round(result["ours"] / value, 4) for name, value in peers.items()}
            print(json.dumps(result), flush=True)


if __name__ == "__main__":
    main()
