import csv
import io
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from pipeline.records import Counts, Metric, Post
from pipeline.sources.registry import NETWORKS
from pipeline.steps import dataset_file
from pipeline.steps.dataset_file import Author

POST = Post("1780533096229851360", datetime(2024, 4, 17, 15, 30, 45, tzinfo=UTC), Counts(3, 23, 1, None, 0, 724))


NASA, ESA = Author("x", "nasa", "11348282"), Author("x", "ESA", "7")


def test_a_row_holds_ids_times_and_counts_and_leaves_the_untold_empty() -> None:
    content = dataset_file.render([(NASA, [POST])])
    assert content == (
        b"network,account,account_id,post_id,created_at,read_at,reposts,likes,replies,quotes,bookmarks,views,"
        b"address,followers,followers_at,is_reply\r\n"
        b"x,nasa,11348282,1780533096229851360,2024-04-17T15:30:45Z,,3,23,1,,0,724,"
        b"https://x.com/i/status/1780533096229851360,,,\r\n"
    )


def test_a_row_says_whether_the_post_is_a_reply() -> None:
    posts = [POST._replace(is_reply=True), POST._replace(is_reply=False), POST]
    rows = list(csv.DictReader(io.StringIO(dataset_file.render([(NASA, posts)]).decode(), newline="")))
    assert [row["is_reply"] for row in rows] == ["true", "false", ""]


def test_a_post_was_read_with_its_account_unless_it_was_read_apart() -> None:
    author = NASA._replace(fetched_at=datetime(2024, 4, 20, 8, 0, 59, 999, tzinfo=UTC))
    apart = POST._replace(id="1", read_at=datetime(2024, 4, 19, 7, tzinfo=UTC))
    rows = list(csv.DictReader(io.StringIO(dataset_file.render([(author, [POST, apart])]).decode(), newline="")))
    assert [row["read_at"] for row in rows] == ["2024-04-20T08:00:59Z", "2024-04-19T07:00:00Z"]


def test_a_row_holds_the_accounts_followers_and_when_they_were_told() -> None:
    author = NASA._replace(followers=96_800_000, followers_at=datetime(2024, 4, 20, 8, 0, 59, 999, tzinfo=UTC))
    [row] = csv.DictReader(io.StringIO(dataset_file.render([(author, [POST])]).decode(), newline=""))
    assert (row["followers"], row["followers_at"]) == ("96800000", "2024-04-20T08:00:59Z")


def test_the_same_followers_told_again_are_no_new_version() -> None:
    noon = datetime(2024, 4, 20, 12, tzinfo=UTC)
    told = NASA._replace(fetched_at=noon, followers=5, followers_at=noon)
    again, more = told._replace(followers_at=noon + timedelta(hours=2)), told._replace(followers=6)
    versions = [dataset_file.version(dataset_file.render([(author, [POST])])) for author in (told, again, more)]
    assert versions[0] == versions[1] != versions[2]


def test_the_same_counts_read_again_are_no_new_version() -> None:
    noon = datetime(2024, 4, 20, 12, tzinfo=UTC)
    again, more = POST._replace(read_at=noon), POST._replace(counts=POST.counts._replace(likes=24), read_at=noon)
    moved = POST._replace(created_at=noon)
    versions = [dataset_file.version(dataset_file.render([(NASA, [each])])) for each in (POST, again, more, moved)]
    assert versions[0] == versions[1]
    assert len({*versions}) == 3


def test_the_accounts_order_does_not_change_the_bytes() -> None:
    one, other = (NASA, [POST]), (ESA, [POST])
    assert dataset_file.render([one, other]) == dataset_file.render([other, one])


def test_two_accounts_of_one_handle_are_told_apart_by_their_ids() -> None:
    one, other = Author("x", "nasa", "1"), Author("x", "NASA", "2")
    assert len({dataset_file.path(authors, 100) for authors in ([one], [other], [one, other])}) == 3
    rows = list(csv.DictReader(io.StringIO(dataset_file.render([(other, [POST]), (one, [POST])]).decode(), newline="")))
    assert [(row["account"], row["account_id"]) for row in rows] == [("nasa", "1"), ("NASA", "2")]


@pytest.mark.parametrize("name", ["=1+1", "+1", "-1", "@sum", "\tx", "\rx"])
def test_no_cell_is_taken_for_a_formula(name: str) -> None:
    content = dataset_file.render([(Author("x", name, name), [POST])]).decode()
    rows = list(csv.reader(io.StringIO(content, newline="")))
    assert rows[1][1:3] == [f"'{name}", f"'{name}"]


def test_the_dictionary_explains_every_column() -> None:
    rows = list(csv.DictReader(io.StringIO(dataset_file.dictionary().decode(), newline="")))
    header = dataset_file.render([]).decode().strip().split(",")
    assert [row["column"] for row in rows] == header
    assert all(row["meaning"] for row in rows)


def test_the_dictionary_says_what_each_network_leaves_out() -> None:
    rows = csv.DictReader(io.StringIO(dataset_file.dictionary().decode(), newline=""))
    meanings = {row["column"]: row["meaning"] for row in rows}
    for network in NETWORKS.values():
        assert f"{network.key} ({network.posts})" in meanings["network"]
        for metric in network.lacks:
            assert f"by {network.name} of all posts" in meanings[metric]
        for metric, posts in network.unknown_notes.items():
            assert f"by {network.name} {posts}" in meanings[metric]
        for metric in (network.lacks | network.varies) & {*Metric.ENGAGEMENT.parts}:
            assert str(network.name) in meanings[metric].split("not in the engagement of charts with accounts of ")[1]


def test_a_path_is_readable_safe_and_one_for_each_set_of_accounts() -> None:
    authors = [
        Author("x", handle, remote_id) for handle, remote_id in (("b", "1"), ("A", "2"), ("../c", "3"), ("d", "4"))
    ]
    path = dataset_file.path(authors, 100)
    assert path.startswith("/-c-A-b-and-1-more-last-100-")
    assert path == dataset_file.path(authors[::-1], 100)
    other = [*authors[:3], Author("x", "d", "5")]
    assert (
        len(
            {
                path,
                dataset_file.path(other, 100),
                dataset_file.path(authors, 50),
                dataset_file.path([each._replace(network="y") for each in authors], 100),
            }
        )
        == 4
    )


def test_a_rename_changes_nothing_of_a_path_but_the_name() -> None:
    before, after = (dataset_file.path([Author("x", handle, "7"), NASA], 100) for handle in ("esa", "space"))
    assert before.replace("esa-nasa", "nasa-space") == after


def test_an_equal_file_is_left_alone(tmp_path: Path) -> None:
    dataset_file.keep(tmp_path, "/a.csv", b"1")
    before = (tmp_path / "a.csv").stat().st_mtime_ns
    dataset_file.keep(tmp_path, "/a.csv", b"1")
    assert (tmp_path / "a.csv").stat().st_mtime_ns == before
    dataset_file.keep(tmp_path, "/a.csv", b"2")
    assert [each.name for each in tmp_path.iterdir()] == ["a.csv"]
    assert (tmp_path / "a.csv").read_bytes() == b"2"
