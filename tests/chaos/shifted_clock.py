"""A time of day of its own for some processes."""

import shutil
import struct
import subprocess
import sys
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest


@dataclass
class Clock:
    """Shifts the time of day that Tallybird's processes read. Their monotonic clocks stay as they are."""

    folder: Path
    ahead: timedelta = timedelta(0)

    def __post_init__(self) -> None:
        compiler = shutil.which("cc")
        if sys.platform != "linux" or compiler is None:
            pytest.skip("a clock that jumps needs Linux and a C compiler (apt-get install gcc libc6-dev)")
        source = Path(__file__).parent / "clock.c"
        subprocess.run([compiler, "-shared", "-fPIC", "-o", self.folder / "clock.so", source], check=True)
        self.jump(timedelta(0))

    @property
    def environment(self) -> dict[str, str]:
        return {"LD_PRELOAD": str(self.folder / "clock.so"), "CLOCK_AHEAD": str(self.folder / "ahead")}

    def jump(self, by: timedelta) -> None:
        self.ahead += by
        with (self.folder / "ahead").open("wb") as file:
            file.write(struct.pack("q", round(self.ahead.total_seconds())))
