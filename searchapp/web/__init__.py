"""The web application: pages for people, JSON for programs."""

from __future__ import annotations

from searchapp.web.app import create_app

__all__ = ["create_app"]
