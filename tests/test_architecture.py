"""The import direction of the packages, checked from the source code itself."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = ("evaluation", "indexer", "searchapp")


def modules_under(*names: str) -> Iterator[Path]:
    for name in names:
        path = ROOT / name
        yield from sorted(path.rglob("*.py")) if path.is_dir() else [path]


def imports_of(source: str) -> set[str]:
    """Every module that a source imports, wherever in it, with `from a import b` as both `a` and `a.b`."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "relative imports are not used here"
            assert node.module is not None
            found |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def is_under(module: str, package: str) -> bool:
    return module == package or module.startswith(package + ".")


def violations(path: Path, source: str) -> list[str]:
    """The imports of one module that go against the direction: shared <- indexer, shared <- searchapp, never across.

    `evaluation` may import both sides, and nothing but `concord.py` imports it. `cluster` is not installed: nothing
    that is may need it.
    """
    place = path.relative_to(ROOT).parts
    bad = []
    for module in sorted(imports_of(source)):
        in_shared = is_under(module, "indexer.shared")
        in_indexer = is_under(module, "indexer") and not in_shared
        in_searchapp = is_under(module, "searchapp")
        in_evaluation = is_under(module, "evaluation")
        wrong = (
            (place[:2] == ("indexer", "shared") and (in_indexer or in_searchapp))
            or (place[0] == "indexer" and in_searchapp)
            or (place[0] in {"indexer", "searchapp"} and in_evaluation)
            or (place[0] in PACKAGES and is_under(module, "cluster"))
            or (place[0] == "searchapp" and in_indexer and module != "indexer")
            or (
                (place[:2] == ("searchapp", "search") or place[0] == "evaluation")
                and (is_under(module, "flask") or is_under(module, "searchapp.web"))
            )
        )
        if wrong:
            bad.append(f"{path.relative_to(ROOT)} imports {module}")
    return bad


def importers(library: str) -> set[str]:
    return {
        str(path.relative_to(ROOT))
        for path in modules_under(*PACKAGES, "concord.py")
        if any(is_under(module, library) for module in imports_of(path.read_text(encoding="utf-8")))
    }


def test_no_module_imports_against_the_direction() -> None:
    found = [line for path in modules_under(*PACKAGES) for line in violations(path, path.read_text(encoding="utf-8"))]
    assert found == []


@pytest.mark.parametrize(
    ("place", "source"),
    [
        ("searchapp/search/searcher.py", "from indexer.pipeline import build_index"),
        ("searchapp/web/pages.py", "def f():\n    import indexer.chunking"),
        ("indexer/pipeline.py", "from searchapp.search import searcher"),
        ("indexer/shared/text.py", "from indexer import pipeline"),
        ("indexer/pipeline.py", "from evaluation.measures import measure"),
        ("searchapp/cli.py", "import evaluation"),
        ("indexer/shared/storage.py", "from cluster.server import Server"),
        ("evaluation/runs.py", "from searchapp.web.app import create_app"),
        ("searchapp/search/facets.py", "from flask import g"),
        ("searchapp/search/facets.py", "from searchapp.web.params import request_of"),
    ],
)
def test_a_broken_direction_is_noticed(place: str, source: str) -> None:
    assert violations(ROOT / place, source) != []


def test_whoosh_is_seen_by_two_modules() -> None:
    assert importers("whoosh") == {"indexer/shared/analysis.py", "searchapp/search/keyword.py"}


def test_the_encoders_library_is_seen_by_one_module() -> None:
    assert len(importers("sentence_transformers")) == 1


def test_the_measures_library_is_seen_by_one_module() -> None:
    assert importers("ir_measures") == {"evaluation/measures.py"}


def test_dask_is_seen_by_one_module() -> None:
    assert importers("distributed") == {"indexer/workers/dask_cluster.py"}
    assert importers("dask") == set()


def test_flask_is_seen_by_the_web_alone() -> None:
    outside = {place for place in importers("flask") if not place.startswith("searchapp/web/")}
    assert outside == {"searchapp/server.py"}


def test_package_files_only_re_export() -> None:
    for path in modules_under(*PACKAGES):
        if path.name == "__init__.py":
            for node in ast.parse(path.read_text(encoding="utf-8")).body:
                assert isinstance(node, (ast.Expr, ast.Import, ast.ImportFrom, ast.Assign)), (
                    f"{path}: {ast.unparse(node)}"
                )


def test_every_public_name_is_listed_in_order() -> None:
    for path in modules_under(*PACKAGES, "concord.py"):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__":
                names = ast.literal_eval(node.value)
                assert len(names) == len(set(names)), path
