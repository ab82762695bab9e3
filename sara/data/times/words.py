"""Written times made alike before their shape is looked at: names of months, markers of the half day, placeholders, hour 24."""

from __future__ import annotations

import re
import unicodedata

import numpy as np
import pandas as pd

__all__ = ["LONG_MONTHS", "MIDNIGHT_IN_UTC", "MONTHS", "date_of_parts", "hour_24", "made_alike", "placeholders"]

MONTHS = "JAN|FEB|MAR|APR|MAY|JUN|JUL|AUG|SEP|OCT|NOV|DEC"
# A date of a database, where its midnight is that of the city: some full hour.
MIDNIGHT_IN_UTC = r"[0-9]{4}[-/][0-9]{2}[-/][0-9]{2}[ T][0-9]{2}:00(?::00(?:\.0+)?)?(?:Z|[+-]00(?::?00)?)"
LONG_MONTHS = "JANUARY|FEBRUARY|MARCH|APRIL|JUNE|JULY|AUGUST|SEPTEMBER|OCTOBER|NOVEMBER|DECEMBER"
_DAYS = r"(?:(?:MON|TUE|WED|THU|FRI|SAT|SUN)(?:DAY|SDAY|NESDAY|RSDAY|URDAY)?|LUN(?:ES)?|MAR(?:TES)|MIE(?:RCOLES)?|JUE(?:VES)?|VIE(?:RNES)?|SABADO|DOM(?:INGO)?|LUNDI|MARDI|MERCREDI|JEUDI|VENDREDI|SAMEDI|DIMANCHE|MONTAG|DIENSTAG|MITTWOCH|DONNERSTAG|FREITAG|SAMSTAG|SONNTAG|MAANDAG|DINSDAG|WOENSDAG|DONDERDAG|VRIJDAG|ZATERDAG|ZONDAG)"
# English name -> the others', accents taken off. Short forms that are English already are left out.
_FOREIGN = {
    "JAN": "ENERO ENE JANVIER JANV JANUAR JANUARI JANEIRO GENNAIO GEN", "FEB": "FEBRERO FEVRIER FEVR FEBRUAR FEBRUARI FEVEREIRO FEV FEBBRAIO",
    "MAR": "MARZO MARS MARZ MAERZ MAART MRT MARCO", "APR": "ABRIL ABR AVRIL AVR APRILE", "MAY": "MAYO MAI MEI MAIO MAGGIO MAG",
    "JUN": "JUNIO JUIN JUNI JUNHO GIUGNO GIU", "JUL": "JULIO JUILLET JUIL JULI JULHO LUGLIO LUG", "AUG": "AGOSTO AGO AOUT AUGUSTUS",
    "SEP": "SEPTIEMBRE SEPT SETIEMBRE SEPTEMBRE SETEMBRO SET SETTEMBRE", "OCT": "OCTUBRE OCTOBRE OKTOBER OKT OUTUBRO OUT OTTOBRE OTT",
    "NOV": "NOVIEMBRE NOVEMBRE NOVEMBRO", "DEC": "DICIEMBRE DIC DECEMBRE DEZEMBER DEZ DEZEMBRO DICEMBRE",
}  # fmt: skip
_TO_ENGLISH = {word: english for english, words in _FOREIGN.items() for word in words.split()}
_ANY_FOREIGN = re.compile(r"(?<![A-Z])(" + "|".join(sorted(_TO_ENGLISH, key=len, reverse=True)) + r")\.?(?![A-Z])")
# Dates that stand for no date: the first and last day of systems, with or without a midnight.
_MIDNIGHT = r"(?:[T ]0?0:00(?::00(?:[.,]0+)?)?|[T ]12:00(?::00)?(?:[.,]0+)? ?AM)?(?:Z|[+-]00:?00)?"
_NO_DATE = re.compile(
    rf"(?:(?:0001-01-01|1753-0?1-0?1|1800-01-01|1899-12-3[01]|1900-0?1-0?[01]|1901-01-01|1970-0?1-0?1|0?1/0?1/(?:0001|1753|1900|1901|1970)|12/3[01]/1899|3[01]/12/1899|0000-00-00|0?0/0?0/0000){_MIDNIGHT}"
    r"|(?:9999|2999|2199|2099)-12-31.*|(?:12/31|31/12)/(?:9999|2999|2199|2099).*|31\.12\.(?:9999|2999|2099).*|0?1\.0?1\.(?:1900|1970|0001)(?: 0?0:00(?::00)?)?)"
)
_NO_DATE_STAMPS = np.array(
    ["1753-01-01", "1800-01-01", "1899-12-30", "1899-12-31", "1900-01-01", "1901-01-01", "1970-01-01"], dtype="datetime64[us]"
)


