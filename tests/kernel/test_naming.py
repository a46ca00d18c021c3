"""The words that name a person, and the texts in which they are blanked out."""

import pytest

from app.kernel.naming import BLANK, NOBODY, Naming

PHONE = "13812345678"
OWN = Naming.certain(name="李娜", phone=PHONE, address="紫藤巷7号", is_verified=True)
UNPROVED = Naming.certain(name="李娜", phone=PHONE, address="紫藤巷7号", is_verified=False)


@pytest.mark.parametrize(
    ("naming", "text", "blanked"),
    [
        (OWN, "李娜家停水", "李娜家停水"),
        (OWN, "紫藤巷7号停水", "紫藤巷7号停水"),
        (OWN, "请打138-1234-5678", f"请打{BLANK}"),
        (OWN, f"紫藤巷7号李 娜{PHONE}停水", f"{BLANK}{BLANK}{BLANK}停水"),
        (UNPROVED, f"请打{PHONE}", f"请打{PHONE}"),
        (UNPROVED, f"紫藤巷7号{PHONE}", f"紫藤巷7号{PHONE}"),
        (UNPROVED, f"李娜{PHONE}", f"{BLANK}{BLANK}"),
    ],
)
def test_a_text_about_anything_names_nobody_without_the_phone(
    naming: Naming, text: str, blanked: str
) -> None:
    """Name and address go only beside the phone; a phone that is not verified goes only beside the name."""
    assert naming.blank(text) == blanked


def test_the_phone_may_stand_in_another_text_of_the_value() -> None:
    """The texts of one value count together, but no phone is read across two of them."""
    assert OWN.blank_all({"a": "李娜", "b": [PHONE]}) == {"a": BLANK, "b": [BLANK]}
    halves = ["李娜", PHONE[:5], PHONE[5:]]
    assert OWN.blank_all(halves) == halves


@pytest.mark.parametrize(
    ("name", "phone", "is_verified"), [("李娜", "", True), ("李娜", "", False), ("", PHONE, False)]
)
def test_without_a_proof_nobody_is_found(name: str, phone: str, is_verified: bool) -> None:
    """Neither without a phone, nor by a phone that is not verified and has no name beside it."""
    found = Naming.certain(name=name, phone=phone, address="紫藤巷7号", is_verified=is_verified)
    assert found == NOBODY
