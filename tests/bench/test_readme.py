from __future__ import annotations

from pathlib import Path

import pytest

from bench.readme import write_block
from indexer.shared.errors import InputError


def test_only_what_stands_between_the_marks_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "README.md"
    path.write_text("# é\n\n<!-- quality -->\nold\n<!-- /quality -->\n\nrest\n", encoding="utf-8")
    write_block(path, "quality", ["| a |", "|---|"])
    written = "# é\n\n<!-- quality -->\n\n| a |\n|---|\n\n<!-- /quality -->\n\nrest\n"
    assert path.read_text(encoding="utf-8") == written
    write_block(path, "quality", ["| a |", "|---|"])
    assert path.read_text(encoding="utf-8") == written
    assert [file.name for file in tmp_path.iterdir()] == ["README.md"]


@pytest.mark.parametrize("text", ["", "<!-- quality -->\n", "<!-- /quality -->\n<!-- quality -->\n"])
def test_a_file_without_the_marks_is_left_alone(tmp_path: Path, text: str) -> None:
    path = tmp_path / "README.md"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=r"README\.md: no lines <!-- quality --> and <!-- /quality -->"):
        write_block(path, "quality", ["new"])
    assert path.read_text(encoding="utf-8") == text


def test_a_file_that_is_not_there_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="can't be read"):
        write_block(tmp_path / "none.md", "quality", [])