def placeholders(values: pd.Series | np.ndarray) -> np.ndarray:
    """Return a mask of dates that stand for no date at all: 1900-01-01, 9999-12-31 and the like."""
    if isinstance(values, np.ndarray):
        late = values >= np.datetime64("2099-12-31", "us")
        return np.isin(values, _NO_DATE_STAMPS) | (late & ~np.isnat(values))
    # A year out of the ordinary is the mark of all of them: the pattern is tried on few.
    odd = values.str.contains(r"0001|1753|1800|1899|190[01]|1970|9999|2999|2[01]99|0000", regex=True).to_numpy(
        dtype=bool, na_value=False
    )
    out = np.zeros(len(values), bool)
    if odd.any():
        out[odd] = values[odd].str.fullmatch(_NO_DATE).to_numpy(dtype=bool, na_value=False)
    return out


def made_alike(clean: pd.Series) -> pd.Series:
    """Return upper-case text with one way of writing months, AM and PM, UTC, compact ISO times and hour 24."""
    if clean.str.contains("[^ -~]", regex=True).any():
        clean = clean.map(_without_accents)
    clean = clean.str.replace(r"(?<=:[0-9]{2}),(?=[0-9]{1,9}$)", ".", regex=True)
    lettered = clean.str.contains(r"[A-Z]{3}|[AP]\.? ?M", regex=True).to_numpy(dtype=bool, na_value=False)
    if lettered.any():
        text = clean[lettered]
        text = text.str.replace(rf"^{_DAYS}\.?,? ", "", regex=True).str.replace(
            r"(?<=[0-9 ])([AP])\.? ?M\.?(?=$| )", r"\1M", regex=True
        )
        text = text.str.replace(r" (?:UTC|GMT)$", "Z", regex=True).str.replace(
            _ANY_FOREIGN, lambda m: _TO_ENGLISH[m[1]], regex=True
        )
        text = text.str.replace(r"(?<=[0-9]) (?:DE|DI) (?=[A-Z])", " ", regex=True).str.replace(
            r"(?<=[A-Z]) (?:DE|DEL|DI) (?=[0-9])", " ", regex=True
        )
        text = text.str.replace(rf"(?<=[0-9])\. (?=(?:{MONTHS}|{LONG_MONTHS})\b)", " ", regex=True).str.replace(
            r" (?:UHR|A LAS|UM|A|KL)(?=$| [0-9])", "", regex=True
        )
        text = text.str.replace(r"(?<=[0-9])(?:ST|ND|RD|TH)(?=,? )", "", regex=True).str.replace(
            r"(?<=[0-9] )([0-9]{1,2}) ?H ?([0-9]{2})$", r"\1:\2", regex=True
        )
        clean = clean.copy()
        clean[lettered] = text
    compact = clean.str.fullmatch(
        r"(?:19|20)[0-9]{6}[T ][0-9]{2}:?[0-9]{2}(?::?[0-9]{2}(?:\.[0-9]+)?)?(?:Z|[+-][0-9:]{2,5})?"
    ).to_numpy(dtype=bool, na_value=False)
    if compact.any():
        clean = clean.copy()
        clean[compact] = clean[compact].str.replace(
            r"^([0-9]{4})([0-9]{2})([0-9]{2})[T ]([0-9]{2}):?([0-9]{2})(?::?([0-9]{2}))?", _spelled, regex=True
        )
    return clean


def _spelled(match: re.Match[str]) -> str:
    year, month, day, hour, minute, second = match.groups()
    return f"{year}-{month}-{day} {hour}:{minute}:{second or '00'}"


def hour_24(clean: pd.Series) -> tuple[pd.Series, np.ndarray]:
    """Return text with 24:00 written 00:00, and a mask of those: they are the next day's."""
    late = clean.str.contains(r"[T ]24:00(?::00(?:\.0+)?)?(?:Z|[+-][0-9:]+)?$|[T ]2400$", regex=True).to_numpy(
        dtype=bool, na_value=False
    )
    if not late.any():
        return clean, late
    out = clean.copy()
    out[late] = out[late].str.replace(r"([T ])24(:?00)", r"\g<1>00\2", regex=True)
    return out, late


def _without_accents(text: str) -> str:
    plain = unicodedata.normalize("NFKD", text)
    return "".join(letter for letter in plain if not unicodedata.combining(letter)).replace("\u202f", " ").replace("\u200e", "")


def date_of_parts(year: pd.Series, month: pd.Series, day: pd.Series) -> pd.Series:
    """Return dates as text from columns of year, month (number or name) and day; blank where one of them is."""
    parts = [
        part.astype(object).astype(str).str.strip().str.replace(r"\.0$", "", regex=True).str.upper()
        for part in (year, month, day)
    ]
    months = parts[1].map(lambda word: _TO_ENGLISH.get(_without_accents(word), word))
    numbers = {name: position + 1 for position, name in enumerate(MONTHS.split("|"))}
    written = months.map(lambda word: f"{numbers[word[:3]]:02d}" if word[:3] in numbers else word.zfill(2))
    text = parts[0] + "-" + written + "-" + parts[2].str.zfill(2)
    blank = pd.concat([part.isin(["", "NAN", "NONE", "NULL", "NAT", "<NA>"]) for part in parts], axis=1).any(axis=1)
    return text.where(~blank, None)
