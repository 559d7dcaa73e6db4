"""The command `outreach`: the app, the example team, the hub and small tools."""

from __future__ import annotations

import contextlib
import errno
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup


class Sentences(TyperGroup):
    """Commands end with a sentence and exit code 1 where our own errors speak, or the disk does."""

    def invoke(self, ctx: Any) -> Any:
        from outreach.device import DeviceError
        from outreach.example.team import NotAnExample
        from outreach.session import NotOpened, NotPossible
        from outreach.vault import VaultError
        from sync.errors import SyncError

        try:
            return super().invoke(ctx)
        except (DeviceError, NotAnExample, NotOpened, NotPossible, SyncError, VaultError) as problem:
            sentence = str(problem)
        except OSError as problem:
            place = f" ({problem.filename})" if problem.filename else ""
            why = problem.strerror or type(problem).__name__
            sentence = (
                f"This device reports: {why}{place}. Check the place and its permissions, then try again."
            )
            if problem.errno == errno.EADDRINUSE:
                sentence = (
                    "Another program on this machine listens on that port already. Close it, or pick another "
                    "one with --port; --port 0 finds a free one. Nothing was changed."
                )
        typer.echo(sentence, err=True)
        raise typer.Exit(1)


app = typer.Typer(
    cls=Sentences,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,  # its tracebacks would show local values, which are case data
    help="Records, advice and referral slips for street work with people who use drugs.",
)
vault_app = typer.Typer(no_args_is_help=True, help="Look after an encrypted store.")
wording_app = typer.Typer(no_args_is_help=True, help="Check words before people hear them.")
app.add_typer(vault_app, name="vault")
app.add_typer(wording_app, name="wording")
directory_app = typer.Typer(no_args_is_help=True, help="The directory of services.")
app.add_typer(directory_app, name="directory")


def default_folder(name: str) -> Path:
    """Where this machine keeps Outreach's data."""
    from platformdirs import user_data_path

    return user_data_path("outreach", appauthor=False) / name


@app.command()
def demo(
    walk: Annotated[
        Path | None, typer.Option(help="Do the whole job without a screen; leave its papers in this folder.")
    ] = None,
    open_app: Annotated[
        bool, typer.Option("--open", help="Start the app with an example team in the browser.")
    ] = False,
    folder: Annotated[Path | None, typer.Option(help="Where the example team is kept.")] = None,
    port: Annotated[int, typer.Option(help="Port on this machine; 0 picks a free one.")] = 8550,
    fresh: Annotated[bool, typer.Option("--fresh", help="Make the example team anew.")] = False,
) -> None:
    """An example team: walk through the whole job, or open it in the browser."""
    from outreach import demo as example
    from sync.hub.problems import HubError

    try:
        if walk is not None:
            example.walk(walk, say=typer.echo)
            return
        if open_app:
            place = folder or default_folder("example")
            example.open_in_browser(place, port=port, fresh=fresh, say=typer.echo)
            return
    except HubError as problem:
        typer.echo(str(problem), err=True)
        raise typer.Exit(1) from None
    typer.echo("Say --walk DIR for the job without a screen, or --open for the app in the browser.")
    raise typer.Exit(2)


@app.command("app")
def run_app(
    folder: Annotated[Path | None, typer.Option(help="A profile, or a folder of several.")] = None,
    port: Annotated[int, typer.Option(help="Port on this machine; 0 picks a free one.")] = 8550,
) -> None:
    """Start the app for the profiles on this machine: one, or a folder of several members'."""
    where = folder or default_folder("profile")
    found = {"me": where} if (where / "device.json").exists() else _profiles(where)
    if not found:
        typer.echo(
            f"There is no profile in {where} yet. A coordinator sets one up; "
            "`outreach demo --open` shows the app with an example team."
        )
        raise typer.Exit(2)
    from outreach.screens.app import serve

    serve(found, port=port)


def _profiles(where: Path) -> dict[str, Path]:
    """Profiles of several members who share this device, by the name of their folder."""
    return {each.parent.name: each.parent for each in sorted(where.glob("*/device.json"))}


@app.command()
def hub(
    database: Annotated[str, typer.Option(help="SQLAlchemy address; a SQLite file by default.")] = "",
    port: Annotated[int, typer.Option(help="Port to listen on; 0 picks a free one.")] = 8440,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    tls_certificate: Annotated[Path | None, typer.Option(help="Certificate file, PEM.")] = None,
    tls_key: Annotated[Path | None, typer.Option(help="Its private key, PEM.")] = None,
    behind_tls: Annotated[bool, typer.Option("--behind-tls", help="A proxy in front encrypts.")] = False,
    json_log: Annotated[bool, typer.Option("--json-log", help="Log lines as JSON.")] = False,
) -> None:
    """Start the central store. It keeps sealed envelopes and can't read them."""
    from sync.hub.serve import main as serve_hub

    serve_hub(
        database,
        port,
        host,
        tls_certificate=tls_certificate,
        tls_key=tls_key,
        behind_tls=behind_tls,
        json_log=json_log,
    )


