"""Commands for the operator: `flask accounts …`."""

import click
from flask.cli import AppGroup

from app.identity import queries, service
from app.kernel.actor import Actor
from app.kernel.database import transaction

accounts = AppGroup("accounts", help="登录账号。")

_ACTOR = Actor.system("accounts command")


def _person_of(username: str) -> int:
    account = queries.find_account(username)
    if account is None:
        raise click.ClickException(f"没有用户名“{username}”。")
    return account.person_id


@accounts.command("reset-password")
@click.argument("username")
def reset_password(username: str) -> None:
    """Prints a new one-time password; all sessions of the account end."""
    with transaction():
        issued = service.reset_password(_ACTOR, _person_of(username))
    click.echo(f"一次性密码（7 天内有效，登录后须改）：{issued.one_time_password}")


@accounts.command("unlock")
@click.argument("username")
def unlock(username: str) -> None:
    """Ends the lock of an account after too many wrong passwords."""
    with transaction():
        service.unlock_account(_ACTOR, _person_of(username))
    click.echo(f"“{username}”已解锁。")


@accounts.command("remove-code")
@click.argument("username")
def remove_code(username: str) -> None:
    """Removes the code generator of an account, for a lost phone."""
    with transaction():
        service.forget_totp(_ACTOR, _person_of(username))
    click.echo(f"“{username}”的动态码已停用。")
