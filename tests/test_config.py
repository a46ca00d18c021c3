"""The settings: what is read, what is refused, and that no secret is ever shown."""

import base64
import hashlib
import os
import re
import stat
import subprocess
import sys
from pathlib import Path

import pytest

import config

# They look random, and are the same in each of xdist's workers, which compare the tests' names.
KEY = base64.b64encode(hashlib.sha256(b"field").digest()).decode()
PRODUCTION = {
    "APP_ENV": "production",
    "DATABASE_URL": "postgresql://sandan@db.internal/sandan",
    "SECRET_KEY": hashlib.sha256(b"signing").hexdigest(),
    "BLIND_INDEX_KEY": hashlib.sha256(b"index").hexdigest(),
    "FIELD_KEYS": f"1:{KEY}",
    "WECHAT_APPID": "wx0123",
    "WECHAT_SECRET": "w" * 32,
    "WECHAT_PUSH_TOKEN": "token",
    "WECHAT_PUSH_AES_KEY": "a" * 43,
}


def problems(environ: dict[str, str]) -> tuple[str, ...]:
    """What load() complains about."""
    with pytest.raises(config.ConfigError) as caught:
        config.load(environ)
    return caught.value.problems


@pytest.fixture
def development(tmp_path: Path) -> dict[str, str]:
    """A development environment with a data folder of its own."""
    return {"DATA_DIR": str(tmp_path / "my data")}


def test_out_of_the_box(development: dict[str, str]) -> None:
    """Nothing has to be given."""
    values = config.load(development)
    assert values["APP_ENV"] == "development"
    assert (values["HOST"], values["PORT"], values["SERVER_WORKERS"]) == ("127.0.0.1", 8000, 1)
    assert values["DEMO"] is True
    assert values["DEMO_PASSWORD"] == "sandan-demo"
    assert values["WECHAT_MODE"] == "sandbox"
    expected = f"sqlite:///{development['DATA_DIR']}/sandan.db"
    assert values["SQLALCHEMY_DATABASE_URI"] == expected
    assert values["CONFIG_WARNINGS"] == ()


def test_secrets_are_made_once_and_only_their_owner_reads_them(development: dict[str, str]) -> None:
    """Each machine has its own, and keeps them."""
    first = config.load(development)
    file = Path(development["DATA_DIR"]) / "secrets.env"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert list(file.parent.iterdir()) == [file]
    again = config.load(development)
    other = config.load({"DATA_DIR": development["DATA_DIR"] + " two"})
    for name in config.SECRET_NAMES:
        assert first[name] == again[name] != other[name]


def test_given_secrets_need_no_file(development: dict[str, str]) -> None:
    """Whoever brings secrets gets exactly those."""
    given = {name: PRODUCTION[name] for name in config.SECRET_NAMES}
    values = config.load(development | given)
    assert {name: values[name] for name in config.SECRET_NAMES} == given
    assert not Path(development["DATA_DIR"]).exists()


def test_lost_secrets_are_not_replaced_beside_a_database(development: dict[str, str]) -> None:
    """New keys could not open what the old ones sealed."""
    config.load(development)
    folder = Path(development["DATA_DIR"])
    (folder / "sandan.db").touch()
    (folder / "secrets.env").unlink()
    assert "secrets.env" in problems(development)[0]
    assert not (folder / "secrets.env").exists()


def test_production_takes_nothing_from_the_data_folder(development: dict[str, str]) -> None:
    """Its secrets are given or it does not start."""
    config.load(development)
    bare = {k: v for k, v in PRODUCTION.items() if k not in config.SECRET_NAMES} | development
    assert [line.split("：")[0] for line in problems(bare)] == [
        "SECRET_KEY",
        "BLIND_INDEX_KEY",
        "FIELD_KEYS",
    ]


