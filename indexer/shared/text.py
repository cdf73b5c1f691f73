"""Text as both sides want it: cleaned, without people's contact details, and folded for comparison."""

from __future__ import annotations

import unicodedata

import regex

__all__ = ["Span", "clean_text", "fold", "redact_contacts"]

Span = tuple[int, int]
"""Start and end of a piece of text, in code points, end excluded."""

CONTACT_MARK = "[…]"
"""What stands where an e-mail address or a telephone number stood."""

_LINE_BREAKS = regex.compile("\r\n|[\r\v\f\x85\u2028\u2029]")
_SPACES = regex.compile(r"[\t\p{Zs}]")
_JOINERS = regex.compile(r"(?<![\u0590-\u1fff])[\u200c\u200d]")
_INVISIBLE = regex.compile(r"[\p{Cc}\p{Cs}--\n]|[\u00ad\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff]", regex.V1)

_UNIFIED = str.maketrans(
    {
        **dict.fromkeys("\u2018\u2019\u02bc\u02b9\xb4`\u2032\uff07", "'"),
        **dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2015\u2212", "-"),
        "œ": "oe",
        "Œ": "oe",
        "æ": "ae",
        "Æ": "ae",
    }
)
_MARKS = regex.compile(r"\p{Mn}+")

_CONTACT = regex.compile(
    r"""
    (?P<keep>(?:https?://|www\.)\S+)
    | (?<![\w.+-]) [\w.+-]{1,64} (?:@|\s?[\[(](?:at|arroba)[\])]\s?) [\w-]{1,63} (?:\.[\w-]{1,63}){1,8}
    | (?: \(\+\s?\d{1,3}\) | (?<![\w+])\+\s?\d{1,3} ) (?:[ ().\-/]{0,3}\d){6,13} (?!\w)
    | (?<![\w.\-/]) (?:\(\d{3}\)\ ?\d{3}[.\-]\d{4} | \d{3}(?P<gap>[.\-])\d{3}(?P=gap)\d{4}) (?![\w\-/])
    | (?P<label> \b (?: (?:tel|tél|telf?|fax|whatsapp)\b
                      | (?:telephone|téléphone|teléfonos?|telefones?|phone|mobile|móvil|celular)
                        (?:\s?(?:no|n[°º]|number|numéro|número))? (?=\s?[.:]) )
        [\s.:]{0,4} )
      (?!(?:19|20)\d\d\s?[\-/]\s?(?:19|20)\d\d(?!\d)) [(+]?\d (?:[ ().\-/]{0,3}\d){5,14} (?!\w)
    """,
    regex.VERBOSE | regex.IGNORECASE,
)
_THOUSANDS = regex.compile(r"\+\s?\d{1,3}(?:[ .]\d{3})+")


def clean_text(text: str) -> str:
    r"""Return a text in NFC with `\n` as its only line break and U+0020 as its only space.

    Control characters, lone surrogates, soft hyphens, byte order marks, bidi controls and zero-width characters
    disappear; joiners stay in scripts whose spelling needs them (Persian, Hindi, ...). Spaces at line ends go too.
    """
    text = _SPACES.sub(" ", _LINE_BREAKS.sub("\n", text))
    text = _JOINERS.sub("", _INVISIBLE.sub("", text))
    return unicodedata.normalize("NFC", "\n".join(line.rstrip(" ") for line in text.split("\n")))


def fold(text: str) -> str:
    """Return a text for comparison: compatibility forms, case, accents, apostrophes, dashes and spacing made equal."""
    decomposed = unicodedata.normalize("NFKD", text.translate(_UNIFIED))
    return " ".join(_MARKS.sub("", decomposed).casefold().split())


def redact_contacts(text: str) -> str:
    """Return a text with each e-mail address and telephone number replaced by "[…]".

    A number counts as a telephone number only if it begins with "+", follows a word such as "Tel.", or has the North
    American form 416-327-2333; so years, dates, amounts, page ranges, IDs and URLs stay as they are.
    """
    return _CONTACT.sub(_redacted, text)


def _redacted(match: regex.Match[str]) -> str:
    found = match[0]
    if match["keep"] or (_THOUSANDS.fullmatch(found) and found.endswith("000")):
        return found
    return (match["label"] or "") + CONTACT_MARK
