from __future__ import annotations

import pytest
from flask import Flask
from flask.testing import FlaskClient

from searchapp.web import create_app
from tests.searchapp.web.fakes import FakeSearcher


@pytest.fixture
def searcher() -> FakeSearcher:
    return FakeSearcher()


@pytest.fixture
def app(searcher: FakeSearcher) -> Flask:
    return create_app({"TESTING": True, "SEARCHER": searcher})


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()
