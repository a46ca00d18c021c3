"""Reads and checks the settings of the environment; all wrong ones are named at once."""

import base64
import binascii
import ipaddress
import os
import secrets
import shlex
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

ROOT = Path(__file__).resolve().parent
DEMO_PASSWORD = "sandan-demo"  # noqa: S105  # meant to be known; production refuses it
SECRET_NAMES = ("SECRET_KEY", "FIELD_KEYS", "BLIND_INDEX_KEY")
WECHAT_NAMES = ("WECHAT_APPID", "WECHAT_SECRET", "WECHAT_PUSH_TOKEN", "WECHAT_PUSH_AES_KEY")
NAMES = (
    *("APP_ENV", "DATA_DIR", "DATABASE_URL", "HOST", "PORT", "SERVER_WORKERS", "DEMO"),
    *("DEMO_PASSWORD", *SECRET_NAMES, "FIELD_KEY_ID", "WECHAT_MODE", *WECHAT_NAMES, "CLOCK_FILE"),
    *("TRUSTED_PROXIES", "METRICS_ALLOWED", "REDIS_URL", "LOG_LEVEL"),
)
_HIDDEN = frozenset({*SECRET_NAMES, "DEMO_PASSWORD", "WECHAT_SECRET", *WECHAT_NAMES[2:]})
_WEAK_WORDS = ("change", "example", "secret", "password", "sandan", "123456")
_SHELL_NAMES = ("APP_ENV", "DATA_DIR", "HOST", "PORT", "SERVER_WORKERS")
T = TypeVar("T")

_WISHES = {
    "DATABASE_URL": (
        "sqlite:///FILE 或 postgresql://USER:PASSWORD@HOST/NAME",
        "sqlite:///FILE or postgresql://USER:PASSWORD@HOST/NAME",
    ),
    "SECRET_KEY": ("至少 32 个字符的随机文字", "at least 32 random characters"),
    "BLIND_INDEX_KEY": ("至少 32 个字符的随机文字", "at least 32 random characters"),
    "FIELD_KEYS": (
        "ID:KEY，用逗号分开，KEY 是 32 字节的 base64",
        "ID:KEY,ID:KEY, each key 32 bytes in base64",
    ),
    "FIELD_KEY_ID": ("FIELD_KEYS 里的一个编号", "an id that stands in FIELD_KEYS"),
    **dict.fromkeys(
        WECHAT_NAMES, ("微信公众平台上的值（live 模式必填）", "the value from WeChat (live mode)")
    ),
    "METRICS_ALLOWED": (
        "用逗号分开的网段，如 10.0.0.0/8",
        "networks separated by commas, such as 10.0.0.0/8",
    ),
    "REDIS_URL": (
        "redis:// 或 rediss:// 开头的地址，或不填",
        "redis://… or rediss://…, or nothing",
    ),
}
_PRODUCTION_WISHES = {
    **dict.fromkeys(
        SECRET_NAMES,
        ("真正随机、互不相同的密钥", "a random secret: no sample, and not used twice"),
    ),
    "DEMO_PASSWORD": ("自己定的密码；或设 DEMO=0", "a password of your own, or DEMO=0"),
    "WECHAT_MODE": ("live（正式环境不能用沙箱）", "live (no sandbox in production)"),
    "CLOCK_FILE": ("不填（正式环境不能拨时钟）", "nothing (no moved clock in production)"),
}


