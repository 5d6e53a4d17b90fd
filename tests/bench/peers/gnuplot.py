"""gnuplot with its pngcairo terminal and its jitter for the dots, in one process for all pictures."""

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
        _send(gnuplot, f'set print "-"\nset terminal pngcairo size {size.width},{size.height} background "{PAPER}"\n')

        def draw(data: ChartData) -> bytes:
            _send(gnuplot, _script(subject(data)))
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


def _send(gnuplot: "subprocess.Popen[str]", commands: str) -> None:
    if gnuplot.stdin:
        gnuplot.stdin.write(commands)
        gnuplot.stdin.flush()


def _script(content: Subject) -> str:
    return SCRIPT.format(
        title=content.title,
        first=content.subtitle[0],
        second=content.subtitle[1],
        grid=GRID,
        ink=INK,
        muted=MUTED,
        end=content.end,
        rows=len(content.rows),
        labels="\n".join(label for index, row in enumerate(content.rows) for label in _labels(index, row)),
        ticks=", ".join(f'"{label}" log10(1+{value})' for value, label in content.ticks().items()),
        blocks="\n".join(_blocks(content.rows)),
        plots=", ".join(_plots(content.rows)),
        done=DONE,
    )


def _labels(index: int, row: Row) -> Iterator[str]:
    style = f'textcolor rgb "{row.colour}" noenhanced'
    yield f'set label "{row.name}" at screen 0.0375, first {index - 0.45} font "DejaVu Sans Bold,27" {style}'
    style = f'textcolor rgb "{INK}" noenhanced'
    yield f'set label "{row.figures}" at screen 0.9625, first {index - 0.45} right font "DejaVu Sans,25.5" {style}'


def _blocks(rows: Iterable[Row]) -> Iterator[str]:
    for index, row in enumerate(rows):
        dots = "\n".join(f"{value} {index}" for value in row.values)
        yield f"$dots{index} << END\n{dots}\nEND"
        yield f"$middle{index} << END\n{row.low} {row.median} {row.high} {index}\nEND"


def _plots(rows: Iterable[Row]) -> Iterator[str]:
    """Dots below bars below rings."""
    for index, row in enumerate(rows):
        colour = blend(ACCOUNTS[row.index], PAPER, 0.8)
        yield f'$dots{index} using (log10(1+$1)):2 with points pointtype 7 pointsize 1.5 linecolor rgb "{colour}"'
    for index, _ in enumerate(rows):
        bar = f"$middle{index} using (log10(1+$1)):4:(log10(1+$3)-log10(1+$1)):(0)"
        yield f'{bar} with vectors nohead linewidth 9 linecolor rgb "{INK}"'
        ring = f"$middle{index} using (log10(1+$2)):4 with points pointtype 7"
        yield f'{ring} pointsize 3.2 linecolor rgb "{INK}"'
        yield f'{ring} pointsize 1.7 linecolor rgb "{PAPER}"'
