"""The option that writes the baseline anew (`make rebaseline`)."""

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--rebaseline", metavar="REASON", help="write baseline.json anew; REASON must stand in CHANGELOG.md"
    )
