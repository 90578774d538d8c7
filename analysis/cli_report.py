"""The command `tandem report`: one HTML file with the answer, the evidence and the assumptions."""

from pathlib import Path

import click

EPILOG = """\b
Examples:
  tandem report steel-and-power --out report.html
  tandem report steel-and-power --figures figures
"""


@click.command("report", epilog=EPILOG)
@click.argument("name")
@click.option("--db", default="sqlite:///tandem.db", show_default=True, help="Results store: a URL, or a SQLite file.")
@click.option("--out", type=click.Path(path_type=Path), help="File to write; NAME.html in this folder if silent.")
@click.option("--figures", type=click.Path(path_type=Path), help="Also write each figure as PNG and SVG into a folder.")
@click.option("--json", "as_json", is_flag=True, help="Print the answer and the files written as JSON.")
def report_command(name: str, *, db: str, out: Path | None, figures: Path | None, as_json: bool) -> None:
    """Write the report of a study as one HTML file that needs nothing else.

    NAME is a study that `tandem run` has put into the results store; nothing is simulated here.
    """
    import datetime as dt

    from analysis.export import check_target
    from analysis.report import build, write_figures, write_report

    if out is not None:
        check_target(out, "--out", ".html")
    _check_folder(figures)
    report = build(name, db)
    study = report.comparison.tables.study.name
    target = out or Path(f"{study}.html")
    size = write_report(report, target, today=dt.datetime.now(tz=dt.UTC).date())
    drawn = write_figures(report, figures) if figures is not None else []
    if as_json:
        import json

        tree = {
            "study": study, "report": str(target), "bytes": size, "figures": [str(path) for path in drawn],
            "answer": [words for words in report.answer.sentences if words], "kind": report.answer.kind,
            "strategies": list(report.answer.focus), "against": list(report.answer.against),
        }  # fmt: skip
        click.echo(json.dumps(tree, indent=2, ensure_ascii=False))
        return
    click.echo("\n".join(words for words in report.answer.sentences if words))
    for path in (target, *drawn):
        click.echo(f"wrote {path}", err=True)


def _check_folder(folder: Path | None) -> None:
    from model.errors import Fault, InputError

    if folder is not None and folder.exists() and not folder.is_dir():
        raise InputError([Fault("--figures", f"{folder} is not a folder", "name a folder")])
