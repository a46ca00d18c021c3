"""The words: enough of them, for every leaf, of a length that the program takes."""

import re
from collections.abc import Iterator

from app.categories.tree import shipped_tree
from app.demo.library import phrases, special, topics

LEAVES = {leaf["name"] for group in shipped_tree() for leaf in group.leaves}
PLACEHOLDERS = {"小区", "楼", "单元"}


def all_texts() -> Iterator[str]:
    """Every sentence of the demo."""
    for topic in topics().values():
        yield from (*topic.progress, *topic.settled)
        for matter in topic.matters:
            yield from (matter.text, matter.done)
    for tones in phrases().values():
        for words in tones.values():
            yield from words
    for about in special()["rejected"]:
        yield from (about["text"], about["reason"], about["ask"])
    for about in special()["merged"]:
        yield from (about["root"], *about["others"], about["done"])


def test_every_leaf_has_its_words() -> None:
    assert set(topics()) == LEAVES
    assert all(len(topic.matters) >= 3 and topic.progress for topic in topics().values())


def test_there_are_many_different_orders() -> None:
    texts = [matter.text for topic in topics().values() for matter in topic.matters]
    assert len(set(texts)) == len(texts) >= 150


def test_texts_fit_and_know_their_placeholders() -> None:
    for text in all_texts():
        assert 4 <= len(text) <= 2000, text
        assert set(re.findall(r"\{(.*?)\}", text)) <= PLACEHOLDERS, text


def test_a_progress_report_counts() -> None:
    reports = [words for topic in topics().values() for words in topic.progress]
    assert all(len(words) >= 10 for words in reports)


def test_no_phone_stands_in_a_text() -> None:
    assert not [text for text in all_texts() if re.search(r"\d{7,}", text)]


def test_sentences_are_chinese_all_through() -> None:
    assert not [text for text in all_texts() if re.search(r"[,.!?;:]", text)]


def test_special_texts_are_about_known_leaves() -> None:
    named = {about["category"] for kind in special().values() for about in kind}
    assert named <= LEAVES