def test_a_sound_production_starts() -> None:
    """Live WeChat, no demo, psycopg 3."""
    values = config.load(PRODUCTION)
    assert values["DEMO"] is False
    assert values["WECHAT_MODE"] == "live"
    uri = "postgresql+psycopg://sandan@db.internal/sandan"
    assert values["SQLALCHEMY_DATABASE_URI"] == uri


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"SECRET_KEY": "short"}, "SECRET_KEY"),
        ({"SECRET_KEY": "change-me-change-me-change-me-change-me"}, "SECRET_KEY"),
        ({"SECRET_KEY": "ab" * 20}, "SECRET_KEY"),
        ({"BLIND_INDEX_KEY": PRODUCTION["SECRET_KEY"]}, "BLIND_INDEX_KEY"),
        ({"BLIND_INDEX_KEY": ""}, "BLIND_INDEX_KEY"),
        ({"FIELD_KEYS": "1:" + base64.b64encode(bytes(32)).decode()}, "FIELD_KEYS"),
        ({"DEMO": "1"}, "DEMO_PASSWORD"),
        ({"WECHAT_MODE": "sandbox"}, "WECHAT_MODE"),
        ({"WECHAT_SECRET": ""}, "WECHAT_SECRET"),
        ({"CLOCK_FILE": "/tmp/clock"}, "CLOCK_FILE"),  # noqa: S108  # only its name counts
    ],
)
def test_production_refuses(change: dict[str, str], named: str) -> None:
    """Exactly the one variable is named."""
    (line,) = problems(PRODUCTION | change)
    assert line.startswith(f"{named}：")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("APP_ENV", "prod"),
        ("PORT", "0"),
        ("PORT", "65536"),
        ("PORT", "８０００"),
        ("SERVER_WORKERS", "-1"),
        ("DEMO", "yes"),
        ("LOG_LEVEL", "loud"),
        ("WECHAT_MODE", "test"),
        ("DATABASE_URL", "mysql://host/name"),
        ("DATABASE_URL", "sqlite://"),
        ("DATABASE_URL", "sqlite:///:memory:"),
        ("DATABASE_URL", "postgres://"),
        ("TRUSTED_PROXIES", "all"),
        ("METRICS_ALLOWED", "10.0.0.1/8"),
        ("REDIS_URL", "http://host"),
        ("FIELD_KEYS", "1:short"),
        ("FIELD_KEYS", f"1:{KEY},1:{KEY}"),
        ("FIELD_KEY_ID", "7"),
    ],
)
def test_a_bad_value_is_named_with_what_is_expected(
    development: dict[str, str], name: str, value: str
) -> None:
    """One line, in Chinese and in English."""
    (line,) = problems(development | {name: value})
    assert re.match(rf"{name}：现在.+，应为：.+。 / {name} .+; expected .+\.$", line)


def test_all_problems_come_at_once(development: dict[str, str]) -> None:
    """Nobody mends one value a start."""
    lines = problems(development | {"PORT": "x", "SERVER_WORKERS": "y", "LOG_LEVEL": "z"})
    assert [line.split("：")[0] for line in lines] == ["PORT", "SERVER_WORKERS", "LOG_LEVEL"]


def test_no_secret_is_shown(development: dict[str, str]) -> None:
    """Not a bad one, and not the password within an address."""
    given = {
        "SECRET_KEY": "hush-1",
        "FIELD_KEYS": "hush-2",
        "BLIND_INDEX_KEY": "hush-3",
        "DATABASE_URL": "mysql://user:hush-4@host/name",
        "REDIS_URL": "hush-5@host",
    }
    lines = problems(development | given)
    assert len(lines) == len(given)
    assert "hush" not in "".join(lines)


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg"])
def test_postgresql_addresses_are_spoken_by_psycopg_3(scheme: str) -> None:
    """As hosts hand them out."""
    url = f"{scheme}://user:p%40ss@a,b/name?target_session_attrs=read-write"
    assert config.database_uri(url) == "postgresql+psycopg" + url.removeprefix(scheme)


