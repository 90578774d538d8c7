"""The command `tandem`: subcommands are imported only when they are called, so that help is instant."""

import importlib
import logging
import sys

import click

from model.errors import InputError, TandemError

COMMANDS: dict[str, tuple[str, str]] = {
    "list": ("scenarios.cli:list_command", "List the scenarios of the library."),
    "new": ("scenarios.cli:new_command", "Copy a library scenario to a file of your own."),
    "show": ("scenarios.cli:show_command", "Show a scenario: as written, resolved, explained, or as a graph."),
    "check": ("scenarios.cli:check_command", "Check a scenario and name every fault in it."),
    "sectors": ("scenarios.cli_sectors:sectors_command", "List the sectors that a firm can be like; check your own."),
    "schema": ("scenarios.cli:schema_command", "Print the JSON Schema of scenario files, for editors."),
    "run": ("analysis.cli_run:run_command", "Run a scenario's strategies on the same random futures."),
    "compare": ("analysis.cli_compare:compare_command", "Compare strategies with intervals; export CSV or XLSX."),
    "runs": ("analysis.cli_runs:runs_command", "List the stored runs by number."),
    "replay": ("analysis.cli_replay:replay_command", "Do one stored run again: bit for bit, or what differs."),
    "report": ("analysis.cli_report:report_command", "Write the report of a study as one HTML file."),
    "validate": ("analysis.cli_validate:validate_command", "Check the engine against closed forms."),
    "calibrate": ("analysis.cli_calibrate:calibrate", "Fit generators to measured series, or check the fitted ones."),
}
"""Command name -> (module:attribute, one-line help)."""

EXIT_FAILED = 1
EXIT_BAD_INPUT = 2
EXIT_INTERRUPTED = 130


class LazyGroup(click.Group):
    """A group whose subcommands are imported when they are needed."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names in the order of a study's work."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import and return one subcommand."""
        if cmd_name not in COMMANDS:
            return None
        module, attribute = COMMANDS[cmd_name][0].split(":")
        command = getattr(importlib.import_module(module), attribute)
        if not isinstance(command, click.Command):
            msg = f"{COMMANDS[cmd_name][0]} is not a command"
            raise TypeError(msg)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the help of all subcommands without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in COMMANDS.items()])

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the subcommand, and suggest the nearest name for an unknown one."""
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            from model.errors import nearest

            hint = nearest(args[0], list(COMMANDS)) or "see tandem --help"
            msg = f"no such command: {args[0]!r} ({hint})"
            raise click.UsageError(msg, ctx)
        return super().resolve_command(ctx, args)


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--debug", is_flag=True, help="Show a full traceback when something fails.")
@click.version_option(package_name="tandem-sim", prog_name="tandem")
@click.pass_context
def tandem(ctx: click.Context, debug: bool) -> None:
    """Judge an industry collaboration before anyone signs it.

    Run a scenario, compare its strategies, read the report:

    \b
      tandem run steel-and-power
      tandem compare steel-and-power
      tandem report steel-and-power --out report.html

    A scenario may share data, machines, people, heat, materials, stores and know-how: `tandem show industrial-park` has
    most of it, and `tandem list` the questions.
    """
    ctx.obj = {"debug": debug}
    logging.basicConfig(
        level=logging.DEBUG if debug else logging.WARNING,
        stream=sys.stderr,
        format="%(levelname)s %(name)s: %(message)s",
    )


def main(arguments: list[str] | None = None) -> None:
    """Run the command line; exit 0 when all went well, 1 when a run failed, 2 for bad input."""
    args = sys.argv[1:] if arguments is None else arguments
    try:
        result = tandem.main(args=args, prog_name="tandem", standalone_mode=False)
        sys.exit(result if isinstance(result, int) else 0)
    except click.ClickException as error:
        error.show()
        sys.exit(EXIT_BAD_INPUT)
    except (click.Abort, KeyboardInterrupt):
        click.echo("interrupted; finished runs are kept, the same command resumes", err=True)
        sys.exit(EXIT_INTERRUPTED)
    except InputError as error:
        _explain(error, args)
        sys.exit(EXIT_BAD_INPUT)
    except TandemError as error:
        _explain(error, args)
        sys.exit(EXIT_FAILED)
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(0)
    except OSError as error:
        _give_up(error, args)


def _give_up(error: OSError, args: list[str]) -> None:
    """Say in one line what the machine refused: a full disk, a folder without permission."""
    if "--debug" in args:
        raise error
    place = f"{error.filename}: " if error.filename else ""
    click.echo(f"{place}{error.strerror or error}", err=True)
    sys.exit(EXIT_FAILED)


def _explain(error: TandemError, args: list[str]) -> None:
    if "--debug" in args:
        raise error
    click.echo(str(error), err=True)
