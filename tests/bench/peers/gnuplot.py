"""gnuplot's cairo PNG, its own jitter for the dots, one process kept open for all pictures."""

import shutil
import subprocess
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from pipeline.records import ChartData
from tests.bench.peers import Draw, Missing, Size
from tests.bench.peers.subject import ACCOUNTS, GRID, INK, MUTED, PAPER, Row, Subject, blend, subject

NAME = "gnuplot"
DONE = "drawn"
SCRIPT = """
set output "chart.png"
set lmargin at screen 0.077; set rmargin at screen 0.923; set tmargin at screen 0.75; set bmargin at screen 0.085
set border 0
set tics scale 0
set jitter overlap 0.6 spread 0.8 vertical
set grid xtics front linetype 1 linecolor rgb "{grid}" linewidth 2
set grid layerdefault
set xrange [0:log10(1+{end})]
set yrange [{rows} - 0.45:-0.55]
unset ytics
unset key
unset label
set label "{title}" at screen 0.0375,0.915 font "DejaVu Sans Bold,45" textcolor rgb "{ink}" noenhanced
set label "{first}" at screen 0.0375,0.865 font "DejaVu Sans,25.5" textcolor rgb "{muted}" noenhanced
set label "{second}" at screen 0.0375,0.822 font "DejaVu Sans,25.5" textcolor rgb "{muted}" noenhanced
{labels}
set xtics ({ticks}) font "DejaVu Sans,25.5" textcolor rgb "{muted}"
{blocks}
plot {plots}
unset output
print "{done}"
"""


@contextmanager
def opened(size: Size) -> Iterator[Draw]:
    if not shutil.which("gnuplot"):
        raise Missing("apt-get install gnuplot-nox")
    with TemporaryDirectory(prefix="tallybird-gnuplot-") as name, _started(Path(name)) as gnuplot:
        _tell(gnuplot, f'set print "-"\nset terminal pngcairo size {size.width},{size.height} background "{PAPER}"\n')

        def draw(data: ChartData) -> bytes:
            _tell(gnuplot, _script(subject(data)))
            if not gnuplot.stdout or gnuplot.stdout.readline().strip() != DONE:
                raise RuntimeError("gnuplot has ended")
            return (Path(name) / "chart.png").read_bytes()

        yield draw


@contextmanager
def _started(folder: Path) -> "Iterator[subprocess.Popen[str]]":
    pipe = subprocess.PIPE
    with subprocess.Popen(["gnuplot"], stdin=pipe, stdout=pipe, cwd=folder, text=True) as gnuplot:
        yield gnuplot
        if gnuplot.stdin:
            gnuplot.stdin.close()


def _tell(gnuplot: "subprocess.Popen[str]", commands: str) -> None:
    if gnuplot.stdin:
        gnuplot.stdin.write(commands)
        gnuplot.stdin.flush()


def _script(told: Subject) -> str:
    return SCRIPT.format(
        title=told.title,
        first=told.subtitle[0],
        second=told.subtitle[1],
        grid=GRID,
        ink=INK,
        muted=MUTED,
        end=told.end,
        rows=len(told.rows),
        labels="\n".join(label for place, row in enumerate(told.rows) for label in _labels(place, row)),
        ticks=", ".join(f'"{label}" log10(1+{value})' for value, label in told.ticks().items()),
        blocks="\n".join(_blocks(told.rows)),
        plots=", ".join(_plots(told.rows)),
        done=DONE,
    )


def _labels(place: int, row: Row) -> Iterator[str]:
    look = f'textcolor rgb "{row.colour}" noenhanced'
    yield f'set label "{row.name}" at screen 0.0375, first {place - 0.45} font "DejaVu Sans Bold,27" {look}'
    look = f'textcolor rgb "{INK}" noenhanced'
    yield f'set label "{row.figures}" at screen 0.9625, first {place - 0.45} right font "DejaVu Sans,25.5" {look}'


def _blocks(rows: Iterable[Row]) -> Iterator[str]:
    for place, row in enumerate(rows):
        dots = "\n".join(f"{value} {place}" for value in row.values)
        yield f"$dots{place} << END\n{dots}\nEND"
        yield f"$middle{place} << END\n{row.low} {row.median} {row.high} {place}\nEND"


def _plots(rows: Iterable[Row]) -> Iterator[str]:
    """Dots, bars, and rings, over each other in that order."""
    for place, row in enumerate(rows):
        colour = blend(ACCOUNTS[row.index], PAPER, 0.8)
        yield f'$dots{place} using (log10(1+$1)):2 with points pointtype 7 pointsize 1.5 linecolor rgb "{colour}"'
    for place, _ in enumerate(rows):
        bar = f"$middle{place} using (log10(1+$1)):4:(log10(1+$3)-log10(1+$1)):(0)"
        yield f'{bar} with vectors nohead linewidth 9 linecolor rgb "{INK}"'
        ring = f"$middle{place} using (log10(1+$2)):4 with points pointtype 7"
        yield f'{ring} pointsize 3.2 linecolor rgb "{INK}"'
        yield f'{ring} pointsize 1.7 linecolor rgb "{PAPER}"'