def test_a_relative_sqlite_file_lies_beside_the_program() -> None:
    """Wherever the program is started from."""
    assert config.database_uri("sqlite:///var/a.db") == f"sqlite:///{config.ROOT}/var/a.db"
    assert config.database_uri("sqlite:////data/a.db") == "sqlite:////data/a.db"


def test_several_workers_on_sqlite_are_only_warned_about(development: dict[str, str]) -> None:
    """It works, and is slower."""
    (warning,) = config.load(development | {"SERVER_WORKERS": "2"})["CONFIG_WARNINGS"]
    assert warning.startswith("SERVER_WORKERS：")


def test_field_keys_rotate(development: dict[str, str]) -> None:
    """The last key seals unless another is named."""
    other = base64.b64encode(hashlib.sha256(b"other").digest()).decode()
    given = development | {"FIELD_KEYS": f"1:{KEY}, 2:{other}"}
    assert config.load(given)["FIELD_KEY_ID"] == "2"
    assert config.load(given | {"FIELD_KEY_ID": "1"})["FIELD_KEY_ID"] == "1"


def copied(tmp_path: Path, dotenv: str) -> Path:
    """The module in a folder of its own with a `.env` beside it."""
    (tmp_path / "config.py").write_bytes(Path(config.__file__).read_bytes())
    (tmp_path / ".env").write_text(dotenv, encoding="utf-8")
    return tmp_path / "config.py"


def ask(module: Path, **environ: str) -> subprocess.CompletedProcess[str]:
    """Runs the module as `run` does."""
    clean = {k: v for k, v in os.environ.items() if k not in config.NAMES}
    command = [sys.executable, str(module)]
    return subprocess.run(
        command, env=clean | environ, capture_output=True, text=True, check=False, cwd="/"
    )


def test_the_file_is_read_and_the_environment_wins(tmp_path: Path) -> None:
    """Comments, `export` and quotes are understood."""
    text = "# mine\nexport PORT='8001'\nHOST=\"::1\"\n\nDATA_DIR=my data\n"
    answer = ask(copied(tmp_path, text), HOST="0.0.0.0")  # noqa: S104  # only read back
    assert answer.returncode == 0, answer.stderr
    assert "PORT=8001\n" in answer.stdout
    assert "HOST=0.0.0.0\n" in answer.stdout
    assert f"DATA_DIR='{tmp_path}/my data'\n" in answer.stdout
    assert "SECRET" not in answer.stdout


def test_tests_never_read_the_file(tmp_path: Path) -> None:
    """A developer's database is in there."""
    answer = ask(copied(tmp_path, "PORT=8001\n"), APP_ENV="testing")
    assert "PORT=8000\n" in answer.stdout


def test_a_bad_line_of_the_file_is_named_without_its_text(tmp_path: Path) -> None:
    """It may be half of a secret."""
    answer = ask(copied(tmp_path, "PORT=8001\nhush hush\n"))
    assert answer.returncode == 1
    assert ".env：第 2 行" in answer.stderr
    assert "hush" not in answer.stderr
    assert answer.stdout == ""


def test_the_test_command_forgets_every_setting() -> None:
    """What `./test` unsets is what the program reads."""
    script = (config.ROOT / "test").read_text(encoding="utf-8")
    unset = re.search(r"^unset ((?:.+\\\n)*.+)$", script, re.MULTILINE)
    assert unset is not None
    named = set(unset[1].replace("\\\n", " ").split())
    assert named - {"APP_ENV"} == set(config.NAMES) - {"APP_ENV"}


def test_the_example_names_every_setting() -> None:
    """And no value that could be taken for a secret."""
    text = (config.ROOT / ".env.example").read_text(encoding="utf-8")
    named = re.findall(r"^#?([A-Z_]+)=", text, re.MULTILINE)
    assert set(named) == set(config.NAMES)
    assert len(named) == len(set(named))
    assert re.search(r"(SECRET|KEY|KEYS|PASSWORD)=.", text) is None
