"""The commands about scenario files: list, new, show, check, schema."""

import json
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from model.errors import Fault, InputError, nearest

if TYPE_CHECKING:
    from scenarios.spec import Study

AS_JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


def _examples(*lines: str) -> str:
    """Return the end of a command's help."""
    return "\b\nExamples:\n" + "\n".join(f"  {line}" for line in lines)


def scenario_options[F: Callable[..., Any]](command: F) -> F:
    """Add --override and --set, which every command that loads a scenario takes."""
    override = click.option(
        "--override", "overrides", multiple=True, metavar="NAME", help="Apply a named override of the scenario."
    )
    change = click.option(
        "--set", "sets", multiple=True, metavar="KEY=VALUE", help="Set one value, such as balancing.beta=0.3."
    )
    return override(change(command))


@click.command("list", epilog=_examples("tandem list --json"))
@AS_JSON
def list_command(as_json: bool) -> None:
    """List the scenarios of the library, each with its question."""
    from scenarios.spec_tree import library, load

    rows = []
    for name, path in library().items():
        tree = load(str(path)).tree
        entries = tree.entries if tree else {}
        goals = entries["goals"].entries if "goals" in entries else {}
        rows.append(
            {
                "name": name,
                "title": str(entries["title"].value) if "title" in entries else name,
                "question": str(goals["question"].value) if "question" in goals else "",
                "strategies": list(entries["strategies"].entries) if "strategies" in entries else [],
            }
        )
    if as_json:
        click.echo(json.dumps(rows, ensure_ascii=False, indent=2))
        return
    for row in rows:
        click.echo(
            f"{row['name']}: {row['title']}\n    {row['question']}\n    strategies: {', '.join(row['strategies'])}"
        )


@click.command("new", epilog=_examples("tandem new steel-and-power my-works.yaml"))
@click.argument("name")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--force", is_flag=True, help="Overwrite FILE if it exists.")
def new_command(name: str, file: Path, force: bool) -> None:
    """Copy the library scenario NAME to FILE, to be changed there."""
    from scenarios.spec_tree import SUFFIXES, find

    source = find(name)
    if file.suffix not in SUFFIXES:
        raise InputError([Fault(str(file), "is no name for a scenario", "allowed: a name that ends in .yaml")])
    try:
        with file.open("wb" if force else "xb") as target:
            target.write(source.read_bytes())
    except FileExistsError:
        raise InputError([Fault(str(file), "exists and is kept", "--force overwrites it")]) from None
    except (OSError, ValueError) as error:
        raise InputError([Fault(str(file), f"cannot be written: {_reason(error)}")]) from None
    click.echo(f"wrote {file}; next: tandem check {file}", err=True)


def _reason(error: Exception) -> str:
    return getattr(error, "strerror", None) or str(error)


@click.command(
    "show",
    epilog=_examples(
        "tandem show steel-and-power --explain",
        "tandem show my-works.yaml --resolved --override dual-pricing",
        "tandem show steel-and-power --graph steel.graphml --strategy hub",
    ),
)
@click.argument("name")
@click.option("--resolved", is_flag=True, help="Fill in every default; the output is a scenario again.")
@click.option("--explain", is_flag=True, help="Name the file and line that set each value, with unit and source.")
@click.option(
    "--graph", type=click.Path(path_type=Path), metavar="FILE", help="Write firms, platforms, links as GraphML."
)
@click.option("--strategy", metavar="NAME", help="Strategy whose contracts the graph shows; the baseline if silent.")
@scenario_options
@AS_JSON
def show_command(
    name: str,
    resolved: bool,
    explain: bool,
    graph: Path | None,
    strategy: str | None,
    overrides: tuple[str, ...],
    sets: tuple[str, ...],
    as_json: bool,
) -> None:
    """Show the scenario NAME: a library name or a file.

    Python files that it names as extensions are run with all your rights.
    """
    from scenarios import spec_explain
    from scenarios.spec import load_study

    study = load_study(name, overrides=overrides, sets=sets)
    if graph is not None:
        _write_graph(study, strategy or study.baseline, graph)
        return
    changed = bool(overrides or sets)
    rows = spec_explain.explain(study) if explain else []
    tree = spec_explain.resolved(study) if resolved or (changed and not explain) else {}
    if as_json:
        shown: dict[str, Any] = {"name": study.name, "title": study.title, "question": study.question}
        shown |= {"resolved": tree} if tree else {}
        shown |= {"explain": [asdict(row) for row in rows]} if rows else {}
        shown |= {} if tree or rows else {"text": study.text}
        click.echo(json.dumps(spec_explain.for_json(shown), ensure_ascii=False, indent=2))
    elif rows:
        click.echo(spec_explain.as_text(rows))
    else:
        click.echo(spec_explain.as_yaml(tree) if tree else study.text, nl=False)