class ConfigError(Exception):
    """The settings cannot be used; the text has one line for each problem."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = tuple(problems)


class Reader:
    """Reads variables one by one and collects problems instead of raising."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ
        self._refused: set[str] = set()
        self.problems: list[str] = []

    def text(self, name: str, default: str = "") -> str:
        """Returns the value without blanks around it; `default` where it is empty or not given."""
        return self._environ.get(name, "").strip() or default

    def refuse(self, name: str, wish: tuple[str, str]) -> None:
        """Adds a problem: the value, unless it is secret, and what is expected (Chinese, English).

        Of each variable only the first problem is kept.
        """
        if name in self._refused:
            return
        self._refused.add(name)
        value = self._environ.get(name, "").strip()
        if not value:
            seen, was = "现在没有填", "is not set"
        elif name in _HIDDEN:
            seen, was = (
                "现在填的不合要求（内容保密，不显示）",
                "is not acceptable (value not shown)",
            )
        else:
            shown = _scheme_alone(value) if name.endswith("_URL") else value
            seen, was = f"现在是“{shown}”", f"is {shown!r}"
        self.problems.append(
            f"{name}：{seen}，应为：{wish[0]}。 / {name} {was}; expected {wish[1]}."
        )

    def choice(self, name: str, default: str, allowed: Sequence[str]) -> str:
        """Returns one of the allowed words; another value is a problem, and `default` is returned."""
        value = self.text(name, default)
        if value in allowed:
            return value
        self.refuse(name, ("以下之一：" + "、".join(allowed), "one of " + ", ".join(allowed)))
        return default

    def number(self, name: str, default: int, low: int, high: int) -> int:
        """Returns a whole number from `low` to `high`; else adds a problem and returns `default`."""
        value = self.text(name, str(default))
        if value.isascii() and value.isdigit() and low <= int(value) <= high:
            return int(value)
        self.refuse(name, (f"{low} 到 {high} 的整数", f"a whole number from {low} to {high}"))
        return default

    def parsed(self, name: str, default: str, parse: Callable[[str], T]) -> T | None:
        """Returns the result of `parse`; a ValueError of it is a problem, and None is returned."""
        try:
            return parse(self.text(name, default))
        except ValueError:
            self.refuse(name, _WISHES[name])
            return None


def load(environ: Mapping[str, str] | None = None) -> dict[str, Any]:
    """Returns the checked settings; raises ConfigError with all problems.

    Without an argument they come from the process environment, and from the file `.env` beside this
    module for names that the environment does not have. Outside production, secrets that are not
    given come from `DATA_DIR/secrets.env`, which is made with random secrets at the first start.
    """
    given, problems = _environment(environ)
    reader = Reader(given)
    reader.problems.extend(problems)
    values: dict[str, Any] = {
        "APP_ENV": reader.choice("APP_ENV", "development", ("development", "production", "testing"))
    }
    in_production = values["APP_ENV"] == "production"
    values |= _server(reader, in_production)
    values |= _database(reader, values)
    values |= _secrets(reader)
    values |= _borders(reader, in_production)
    if in_production:
        _refuse_in_production(reader, values)
    if reader.problems:
        raise ConfigError(reader.problems)
    values["CONFIG_WARNINGS"] = _warnings(values)
    return values


def _environment(environ: Mapping[str, str] | None) -> tuple[dict[str, str], list[str]]:
    problems: list[str] = []
    given: dict[str, str] = {}
    if environ is None:
        environ = os.environ
        if environ.get("APP_ENV") != "testing":
            given |= _read_file(ROOT / ".env", problems)
    given |= _filled(environ)
    if given.get("APP_ENV", "").strip() != "production":
        given = _machine_secrets(given, problems) | given
    return given, problems


def _machine_secrets(given: Mapping[str, str], problems: list[str]) -> dict[str, str]:
    """Returns the secrets of DATA_DIR/secrets.env; the file is made at the first start (mode 600)."""
    if all(given.get(name) for name in SECRET_NAMES):
        return {}
    directory = _data_dir(given)
    target = directory / "secrets.env"
    if target.exists():
        return _read_file(target, problems)
    if (directory / "sandan.db").exists():
        problems.append(
            f"密钥：{target} 不见了，而数据库还在，新密钥打不开旧数据；"
            "请恢复该文件，或移走数据库。 / "
            f"secrets: {target} is gone while the database is still there, and new keys cannot "
            "open old data; restore the file or move the database away."
        )
        return {}
    _write_secrets(target)
    return _read_file(target, problems)


def _write_secrets(target: Path) -> None:
    lines = (
        "# Random secrets of this machine, made once; without them personal data cannot be read.",
        f"SECRET_KEY={secrets.token_urlsafe(48)}",
        f"FIELD_KEYS=1:{base64.b64encode(secrets.token_bytes(32)).decode()}",
        f"BLIND_INDEX_KEY={secrets.token_urlsafe(48)}",
    )
    target.parent.mkdir(parents=True, exist_ok=True)
    draft = target.with_suffix(f".{os.getpid()}.tmp")
    draft.touch(mode=0o600)
    draft.write_text("\n".join(lines) + "\n", encoding="ascii")
    # A link makes the whole file appear at once, and does not replace the file of another process.
    with suppress(FileExistsError):
        os.link(draft, target)
    draft.unlink()


