from pathlib import Path

import polars as pl
import pytest

from core.errors import InvalidInput
from orders.importing import source as module
from orders.importing.layouts import Layout
from orders.importing.source import open_source

LAYOUT = Layout(required=["number", "sku"], optional=["title"], group="number", parquet=True)


def read(path: Path, content: bytes, layout: Layout = LAYOUT) -> pl.DataFrame:
    path.write_bytes(content)
    source = open_source(path, layout)
    frame = pl.concat(source.chunks())
    assert frame.height == source.rows
    return frame


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "orders.csv"


@pytest.mark.parametrize(
    "content",
    [
        "number,sku,title\n1,a,Zürich €\n".encode(),
        "\ufeffnumber,sku,title\r\n1,a,Zürich €\r\n".encode(),
        "number;sku;title\n1;a;Zürich €\n".encode(),
        "number\tsku\ttitle\n1\ta\tZürich €".encode(),
        "number,sku,title\n1,a,Zürich €\n".encode("cp1252"),
        "number,sku,title\n1,a,Zürich €\n".encode("utf-16"),
        'Number, SKU ,TITLE\n" 1 ","a","Zürich €"\n\n'.encode(),
        "extra,title,sku,number\n?,Zürich €,a,1\n".encode(),
    ],
    ids=["utf-8", "mark and CRLF", "semicolons", "tabs", "windows-1252", "utf-16", "quoted", "other order"],
)
def test_dialects_are_read_alike(file: Path, content: bytes):
    frame = read(file, content)
    assert frame.select("line", "code", "number", "sku", "title").rows() == [(2, None, "1", "a", "Zürich €")]


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "file_empty"),
        (b"number,sku\n", "file_without_rows"),
        (b"number,sku\n\n\n", "file_without_rows"),
        (b"number,titel\n1,x\n", "columns_missing"),
        (b"number,sku,sku\n1,a,b\n", "columns_repeated"),
        (b'number,sku\n1,a\n2,"b\n3,c\n', "broken_quotes"),
        (b'number,sku\n1,"a"b\n', "broken_quotes"),
        (b"PK\x03\x04 a spreadsheet", "file_not_text"),
        (b"%PDF-1.7 number,sku", "file_not_text"),
        (bytes(range(32)) * 100, "file_not_text"),
        (b"number,sku\n1,\x81\x8d\xff\n", "file_encoding"),
        (b"PAR1 but no more", "file_unreadable"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_as_a_whole(file: Path, content: bytes, code: str):
    with pytest.raises(InvalidInput) as caught:
        read(file, content)
    assert caught.value.code == code


def test_a_missing_file_is_named(tmp_path: Path):
    with pytest.raises(InvalidInput, match=r"nowhere\.csv"):
        open_source(tmp_path / "nowhere.csv", LAYOUT)


def test_missing_columns_are_named_with_what_was_found(file: Path):
    with pytest.raises(InvalidInput, match=r"lacks these columns: sku\. It has: number, titel"):
        read(file, b"number,titel\n1,x\n")


def test_a_broken_quotation_is_named_by_its_line(file: Path):
    with pytest.raises(InvalidInput, match="line 3"):
        read(file, b'number,sku\n1,a\n2,"b\n')


def test_lines_are_counted_as_an_editor_counts_them(file: Path):
    frame = read(file, b'number,sku\n1,"a\nb"\n\n2,c\n')
    assert frame["line"].to_list() == [2, 5]


def test_a_row_with_too_few_or_too_many_values_is_marked(file: Path):
    frame = read(file, b"number,sku,title\n1,a\n2,b,c\n3,d,e,f\n")
    assert frame["code"].to_list() == ["column_count", None, "column_count"]
    assert frame["value"].to_list() == ["2 / 3", None, "4 / 3"]


def test_rows_of_a_group_stay_in_one_chunk(file: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(module, "CHUNK", 2)
    monkeypatch.setattr(module, "LONGEST_GROUP", 5)
    numbers = "1122233" + "4" * 9
    file.write_text("number,sku\n" + "".join(f"{number},a\n" for number in numbers))
    chunks = ["".join(frame["number"]) for frame in open_source(file, LAYOUT).chunks()]
    assert chunks == ["11", "222", "33", "44444", "4444"]


def test_parquet_is_read_by_row_numbers(tmp_path: Path):
    path = tmp_path / "orders.parquet"
    pl.DataFrame({"number": [1, 2], "sku": ["a", " "], "other": [1, 2]}).write_parquet(path)
    frame = pl.concat(open_source(path, LAYOUT).chunks())
    assert frame.select("line", "number", "sku", "title").rows() == [(1, "1", "a", None), (2, "2", None, None)]


def test_parquet_is_refused_where_a_format_is_csv(tmp_path: Path):
    path = tmp_path / "orders.parquet"
    pl.DataFrame({"number": [1], "sku": ["a"]}).write_parquet(path)
    with pytest.raises(InvalidInput) as caught:
        open_source(path, Layout(required=["number", "sku"]))
    assert caught.value.code == "file_not_text"
