"""Whether a step could be sent as it stands: everything that can be found out about it without sending anything."""

from __future__ import annotations

import asyncio

from monitor.documents.parts import parts
from monitor.outbound.addresses import Forbidden, allowed, target_of
from monitor.secrets import SecretError, SecretRef
from monitor.template import TemplateError, filled
from monitor.text import clean
from runbooks.context import Context
from runbooks.model import AnyStep


async def unready(step: AnyStep, context: Context) -> str:
    """Why a step, its probe or its undo could not be sent; empty when they could. Secrets are read and thrown away."""
    for request in step.requests():
        try:
            allowed(target_of(request.address(context)), context.allow_hosts)
            filled(request.json, context.values)
        except (Forbidden, TemplateError) as error:
            return clean(f"{request.method} {request.url}: {error}")
    for _, reference in parts(step, (), SecretRef):
        try:
            await asyncio.to_thread(reference.read, context.base)
        except (SecretError, UnicodeDecodeError) as error:
            return clean(str(error))
    return ""