def _filled(given: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in given.items() if value.strip()}


def _read_file(path: Path, problems: list[str]) -> dict[str, str]:
    """Returns the values of KEY=VALUE lines.

    Lines that begin with `#` are comments; `export` and quotes around a value are dropped.
    """
    if not path.is_file():
        return {}
    values: dict[str, str] = {}
    for number, raw in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        line = raw.strip().removeprefix("export ")
        if not line or line.startswith("#"):
            continue
        name, equals, value = line.partition("=")
        if not equals or not name.strip().isidentifier():
            problems.append(
                f"{path}：第 {number} 行看不懂，应为：名称=值。 / line {number} is not NAME=VALUE."
            )
            continue
        values[name.strip()] = _unquoted(value.strip())
    return values


def _unquoted(value: str) -> str:
    quoted = len(value) > 1 and value[0] == value[-1] and value[0] in "\"'"
    return value[1:-1] if quoted else value


def _data_dir(given: Mapping[str, str]) -> Path:
    return (ROOT / (given.get("DATA_DIR", "").strip() or "var")).resolve()


def _server(reader: Reader, in_production: bool) -> dict[str, Any]:
    default_demo = "0" if in_production or reader.text("APP_ENV") == "testing" else "1"
    return {
        "DATA_DIR": str(_data_dir({"DATA_DIR": reader.text("DATA_DIR")})),
        "HOST": reader.text("HOST", "127.0.0.1"),
        "PORT": reader.number("PORT", 8000, 1, 65535),
        "SERVER_WORKERS": reader.number("SERVER_WORKERS", 1, 1, 64),
        "DEMO": reader.choice("DEMO", default_demo, ("0", "1")) == "1",
        "DEMO_PASSWORD": reader.text("DEMO_PASSWORD", DEMO_PASSWORD),
        "LOG_LEVEL": reader.choice("LOG_LEVEL", "INFO", ("DEBUG", "INFO", "WARNING", "ERROR")),
        "CLOCK_FILE": reader.text("CLOCK_FILE"),
    }


def _database(reader: Reader, values: Mapping[str, Any]) -> dict[str, Any]:
    default = f"sqlite:///{values['DATA_DIR']}/sandan.db"
    url = reader.parsed("DATABASE_URL", default, database_uri)
    return {"DATABASE_URL": url, "SQLALCHEMY_DATABASE_URI": url}


def database_uri(url: str) -> str:
    """Returns the address for SQLAlchemy: psycopg 3, and an absolute path for SQLite.

    Raises ValueError for other databases, an empty PostgreSQL address, and SQLite in memory.
    """
    for prefix in ("postgresql+psycopg://", "postgresql://", "postgres://"):
        if url.startswith(prefix):
            rest = url.removeprefix(prefix)
            if not rest:
                raise ValueError("the address has no host and no database name")
            return "postgresql+psycopg://" + rest
    scheme, slashes, file = url.partition(":///")
    if scheme != "sqlite" or not slashes or not file or file.startswith(":memory:"):
        raise ValueError("the address is neither of PostgreSQL nor of a SQLite file")
    # Flask-SQLAlchemy would look for a relative path in the instance folder.
    return f"sqlite:///{ROOT / file}"


def _secrets(reader: Reader) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for name in ("SECRET_KEY", "BLIND_INDEX_KEY"):
        values[name] = reader.text(name)
        if len(values[name]) < 32:
            reader.refuse(name, _WISHES[name])
    keys = reader.parsed("FIELD_KEYS", "", field_keys)
    values["FIELD_KEYS"] = reader.text("FIELD_KEYS")
    values["FIELD_KEY_ID"] = reader.text("FIELD_KEY_ID", list(keys)[-1] if keys else "")
    if keys and values["FIELD_KEY_ID"] not in keys:
        reader.refuse("FIELD_KEY_ID", _WISHES["FIELD_KEY_ID"])
    return values


