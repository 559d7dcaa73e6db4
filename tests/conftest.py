"""Shared by all tests: Hypothesis settings that don't depend on how fast a machine is; an example team."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings

if TYPE_CHECKING:
    from outreach.example.team import Example

settings.register_profile(
    "outreach",
    deadline=None,
    max_examples=60,
    suppress_health_check=[HealthCheck.too_slow],
    derandomize=False,
)
settings.load_profile("outreach")


@pytest.fixture(scope="session")
def built_team(tmp_path_factory: pytest.TempPathFactory) -> Example:
    """The example team as it was built; tests take a copy of their own (`example_team`)."""
    from outreach.example import team

    # nothing listens at this address: a test that wants a hub says where it is
    return team.build(tmp_path_factory.mktemp("built-team"), hub_url="http://127.0.0.1:9")


@pytest.fixture
def example_team(built_team: Example, tmp_path: Path) -> Example:
    """An example team that is this test's alone, offline."""
    from outreach.example import team

    shutil.copytree(built_team.root, tmp_path / "example-team")
    return team.load(tmp_path / "example-team")