PassphraseFile = Annotated[
    Path | None, typer.Option(help="Read the passphrase from this file instead of asking.")
]


@vault_app.command("check")
def vault_check(
    folder: Annotated[Path, typer.Argument(help="The folder of the vault.")],
    passphrase_file: PassphraseFile = None,
) -> None:
    """Verify a vault: how many records, when last written. Shows nothing that is in it."""
    from outreach.vault import check

    passphrase = _passphrase(passphrase_file)
    with _progress("Reading") as progress:
        found = check(folder, passphrase, progress=progress)
    typer.echo(str(found))
    if not found.sound:
        raise typer.Exit(1)


@vault_app.command("salvage")
def vault_salvage(
    folder: Annotated[Path, typer.Argument(help="The folder of the damaged vault. It is only read.")],
    out: Annotated[Path, typer.Argument(help="A new folder for a vault with all that is sound.")],
    passphrase_file: PassphraseFile = None,
) -> None:
    """Take all that is sound out of a damaged vault; what is not is listed, and in OUT/lost.jsonl."""
    from outreach.vault import salvage

    passphrase = _passphrase(passphrase_file)
    with _progress("Reading") as progress:
        found = salvage(folder, out, passphrase, progress=progress)
    typer.echo(str(found))


@vault_app.command("backup")
def vault_backup(
    folder: Annotated[Path, typer.Argument(help="The folder of the vault. It may be in use.")],
    file: Annotated[Path, typer.Argument(help="The new file. It is as sealed as the vault.")],
    passphrase_file: PassphraseFile = None,
) -> None:
    """Copy a whole vault into one file, and read the copy through."""
    from outreach.vault import backup

    passphrase = _passphrase(passphrase_file)
    with _progress("Copying") as progress:
        found = backup(folder, file, passphrase, progress=progress)
    typer.echo(str(found))


@vault_app.command("restore")
def vault_restore(
    file: Annotated[Path, typer.Argument(help="A file that `outreach vault backup` made.")],
    folder: Annotated[Path, typer.Argument(help="A new folder for the vault.")],
    passphrase_file: PassphraseFile = None,
) -> None:
    """Make a vault from a backup, and read it through. Nothing is overwritten."""
    from outreach.vault import restore

    passphrase = _passphrase(passphrase_file)
    with _progress("Copying") as progress:
        found = restore(file, folder, passphrase, progress=progress)
    typer.echo(str(found))


def _passphrase(file: Path | None) -> str:
    if file is not None:
        return file.read_text(encoding="utf-8", errors="replace").strip()
    return str(typer.prompt("Passphrase", hide_input=True))


@contextlib.contextmanager
def _progress(what: str) -> Iterator[Callable[[int, int], None]]:
    """A bar on the terminal for work that takes its time; where there is no terminal, nothing."""
    from rich.console import Console
    from rich.progress import Progress

    console = Console(stderr=True)
    with Progress(console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task(what, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


@directory_app.command("check")
def directory_check(
    file: Annotated[Path, typer.Argument(help="A directory as a TOML file.")],
    profile: Annotated[
        Path | None, typer.Option(help="Use it in this profile from now on, if it is sound.")
    ] = None,
) -> None:
    """Check a directory of services, and with --profile take it into use."""
    from forms import services

    try:
        if profile is None:
            found = services.load(file)
        else:
            from outreach.device import Device

            found = Device(profile).take_directory(file)
    except (OSError, services.DirectoryError) as problem:
        typer.echo(str(problem), err=True)
        raise typer.Exit(1) from None
    typer.echo(f"{len(found.services)} services, as of {found.as_of}. All is well.")


@wording_app.command("check")
def wording_check(
    files: Annotated[list[Path], typer.Argument(help="Texts, tables or code.")],
    language: Annotated[str, typer.Option(help="Language of the texts.")] = "en",
) -> None:
    """Find words that tell people what to do, or that judge them."""
    from forms import wording

    raise typer.Exit(wording.main([str(file) for file in files], language))


def main() -> None:
    """Run the command. Errors come as a sentence, never as a traceback with case data."""
    try:
        app()
    except KeyboardInterrupt:
        sys.exit(130)
    except Exception as problem:  # the message of an unknown error may hold what was recorded
        trace = problem.__traceback__
        while trace is not None and trace.tb_next is not None:
            trace = trace.tb_next
        place = f", {Path(trace.tb_frame.f_code.co_filename).name}:{trace.tb_lineno}" if trace else ""
        print(
            f"Something went wrong that Outreach has no sentence for ({type(problem).__name__}{place}). "
            "What was saved is safe. Please tell whoever looks after this installation.",
            file=sys.stderr,
        )
        sys.exit(1)


if __name__ == "__main__":
    main()