def field_keys(text: str) -> dict[str, bytes]:
    """Returns the keys by id; raises ValueError unless each is 32 bytes in base64 and ids differ."""
    keys: dict[str, bytes] = {}
    for pair in text.split(","):
        key_id, colon, encoded = pair.strip().partition(":")
        try:
            key = base64.b64decode(encoded, validate=True)
        except binascii.Error as error:
            raise ValueError("a key is not base64") from error
        if not colon or not key_id.isalnum() or key_id in keys or len(key) != 32:
            raise ValueError("an entry is not ID:KEY with a new id and a key of 32 bytes")
        keys[key_id] = key
    return keys


def _borders(reader: Reader, in_production: bool) -> dict[str, Any]:
    usual = "live" if in_production else "sandbox"
    mode = reader.choice("WECHAT_MODE", usual, ("sandbox", "live"))
    for name in WECHAT_NAMES:
        if mode == "live" and not reader.text(name):
            reader.refuse(name, _WISHES[name])
    return {
        "WECHAT_MODE": mode,
        **{name: reader.text(name) for name in WECHAT_NAMES},
        "METRICS_ALLOWED": reader.parsed("METRICS_ALLOWED", "127.0.0.0/8,::1/128", _networks),
        "TRUSTED_PROXIES": reader.number("TRUSTED_PROXIES", 0, 0, 5),
        "REDIS_URL": reader.parsed("REDIS_URL", "", _redis),
    }


def _networks(text: str) -> str:
    """Returns the networks in their usual form, separated by commas; raises ValueError."""
    parts = [part.strip() for part in text.split(",")]
    return ",".join(str(ipaddress.ip_network(part)) for part in parts)


def _redis(text: str) -> str:
    if text and (urlsplit(text).scheme not in ("redis", "rediss") or not urlsplit(text).hostname):
        raise ValueError("the address is not of Redis")
    return text


def _refuse_in_production(reader: Reader, values: Mapping[str, Any]) -> None:
    refused = [name for name in SECRET_NAMES if values[name] and _is_weak(values[name])]
    if values["SECRET_KEY"] == values["BLIND_INDEX_KEY"]:
        refused.append("BLIND_INDEX_KEY")
    if values["DEMO"] and values["DEMO_PASSWORD"] == DEMO_PASSWORD:
        refused.append("DEMO_PASSWORD")
    if values["WECHAT_MODE"] == "sandbox":
        refused.append("WECHAT_MODE")
    if values["CLOCK_FILE"]:
        refused.append("CLOCK_FILE")
    for name in refused:
        reader.refuse(name, _PRODUCTION_WISHES[name])


def _is_weak(secret: str) -> bool:
    lowered = secret.lower()
    return len(set(secret)) < 12 or any(word in lowered for word in _WEAK_WORDS)


def _warnings(values: Mapping[str, Any]) -> tuple[str, ...]:
    if values["SERVER_WORKERS"] > 1 and values["SQLALCHEMY_DATABASE_URI"].startswith("sqlite"):
        return (
            "SERVER_WORKERS：SQLite 同时只能有一个写入者，多个进程反而更慢，"
            "建议设为 1，或改用 PostgreSQL。 / "
            "SERVER_WORKERS: SQLite has one writer at a time, so more processes are slower; "
            "use 1, or PostgreSQL.",
        )
    return ()


def _scheme_alone(address: str) -> str:
    """Returns "redis://…" for an address: the part after the scheme may hold a password."""
    scheme, mark, _ = address.partition("://")
    return f"{scheme}://…" if mark else "…"


def main() -> int:
    """Checks all settings for `run` and prints those that the shell needs; returns the exit code."""
    try:
        values = load()
    except ConfigError as error:
        sys.stderr.write(f"设置有误，没有启动 / the settings are wrong, not started:\n{error}\n")
        return 1
    for warning in values["CONFIG_WARNINGS"]:
        sys.stderr.write(f"提醒 / warning: {warning}\n")
    for name in _SHELL_NAMES:
        sys.stdout.write(f"{name}={shlex.quote(str(values[name]))}\n")
    shown = DEMO_PASSWORD if values["DEMO_PASSWORD"] == DEMO_PASSWORD else "DEMO_PASSWORD 里设的"
    sys.stdout.write(f"DEMO={int(values['DEMO'])}\nDEMO_PASSWORD_SHOWN={shlex.quote(shown)}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
