"""The command `tandem sectors`: the sector files, one of them in full, and what the tables say of an industry."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from scenarios.industries import Facts
    from scenarios.spec_sectors import Sector


@click.command(
    "sectors",
    epilog="\b\nExamples:\n  tandem sectors food\n  tandem sectors brewery.yaml\n  tandem sectors --industry 327",
)
@click.argument("name", required=False)
@click.option("--industry", metavar="CODE", help="Print what the calibrated tables say of an industry, such as 311FT.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def sectors_command(name: str | None, industry: str | None, as_json: bool) -> None:
    """List the sectors that a firm can be like, or show and check the one called NAME (or a .yaml file).

    A firm that says `like: food` has the values of that sector file where it is silent. Sectors of your own are
    files in a folder `sectors` beside the scenario; here, those in the current folder are listed too.
    """
    from scenarios.industries import facts
    from scenarios.spec_sectors import find_sector, known_sectors, read_sector

    if industry is not None:
        found = facts(industry)
        click.echo(json.dumps(asdict(found), ensure_ascii=False, indent=2) if as_json else _facts_text(found))
        return
    paths = list(known_sectors(Path.cwd()).values()) if name is None else [find_sector(name)]
    sectors = [read_sector(path) for path in paths]
    if as_json:
        rows = [_row(sector) for sector in sectors]
        click.echo(json.dumps(rows if name is None else rows[0], ensure_ascii=False, indent=2))
    elif name is None:
        click.echo("\n".join(_short(sector) for sector in sectors))
    else:
        click.echo(_long(sectors[0]))


def _row(sector: "Sector") -> dict[str, Any]:
    from scenarios.industries import facts
    from scenarios.spec_tree import shown

    row = {**asdict(sector), "path": shown(sector.path)}
    return row | ({"inputs": facts(sector.industry).inputs} if sector.industry else {})


def _short(sector: "Sector") -> str:
    title = f"{sector.title} {sector.title_zh}".strip()
    return f"{sector.name}: {title} ({sector.kind})\n    {sector.description}\n{_has(sector)}"


def _has(sector: "Sector") -> str:
    resources, data = ", ".join(sector.resources) or "none", ", ".join(sector.data) or "all that its process yields"
    return f"    resources: {resources}; data: {data}"


def _long(sector: "Sector") -> str:
    from scenarios.spec_tree import shown

    lines = [_short(sector), f"    file: {shown(sector.path)}", *(f"    source: {line}" for line in sector.sources)]
    if sector.industry:
        from scenarios.industries import facts

        lines.append(_facts_text(facts(sector.industry)))
    return "\n".join(lines)


def _facts_text(facts: "Facts") -> str:
    """Return an industry's numbers, one to a line; what no table has is left out."""
    single = {
        "utilisation": (facts.utilisation, ""),
        "its spread": (facts.utilisation_sd, ""),
        "hours a day": (facts.hours, " h"),
        "electricity": (facts.electricity, " kWh/EUR"),
        "process heat": (facts.heat, " kWh/EUR"),
        "heat for rooms": (facts.space_heat, " kWh/EUR"),
    }
    lines = [f"industry {facts.code}: {facts.name}"]
    lines += [f"    {label}: {value:.3g}{unit}" for label, (value, unit) in single.items() if value is not None]
    shares = {"use of electricity": facts.electricity_shares or {}, "inputs over output": facts.inputs}
    for label, parts in shares.items():
        if parts:
            lines.append(f"    {label}: " + ", ".join(f"{name} {part:.3f}" for name, part in parts.items()))
    lines.append("    knowledge: {" + ", ".join(f"{area}: {level:g}" for area, level in facts.knowledge.items()) + "}")
    return "\n".join(lines)
