"""Is a secret in a text, however it is spelled there?"""

from __future__ import annotations

import base64
import json
from urllib.parse import quote, quote_plus


def leaks(text: str, secret: str) -> list[str]:
    """Which spelling of a secret is in a text, whole but for the characters that its neighbours decide."""
    raw = secret.encode()
    cores = [secret, quote(secret, safe=""), quote_plus(secret), json.dumps(secret)[1:-1], raw.hex()]
    for n in range(3):
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            core = encode(b"\0" * n + raw).decode().rstrip("=")
            cores.append(core[2 if n else 0 : -1][: len(core)] if n == 0 else core[n + 1 : -1])
    return [core for core in cores if core and core in text]
