"""Sealing personal data, blind indexes, signatures, tokens and masks."""

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
    """The field keys by id, the id that seals now, and the keys for indexes and signatures."""

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
    """Keys from the configuration: FIELD_KEYS is "id:base64,id:base64", 32 bytes each."""
    pairs = (pair.split(":", 1) for pair in str(config["FIELD_KEYS"]).split(","))
    fields = {key_id.strip(): base64.b64decode(key) for key_id, key in pairs}
    return Keyring(
        fields,
        str(config["FIELD_KEY_ID"]),
        str(config["BLIND_INDEX_KEY"]).encode(),
        str(config["SECRET_KEY"]).encode(),
    )


def seal(plain: str, context: str) -> str:
    """AES-GCM with the key's id in front; `context` ("table.column:row id") is the associated data."""
    ring = _keyring()
    nonce = os.urandom(_NONCE)
    sealed = ring.ciphers[ring.current].encrypt(nonce, plain.encode(), context.encode())
    return f"{ring.current}.{base64.urlsafe_b64encode(nonce + sealed).decode()}"


def unseal(sealed: str, context: str) -> str:
    """The plain text; raises InvalidTag where text or context were changed."""
    key_id, body = sealed.split(".", 1)
    raw = base64.urlsafe_b64decode(body)
    return _keyring().ciphers[key_id].decrypt(raw[:_NONCE], raw[_NONCE:], context.encode()).decode()


def blind_index(value: str) -> str:
    """A keyed hash by which a sealed value is found again."""
    return hmac.new(_keyring().index, value.encode(), hashlib.sha256).hexdigest()


def random_token() -> str:
    """256 random bits, safe in addresses."""
    return secrets.token_urlsafe(32)


def hash_token(token: str) -> str:
    """What the database keeps of a random token."""
    return hashlib.sha256(token.encode()).hexdigest()


def sign(text: str) -> str:
    """An HMAC of the text, safe in addresses."""
    digest = hmac.new(_keyring().signing, text.encode(), hashlib.sha256).digest()
    return base64.urlsafe_b64encode(digest[:24]).decode()


def signature_holds(text: str, signature: str) -> bool:
    """Whether the signature is the text's, compared in constant time."""
    return hmac.compare_digest(sign(text).encode(), signature.encode())


def normalise_phone(raw: str) -> str:
    """A Chinese mobile, landline or 400 number as bare digits; else Invalid `phone.invalid`."""
    digits = re.sub(r"[\s\-()()+]", "", raw)
    if digits.startswith("86") and len(digits) > 11:
        digits = digits[2:]
    if not digits.isascii() or not _PHONE.match(digits):
        raise Invalid("phone.invalid", "电话号码不对，请检查后再填一次。")
    return digits


def mask_name(name: str) -> str:
    """王小明 → 王**."""
    return name[:1] + "*" * max(len(name) - 1, 1) if name else ""


def mask_phone(phone: str) -> str:
    """13812345678 → 138****5678."""
    return phone[:3] + "****" + phone[-4:] if len(phone) >= 8 else "****"
