"""`python -m tests.toy_network.run MODULE ...`: run a module of Tallybird, with Toy and Slow in the registry."""

import runpy
import sys

from pipeline.sources.registry import NETWORKS
from tests.slow_network.facts import SLOW
from tests.toy_network.facts import TOY

if __name__ == "__main__":
    NETWORKS[TOY.key] = TOY
    NETWORKS[SLOW.key] = SLOW
    del sys.argv[0]
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
