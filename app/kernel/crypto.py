"""Encryption of personal data (sealing), blind indexes, signatures, random tokens and masks."""

import base64
import hashlib
import hmac
import os
import re
import secrets
from collections.abc import Mapping

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from flask import current_app

from app.kernel.errors import Invalid

_NONCE = 12
_PHONE = re.compile(r"^(?:1[3-9]\d{9}|0\d{9,11}|[2-9]\d{6,7}|400\d{7})$")


class Keyring:
    """All keys of the program.

    `ciphers` holds the field keys by id, and `current` is the id of the field key that seals now.
    `index` is the key of blind indexes, `signing` the key of signatures.
    """

    def __init__(
        self, fields: Mapping[str, bytes], current: str, index: bytes, signing: bytes
    ) -> None:
        self.ciphers = {key_id: AESGCM(key) for key_id, key in fields.items()}
        self.current = current
        self.index = index
        self.signing = signing


def _keyring() -> Keyring:
    ring: Keyring = current_app.extensions["keyring"]
    return ring


def read_keyring(config: Mapping[str, object]) -> Keyring:
    """The keys of the configuration; FIELD_KEYS is "id:base64,id:base64" with 32 bytes for each key."""
    pairs = (pair.split(":", 1) for pair in str(config["FIELD_KEYS"]).split(","))
    fields = {key_id.strip(): base64.b64decode(key) for key_id, key in pairs}
    return Keyring(
        fields,
        str(config["FIELD_KEY_ID"]),
        str(config["BLIND_INDEX_KEY"]).encode(),
        str(config["SECRET_KEY"]).encode(),
    )


def seal(plain: str, context: str) -> str:
    """Encrypts the text by AES-GCM; answers the id of the key, a full stop, and the cipher text.

    `context` ("table.column:row id") is the associated data: the sealed text opens nowhere else.
    """
    ring = _keyring()
    nonce = os.urandom(_NONCE)
    sealed = ring.ciphers[ring.current].encrypt(nonce, plain.encode(), context.encode())
    return f"{ring.current}.{base64.urlsafe_b64encode(nonce + sealed).decode()}"


def unseal(sealed: str, context: str) -> str:
    """The plain text of a sealed one.

    Raises cryptography's InvalidTag when the sealed text was changed or belongs to another context, and
    KeyError when the key is not among FIELD_KEYS.
    """
    key_id, body = sealed.split(".", 1)
    raw = base64.urlsafe_b64decode(body)
    return _keyring().ciphers[key_id].decrypt(raw[:_NONCE], raw[_NONCE:], context.encode()).decode()


def blind_index(value: str) -> str:
    """A keyed hash (HMAC-SHA256, 64 hexadecimal digits) of the value.

    It is stored beside a sealed value, so that a query can find the row without opening it.
    """
    return hmac.new(_keyring().index, value.encode(), hashlib.sha256).hexdigest()


def random_token() -> str:
    """A new secret token: 256 random bits as 43 characters that may stand in a URL."""
    return secrets.token_urlsafe(32)


def hash_token(token: str) -> str:
    """The SHA-256 of a token as 64 hexadecimal digits; the database stores this and not the token."""
    return hashlib.sha256(token.encode()).hexdigest()


def sign(text: str) -> str:
    """The signature of the text: the first 24 bytes of an HMAC-SHA256, in characters safe in a URL."""
    digest = hmac.new(_keyring().signing, text.encode(), hashlib.sha256).digest()
    return base64.urlsafe_b64encode(digest[:24]).decode()


def signature_holds(text: str, signature: str) -> bool:
    """Whether `sign(text)` gives this signature.

    The comparison takes the same time for every signature, so its length tells an attacker nothing.
    """
    return hmac.compare_digest(sign(text).encode(), signature.encode())


def normalise_phone(raw: str) -> str:
    """The digits of a Chinese mobile, landline or 400 number, without blanks, signs and the prefix 86.

    Raises Invalid `phone.invalid` for any other text.
    """
    digits = re.sub(r"[\s\-()()+]", "", raw)
    if digits.startswith("86") and len(digits) > 11:
        digits = digits[2:]
    if not digits.isascii() or not _PHONE.match(digits):
        raise Invalid("phone.invalid", "电话号码不对，请检查后再填一次。")
    return digits


def mask_name(name: str) -> str:
    """The name with only its first character shown: 王小明 becomes 王**; an empty name stays empty."""
    return name[:1] + "*" * max(len(name) - 1, 1) if name else ""


def mask_phone(phone: str) -> str:
    """The number without its middle: 13812345678 becomes 138****5678; under 8 digits it is all stars."""
    return phone[:3] + "****" + phone[-4:] if len(phone) >= 8 else "****"
