"""Passwords and one-time codes as pure functions."""

from datetime import UTC, datetime, timedelta

import pyotp
import pytest
from argon2 import PasswordHasher
from hypothesis import given
from hypothesis import strategies as st

from app.identity import passwords, totp
from app.kernel.errors import Invalid

AT = datetime(2026, 3, 2, 1, 0, 10, tzinfo=UTC)


@pytest.mark.parametrize(
    ("password", "code"),
    [
        ("short-123", "password.too_short"),
        ("x" * 129, "password.too_long"),
        ("Li.Jianguo", "password.is_username"),
        ("li.jianguo", "password.is_username"),
        ("lI.jIANGUO", "password.is_username"),
        ("li.jianguo1978", "password.is_username"),
        ("password123", "password.too_common"),
        ("PassWord123", "password.too_common"),
        ("1234567890", "password.too_common"),
        ("aaaaaaaaaaaa", "password.too_common"),
        ("abcdefghijklm", "password.too_common"),
        ("9876543210", "password.too_common"),
        ("abc12abc12abc", "password.too_common"),
    ],
)
def test_what_is_guessed_first_is_refused(password: str, code: str) -> None:
    with pytest.raises(Invalid) as refused:
        passwords.check_strength(password, "Li.Jianguo")
    assert refused.value.code == code
    assert refused.value.errors == {"new_password": [refused.value.message]}


@pytest.mark.parametrize(
    "password",
    ["winter-lantern-42", "我家门口有两棵大槐树", "  two blanks  ", "correct horse", "7294013586"],
)
def test_length_is_enough(password: str) -> None:
    passwords.check_strength(password, "li.jianguo")


def test_a_hash_opens_to_its_password_alone() -> None:
    kept = passwords.hash_password("winter-lantern-42")
    assert passwords.password_matches(kept, "winter-lantern-42")
    assert not passwords.password_matches(kept, "winter-lantern-42 ")
    assert not passwords.password_matches("not a hash", "winter-lantern-42")
    assert not passwords.is_outdated(kept)


def test_a_hash_made_with_weaker_figures_is_outdated(
    shipped_hasher: PasswordHasher, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = passwords.hash_password("winter-lantern-42")
    monkeypatch.setattr(passwords, "_HASHER", shipped_hasher)
    assert passwords.is_outdated(kept)


@given(st.text(max_size=20))
def test_the_key_of_a_key_is_itself(name: str) -> None:
    key = passwords.username_key(name)
    assert passwords.username_key(key) == key


def test_names_that_look_alike_are_one() -> None:
    assert passwords.username_key(" WANG ") == passwords.username_key("wang")


def test_one_time_passwords_pass_the_own_rules() -> None:
    made = {passwords.one_time_password() for _ in range(50)}
    assert len(made) == 50
    for password in made:
        passwords.check_strength(password, "li.jianguo")


def test_a_code_matches_its_interval_and_one_to_either_side() -> None:
    secret = totp.new_secret()
    counter = int(AT.timestamp()) // 30
    for drift, expected in (
        (-2, None),
        (-1, counter - 1),
        (0, counter),
        (1, counter + 1),
        (2, None),
    ):
        code = pyotp.TOTP(secret).at(AT + timedelta(seconds=30 * drift))
        assert totp.matching_counter(secret, code, AT, after=0) == expected


def test_a_code_does_not_match_again_nor_an_older_one() -> None:
    secret = totp.new_secret()
    counter = int(AT.timestamp()) // 30
    code = pyotp.TOTP(secret).at(AT)
    assert totp.matching_counter(secret, code, AT, after=counter) is None
    assert totp.matching_counter(secret, code, AT, after=counter - 1) == counter
    assert totp.matching_counter(secret, "", AT, after=0) is None
    assert totp.matching_counter(secret, "动态码", AT, after=0) is None


def test_recovery_codes_are_long_and_forgive_how_they_are_typed() -> None:
    code = totp.new_recovery_code()
    plain = totp.plain_recovery_code(code)
    assert len(plain) == 24
    assert totp.plain_recovery_code(f" {code.lower().replace('-', ' ')}") == plain
