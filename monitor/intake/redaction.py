r"""What may never be shown of a raw exchange: secrets in every spelling, logins, keys, telephone numbers. Pure.

Secrets are masked by their value: as they are, escaped for JSON, encoded for a URL, in hex, and in base64 at each of its
three alignments, so that `user:password` of a basic login is found as well. What golive does not know by value is
masked by where it stands: after the name of a header, field or parameter that says what it is.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from functools import lru_cache
from urllib.parse import quote

from monitor.redaction import LEAST, MASK, shapes

SHORTEST = LEAST
"""Characters of a secret below which masking by value would only tear words apart."""
_MASKED_NAMES = (
    r"(?:[\w-]{0,40}(?:authorization|cookie|password|passwd|pwd|secret|token|api[_-]?key|private[_-]?key|access[_-]?key"
    r"|credential|session[_-]?id|signature|nonce|assertion|caller[_-]?idname|connectedlinename|membername)[\w-]{0,40}"
    r"|key|challenge|auth)"
)
_NUMBER_NAMES = (
    r"(?:[\w-]{0,40}(?:phone|msisdn|caller[_-]?id|connectedline|dialednumber|dnis|e164)[\w-]{0,40}"
    r"|ani|number|caller|callee|exten)"
)
_JSON = re.compile(rf'("{_MASKED_NAMES}"\s*:\s*)("(?:[^"\\]|\\.)*"?|[\w.+-]+)', re.IGNORECASE)
_JSON_NUMBER = re.compile(rf'("{_NUMBER_NAMES}"\s*:\s*)("(?:[^"\\]|\\.)*"?|[\w.+-]+)', re.IGNORECASE)
_HEADER = re.compile(rf"^({_MASKED_NAMES}[ \t]*:[ \t]*)(\S[^\r\n]*)", re.IGNORECASE | re.MULTILINE)
_HEADER_NUMBER = re.compile(rf"^({_NUMBER_NAMES}[ \t]*:[ \t]*)(\S[^\r\n]*)", re.IGNORECASE | re.MULTILINE)
_FORM = re.compile(rf"((?:^|[?&;\s]){_MASKED_NAMES}=)([^&\s;,]+)", re.IGNORECASE)
_FORM_NUMBER = re.compile(rf"((?:^|[?&;\s]){_NUMBER_NAMES}=)([^&\s;,]+)", re.IGNORECASE)
_E164 = re.compile(r"(?<![\w.])(?:\+|%2[Bb])\d(?:[ ().-]?\d){6,14}(?![\w])")
_URI = re.compile(r"\b((?:sips?|tel):)(\+?[\d().-]{5,20})(?=[@;>\s\"]|$)", re.IGNORECASE)
_SIP_USER = re.compile(r"\b(sips?:)[^@\s<>\";]{1,100}@", re.IGNORECASE)
_SIP_NAME = re.compile(
    r"(\"[^\"\r\n]{1,100}\"|(?<=[:=])[ \t]*[\w.'-]{1,40}(?: [\w.'-]{1,40}){0,3})(?=[ \t]*<sips?:)", re.IGNORECASE
)
_LOGIN = re.compile(r"(\b[a-z][a-z0-9+.-]{1,15}://)[^/\s@:\"]{1,100}:[^/\s@\"]{1,200}@", re.IGNORECASE)
_BEARER = re.compile(r"\b(Bearer|Basic|Digest|Negotiate)(\s+)[A-Za-z0-9._~+/=:,\"-]{6,}")
_PHONE = "+***"


def redacted(text: str, secrets: Collection[str]) -> str:
    """The text with everything masked that may not be shown. secrets: values that are known to be secret."""
    for spelling in sorted({s for secret in secrets for s in _spellings(secret)}, key=len, reverse=True):
        if spelling in text:
            text = text.replace(spelling, MASK)
    text = _LOGIN.sub(rf"\1{MASK}@", text)
    for pattern in (_HEADER, _FORM):
        text = pattern.sub(rf"\1{MASK}", text)
    text = _JSON.sub(rf'\1"{MASK}"', text)
    text = _BEARER.sub(rf"\1\2{MASK}", text)
    text = _JSON_NUMBER.sub(_masked_json_number, text)
    for pattern in (_HEADER_NUMBER, _FORM_NUMBER):
        text = pattern.sub(_masked_number, text)
    text = _SIP_USER.sub(rf"\1{_PHONE}@", _SIP_NAME.sub(MASK, text))
    text = _URI.sub(rf"\1{_PHONE}", text)
    return _E164.sub(_PHONE, text)


def cut(text: str, secrets: Collection[str]) -> str:
    """The text without the beginning of a secret at its very end, where it was cut off."""
    longest = 0
    for spelling in {s for secret in secrets for s in _spellings(secret)}:
        for length in range(min(len(spelling) - 1, len(text)), longest, -1):
            if text.endswith(spelling[:length]):
                longest = length
                break
    return text[: len(text) - longest] + MASK if longest >= SHORTEST else text


def _masked_json_number(match: re.Match[str]) -> str:
    return f'{match[1]}"{_PHONE}"' if _looks_dialled(match[2]) else match[0]


def _masked_number(match: re.Match[str]) -> str:
    return f"{match[1]}{_PHONE}" if _looks_dialled(match[2]) else match[0]


def _looks_dialled(value: str) -> bool:
    """Five digits or more: what follows the name of a telephone number may be a word as well, or a queue's short code."""
    return sum(character.isdigit() for character in value) >= 5  # noqa: PLR2004 - see the sentence


@lru_cache(maxsize=4096)
def _spellings(secret: str) -> frozenset[str]:
    if len(secret) < SHORTEST:
        return frozenset()
    plain = shapes(secret)
    return plain | {quote(shape, safe="") for shape in plain}
