"""`./arena admin ...`: what the owner of the admin function needs before anybody can log in."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from shared.domain.errors import Refused

app = typer.Typer(no_args_is_help=True, help="Prepare the admin function's owner.")


@app.callback()
def _admin() -> None:
    """Keeps `hash-password` a sub-command although it is the only one."""


@app.command("hash-password")
def hash_password(
    from_stdin: Annotated[
        bool, typer.Option("--stdin", help="Read one line instead of asking, for a password manager's pipe.")
    ] = False,
) -> None:
    """Print ADMIN_PASSWORD_HASH for a password; the password itself is neither shown nor kept."""
    from shared.adapters.bcrypt_passwords import BcryptPasswords
    from shared.domain.admins import check_new_password

    if from_stdin:
        password = sys.stdin.readline().rstrip("\r\n")
    else:
        password = typer.prompt("Password", hide_input=True, confirmation_prompt=True, err=True)
    try:
        check_new_password(password)
    except Refused as refused:
        raise typer.BadParameter(refused.detail) from refused
    typer.echo(BcryptPasswords().hash(password))
