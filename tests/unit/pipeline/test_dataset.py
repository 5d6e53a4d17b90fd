import csv
import io
from datetime import UTC, datetime
from pathlib import Path

import pytest

from pipeline import dataset
from pipeline.records import Counts, Post

POST = Post("1780533096229851360", datetime(2024, 4, 17, 15, 30, 45, tzinfo=UTC), Counts(3, 23, 1, None, 0, 724))


def test_a_row_holds_ids_times_and_counts_and_leaves_the_untold_empty() -> None:
    content = dataset.render("x", [("nasa", [POST])])
    assert content == (
        b"network,account,post_id,created_at,reposts,likes,replies,quotes,bookmarks,views\r\n"
        b"x,nasa,1780533096229851360,2024-04-17T15:30:45Z,3,23,1,,0,724\r\n"
    )


def test_the_accounts_order_does_not_change_the_bytes() -> None:
    one, other = ("nasa", [POST]), ("ESA", [POST])
    assert dataset.render("x", [one, other]) == dataset.render("x", [other, one])


@pytest.mark.parametrize("name", ["=1+1", "+1", "-1", "@sum", "\tx", "\rx"])
def test_no_cell_is_taken_for_a_formula(name: str) -> None:
    rows = list(csv.reader(io.StringIO(dataset.render("x", [(name, [POST])]).decode(), newline="")))
    assert rows[1][1] == f"'{name}"


def test_the_dictionary_explains_every_column() -> None:
    rows = list(csv.DictReader(io.StringIO(dataset.dictionary().decode(), newline="")))
    header = dataset.render("x", []).decode().strip().split(",")
    assert [row["column"] for row in rows] == header
    assert all(row["meaning"] for row in rows)


def test_a_path_is_readable_safe_and_one_for_each_set_of_accounts() -> None:
    path = dataset.path(["b", "A", "../c", "d"], 100)
    assert path.startswith("/-c-A-b-and-1-more-last-100-")
    assert path == dataset.path(["d", "../c", "A", "b"], 100)
    assert path != dataset.path(["b", "A", "../c", "e"], 100)


def test_an_equal_file_is_left_alone(tmp_path: Path) -> None:
    dataset.keep(tmp_path, "/a.csv", b"1")
    before = (tmp_path / "a.csv").stat().st_mtime_ns
    dataset.keep(tmp_path, "/a.csv", b"1")
    assert (tmp_path / "a.csv").stat().st_mtime_ns == before
    dataset.keep(tmp_path, "/a.csv", b"2")
    assert [each.name for each in tmp_path.iterdir()] == ["a.csv"]
    assert (tmp_path / "a.csv").read_bytes() == b"2"
