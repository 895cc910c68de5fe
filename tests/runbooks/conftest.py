"""A target and a way to write runbooks against it."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.runbooks.target import Target, served


@pytest.fixture
async def target() -> AsyncIterator[Target]:
    async with served() as here:
        yield here
