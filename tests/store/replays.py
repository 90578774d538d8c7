"""What the tests of `tandem replay` share: a scenario that reads files of its owner's, and a store to look into."""

import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import model
from scenarios.replay import find_run
from scenarios.store import Records

Call = Callable[..., tuple[int, str, str]]
MINE = """\
extends: pair.yaml
platforms:
  calendar: {days: 4, burn_in: 3}
  market: {price_table: prices.csv}
  firms:
    power:
      forecasting: {error_table: errors.json}
run: {seed: 7, replications: 2}
"""


def write_mine(folder: Path) -> None:
    """Write a scenario with a price series and a table of its owner's, and no sweep of its own."""
    shutil.copy(Path(__file__).with_name("pair.yaml"), folder)
    (folder / "mine.yaml").write_text(MINE)
    rows = [f"2025-01-{day:02d} {hour:02d}:00,{10 * day + hour}" for day in range(1, 15) for hour in range(24)]
    (folder / "prices.csv").write_text("time,price_eur_mwh\n" + "\n".join(rows) + "\n")
    shutil.copy(Path(model.__file__).parent / "data" / "load_error_de_2015_2018.json", folder / "errors.json")


def change(db: Path, statement: str, *values: Any) -> int:
    connection = sqlite3.connect(db)
    with connection:
        count = connection.execute(statement, values).rowcount
    connection.close()
    assert count > 0
    return count


def ask(db: Path, query: str, *values: Any) -> Any:
    connection = sqlite3.connect(db)
    (answer,) = connection.execute(query, values).fetchone()
    connection.close()
    return answer


def number_of(db: Path, label: str) -> int:
    with Records(str(db)) as store:
        return find_run(store, label).id
