"""Types that no pattern knows: the most alike among labelled types, with how alike they are."""

from __future__ import annotations

import difflib
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from io import StringIO
from typing import Any

import numpy as np
import pandas as pd

__all__ = ["LEAST_SPELLING", "Similar", "known_types", "most_alike", "respelled", "same_words"]

# Measured on misspelt types, each city without its own words (docs/call_types.md): from 0.88 on, 98 of 100 repaired spellings are right.
# Likeness of whole types is never right that often: it only orders what a person is offered.
LEAST_SPELLING = 0.88
# Shorter words are one letter from each other: "short" and "shot".
_SHORTEST = 6
# A category's score is its best labelled type: half by pieces of words (abbreviations), half by whole words (meaning).
_PIECES = (2, 5)


@dataclass(frozen=True)
class Similar:
    """The nearest category of each type, the runner-up, and how alike they are (0 to 1)."""

    first: np.ndarray
    first_score: np.ndarray
    second: np.ndarray
    second_score: np.ndarray


@lru_cache(maxsize=1)
def known_types() -> pd.DataFrame:
    """Return the labelled types that ship with sara: ``source`` (whose), ``kind``, ``type`` (as published), ``category``."""
    text = resources.files("sara.data").joinpath("lexicon.csv").read_text(encoding="utf-8")
    return pd.read_csv(StringIO(text), dtype=str, keep_default_na=False)


def same_words(types: Sequence[str], kind: str) -> list[str | None]:
    """Return the category of the labelled type with the same words, None where there is none.

    Examples
    --------
    >>> same_words(["MUNI  feedback", "Quantum"], "311")
    ['other', None]
    """
    known = _by_words(kind)
    return [known.get(plain_words(text)) for text in types]


@lru_cache(maxsize=2)
def _by_words(kind: str) -> dict[str, str]:
    known = known_types()
    known = known[known["kind"] == kind].assign(words=lambda table: table["type"].map(plain_words))
    n = known[known["words"] != ""].groupby(["words", "category"]).size().rename("n").reset_index()
    # Where cities disagree the more frequent label counts, among equals the first by name.
    best = n.sort_values(["words", "n", "category"], ascending=[True, False, True], kind="stable").drop_duplicates("words")
    return dict(zip(best["words"], best["category"], strict=True))


def most_alike(types: Sequence[str], kind: str, *, without: str | None = None) -> Similar:
    """Return the two categories whose labelled types are most like each of `types`.

    Parameters
    ----------
    types : sequence of str
        As published.
    kind : {"police", "311"}
        Whose labelled types are looked at.
    without : str, optional
        A source whose types are left out, to measure what an unseen city would get.
    """
    model = _fitted(kind, without)
    words = [plain_words(text) for text in types]
    score = np.zeros((len(words), len(model.categories)))
    for vectorizer, labelled in ((model.pieces, model.known_pieces), (model.words, model.known_words)):
        alike = (_weights(vectorizer, words) @ labelled.T).toarray()
        for column, members in enumerate(model.members):
            score[:, column] += alike[:, members].max(axis=1) / 2
    # Among equals the first by name, so that the answer does not depend on how a library sorts.
    order = np.argsort(-np.round(score, 9), axis=1, kind="stable")
    rows = np.arange(len(words))
    one, two = order[:, 0], order[:, 1]
    names = np.asarray(model.categories, dtype=object)
    return Similar(names[one], score[rows, one], names[two], score[rows, two])


def respelled(text: str, *, without: str | None = None) -> tuple[str, float] | None:
    """Return the type with its misspelt words put right and how like the worst of them is (0 to 1); None where no word was.

    Examples
    --------
    >>> respelled("BURGLRY REPORT")
    ('BURGLARY REPORT', 0.93)
    """
    out, score = [], 1.0
    for word in re.split(r"([A-Z]+)", str(text).upper()):
        close, alike = _closest(word, without) if len(word) >= _SHORTEST and word.isalpha() else (word, 1.0)
        out.append(close)
        score = min(score, alike)
    return None if score == 1.0 else ("".join(out), round(score, 2))


@lru_cache(maxsize=20_000)
def _closest(word: str, without: str | None) -> tuple[str, float]:
    """Return the known word that is written most like `word`, and how like; the word itself where none is like enough."""
    known = _vocabulary(without)
    close = [] if word in known else difflib.get_close_matches(word, known, n=1, cutoff=LEAST_SPELLING)
    return (close[0], difflib.SequenceMatcher(None, word, close[0]).ratio()) if close else (word, 1.0)


@lru_cache(maxsize=8)
def _vocabulary(without: str | None) -> dict[str, None]:
    """Return the words of the labelled types and of the categories, in alphabetical order: of two equally close the first is taken."""
    from sara.data.categories import category_table

    known, table = known_types(), category_table()
    text = pd.concat([known.loc[known["source"] != without, "type"], table["category"], table["label"]]).str.upper()
    return dict.fromkeys(sorted({word for phrase in text for word in re.findall(r"[A-Z]{4,}", phrase)}))


def plain_words(text: str) -> str:
    """Return lower-case words without numbers and signs: "21B - BUSINESS HOLD UP" is a business hold up."""
    words = re.sub(r"[^a-z0-9]+", " ", str(text).lower()).split()
    return " ".join(word for word in words if not any(letter.isdigit() for letter in word) or word == "911")


@dataclass(frozen=True)
class _Model:
    pieces: Any
    words: Any
    known_pieces: Any
    known_words: Any
    categories: list[str]
    members: list[np.ndarray]


@lru_cache(maxsize=32)
def _fitted(kind: str, without: str | None) -> _Model:
    # Only reached when a type is left that no pattern knows: reading a file never pays for this import.
    from sklearn.feature_extraction.text import TfidfVectorizer

    from sara.data.categories import category_table

    known = known_types()
    known = known[(known["kind"] == kind) & (known["source"] != without)]
    table = category_table()
    table = table[table["kind"].isin([kind, "both"])]
    # A category's own name and label are examples of it too.
    text = pd.concat([known["type"], table["category"], table["label"]]).map(plain_words)
    category = pd.concat([known["category"], table["category"], table["category"]])
    there = (text != "").to_numpy()
    text, category = text[there].tolist(), category[there].to_numpy(dtype=object)
    pieces = TfidfVectorizer(analyzer="char_wb", ngram_range=_PIECES, sublinear_tf=True, norm=None).fit(text)
    words = TfidfVectorizer(analyzer="word", ngram_range=(1, 2), sublinear_tf=True, token_pattern=r"\S+", norm=None).fit(text)
    names = sorted(set(category))
    members = [np.flatnonzero(category == name) for name in names]
    return _Model(pieces, words, _weights(pieces, text), _weights(words, text), names, members)


def _weights(vectorizer: Any, text: Sequence[str]) -> Any:
    """Return rows of length one; what the labelled types never say counts in the length, so that "boat" is not all of "abandoned boat"."""
    from scipy.sparse import diags

    known = vectorizer.transform(text)
    analyze = vectorizer.build_analyzer()
    rarest = float(vectorizer.idf_.max())
    square = np.asarray(known.multiply(known).sum(axis=1)).ravel()
    for row, phrase in enumerate(text):
        new = Counter(piece for piece in analyze(phrase) if piece not in vectorizer.vocabulary_)
        square[row] += sum((rarest * (1 + np.log(times))) ** 2 for times in new.values())
    length = np.sqrt(square)
    return diags(1 / np.where(length > 0, length, 1.0)) @ known