def _write_graph(study: "Study", strategy: str, file: Path) -> None:
    """Write the network of one strategy as GraphML.

    Raises:
        InputError: if there is no such strategy, or the file cannot be written.
    """
    import networkx

    from model.network import network_of

    if strategy not in study.strategies:
        hint = nearest(strategy, list(study.strategies)) or f"known: {', '.join(study.strategies)}"
        raise InputError([Fault("--strategy", f"no such strategy: {strategy!r}", hint)])
    graph = network_of(study.strategies[strategy])
    for number, (_, _, key, about) in enumerate(graph.edges(keys=True, data=True)):
        about.update(link=key, number=str(number))
    try:
        networkx.write_graphml(graph, file, edge_id_from_attribute="number")
    except OSError as error:
        raise InputError([Fault(str(file), f"cannot be written: {_reason(error)}")]) from None
    click.echo(f"wrote {file}: {len(graph)} firms and platforms, {graph.size()} links", err=True)


@click.command(
    "check",
    epilog=_examples("tandem check my-works.yaml", "tandem check my-works.yaml --set balancing.beta=0.3 --json"),
)
@click.argument("file")
@scenario_options
@AS_JSON
@click.pass_context
def check_command(
    context: click.Context, file: str, overrides: tuple[str, ...], sets: tuple[str, ...], as_json: bool
) -> None:
    """Check the scenario FILE and name every fault in it; exit code 2 if there is one.

    Python files that the scenario names as extensions are run to see what they add, with all your rights: read those
    of others first.
    """
    from scenarios.spec import load_study

    try:
        study = load_study(file, overrides=overrides, sets=sets)
    except InputError as error:
        if not as_json:
            raise
        click.echo(
            json.dumps({"ok": False, "faults": [_fault(fault) for fault in error.faults]}, ensure_ascii=False, indent=2)
        )
        context.exit(2)
    days = next(iter(study.strategies.values())).calendar.days
    refused = _infeasible(study)
    facts = {
        "ok": True, "name": study.name, "strategies": list(study.strategies), "baseline": study.baseline,
        "replications": study.run.replications, "days": days, "overrides": list(study.overrides), "faults": [],
        "infeasible": refused,
    }  # fmt: skip
    if as_json:
        click.echo(json.dumps(facts, ensure_ascii=False, indent=2))
        return
    names = ", ".join(study.strategies)
    click.echo(f"{file} is sound: {names}; {study.run.replications} replications of {days} days each")
    for words in refused:
        click.echo(f"left out: {words}", err=True)


def _infeasible(study: "Study") -> list[str]:
    """Return the ends and stages of the evaluation that the model refuses, each with its reason."""
    from scenarios.evaluation import resolve

    _, refused = resolve(study.evaluation, study.strategies)
    return list(dict.fromkeys(f"{one.part}: {one.label} is infeasible: {one.reason}" for one in refused))


def _fault(fault: Fault) -> dict[str, Any]:
    from scenarios.spec import split_place

    name, line, column = split_place(fault.where)
    return {"file": name, "line": line, "column": column, "what": fault.what, "allowed": fault.allowed}


@click.command("schema", epilog=_examples("tandem schema > tandem.schema.json"))
def schema_command() -> None:
    """Print the JSON Schema of scenario files, for editors that complete and check YAML.

    Save it beside your scenarios and put this on the first line of each of them:
    # yaml-language-server: $schema=tandem.schema.json
    """
    from scenarios.schema import json_schema

    click.echo(json.dumps(json_schema(), ensure_ascii=False, indent=2))
