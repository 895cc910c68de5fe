"""The ways a request proves who sends it: one union that is also the schema."""

from __future__ import annotations

from typing import TypeAlias

from runbooks.auth.hmac_signature import Hmac
from runbooks.auth.oauth2 import Oauth2
from runbooks.auth.sigv4 import Sigv4
from runbooks.auth.static import Basic, Bearer

AnyAuth: TypeAlias = Bearer | Basic | Oauth2 | Hmac | Sigv4
