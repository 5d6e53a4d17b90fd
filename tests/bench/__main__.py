"""`make bench`: figures as JSON, one object a line, with those of peers from the same run; ONLY=chart for one bench."""

import json
from argparse import ArgumentParser

from tests.bench import answers, chart, growth, handlers, networks, planning, purchases, rest, scale, servers, tick

BENCHES = {
    "tick": tick,
    "chart": chart,
    "answers": answers,
    "handlers": handlers,
    "growth": growth,
    "planning": planning,
    "purchases": purchases,
    "servers": servers,
    "networks": networks,
    "rest": rest,
    "scale": scale,
}


def main(names: list[str]) -> None:
    for name in names or BENCHES:
        for result in BENCHES[name].run():
            peers = result["peers"]
            result["ratio"] = {peer: round(result["ours"] / value, 4) for peer, value in peers.items()}
            print(json.dumps(result), flush=True)


if __name__ == "__main__":
    parser = ArgumentParser(prog="python -m tests.bench")
    parser.add_argument("only", nargs="*", choices=[*BENCHES, []], metavar="BENCH", help=" or ".join(BENCHES))
    main(parser.parse_args().only)
