"""What every row of the read model is made of."""

from __future__ import annotations

import msgspec


class Row(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=False, gc=False):
    """Base of every row. No row can be part of a cycle, so the garbage collector need not look at thousands a tick."""
