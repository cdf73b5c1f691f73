"""What is installed is whole: every data file is in the wheel, and the commands start."""

from __future__ import annotations

import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = ("indexer", "searchapp")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    copy = tmp_path_factory.mktemp("source")
    for name in PACKAGES:
        shutil.copytree(ROOT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", "concord.py"):
        shutil.copy(ROOT / name, copy / name)
    command = [
        sys.executable,
        "-m",
        "pip",
        "wheel",
        "--quiet",
        "--no-deps",
        "--no-build-isolation",
        "--wheel-dir",
        copy,
        copy,
    ]
    subprocess.run(command, check=True, capture_output=True)  # noqa: S603 (our own command)
    return next(copy.glob("*.whl"))


def test_every_file_of_the_packages_is_in_the_wheel(wheel: Path) -> None:
    inside = set(zipfile.ZipFile(wheel).namelist())
    expected = {
        path.relative_to(ROOT).as_posix()
        for name in PACKAGES
        for path in (ROOT / name).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert expected - inside == set()
    assert "concord.py" in inside
    assert not [name for name in inside if name.startswith(("tests", "bench", "seeds"))]


@pytest.mark.parametrize(("module", "usage"), [("indexer", "SOURCE..."), ("searchapp", "--port")])
def test_the_packages_run_as_modules(module: str, usage: str) -> None:
    done = subprocess.run([sys.executable, "-m", module, "--help"], capture_output=True, text=True, check=True)  # noqa: S603 (our own command)
    assert f"python -m {module}" in done.stdout
    assert usage in done.stdout
