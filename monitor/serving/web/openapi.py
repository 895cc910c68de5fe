"""The description of the HTTP API, made from the route table and the types, so that it cannot differ from them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

import msgspec

from monitor.serving.web.answers import ErrorBody
from monitor.serving.web.route import Acting, Posting, Reading

_TEMPLATE = "#/components/schemas/{name}"
_PARAMETER = re.compile(r"\{(\w+)\}")
_ERRORS = {
    "400": "The body or a parameter is not what this takes.",
    "401": "No valid token.",
    "403": "This person may not, or the connection is not private.",
    "404": "There is no such thing.",
    "409": "It has changed since it was read.",
    "429": "Too many wrong tokens.",
}


def describe(
    readings: Iterable[Reading], actings: Iterable[Acting], postings: Iterable[Posting], version: str
) -> dict[str, Any]:
    """An OpenAPI 3.1 document."""
    readings, actings = list(readings), list(actings)
    types = [r.answer for r in readings if r.answer] + [t for a in actings for t in (a.body, a.answer)]
    unique = list(dict.fromkeys([*types, ErrorBody]))
    schemas, components = msgspec.json.schema_components(unique, ref_template=_TEMPLATE)
    schema = dict(zip(unique, schemas, strict=True))
    paths: dict[str, Any] = {}
    for reading in readings:
        paths.setdefault(reading.path, {})["get"] = _reading(reading, schema)
    for acting in actings:
        paths.setdefault(acting.path, {})["post"] = _acting(acting, schema)
    for posting in postings:
        paths.setdefault(posting.path, {})["post"] = _posting(posting, schema)
    return {
        "openapi": "3.1.0",
        "info": {"title": "golive", "version": version, "summary": "Watch a cutover and act on it."},
        "paths": paths,
        "components": {
            "schemas": components,
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
    }


def _reading(reading: Reading, schema: dict[Any, Any]) -> dict[str, Any]:
    if reading.answer is None:
        content: dict[str, Any] = {"text/plain": {"schema": {"type": "string"}}}
    else:
        content = _json(schema[reading.answer])
    query = [
        {"name": name, "in": "query", "description": what, "schema": {"type": "integer", "minimum": 0}}
        for name, what in reading.query
    ]
    query += [
        {"name": name, "in": "query", "description": what, "schema": {"type": "string"}} for name, what in reading.words
    ]
    query += [
        {"name": name, "in": "query", "description": what, "schema": {"type": "number", "minimum": 0}}
        for name, what in reading.moments
    ]
    operation: dict[str, Any] = {
        "summary": reading.summary,
        "parameters": [*_path_parameters(reading.path), *query],
        "responses": {"200": {"description": "OK", "content": content}},
    }
    if reading.token:
        operation["security"] = [{"token": []}]
        missing = ("404",) if _PARAMETER.search(reading.path) else ()
        operation["responses"] |= _errors(schema, "401", "403", *missing, "429")
    return operation


def _posting(posting: Posting, schema: dict[Any, Any]) -> dict[str, Any]:
    return {
        "summary": posting.summary,
        "security": [{"token": []}],
        "parameters": _path_parameters(posting.path),
        "requestBody": {"required": True, "content": {"application/json": {}}},
        "responses": {"200": {"description": "OK"}, **_errors(schema, *_ERRORS)},
    }


def _acting(acting: Acting, schema: dict[Any, Any]) -> dict[str, Any]:
    return {
        "summary": acting.summary,
        "security": [{"token": []}],
        "parameters": _path_parameters(acting.path),
        "requestBody": {"required": True, "content": _json(schema[acting.body])},
        "responses": {
            "200": {"description": "Done; the state after it.", "content": _json(schema[acting.answer])},
            **_errors(schema, *_ERRORS),
        },
    }


def _path_parameters(path: str) -> list[dict[str, Any]]:
    return [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
        for name in _PARAMETER.findall(path)
    ]


def _errors(schema: dict[Any, Any], *statuses: str) -> dict[str, Any]:
    return {status: {"description": _ERRORS[status], "content": _json(schema[ErrorBody])} for status in statuses}


def _json(schema: Any) -> dict[str, Any]:  # noqa: ANN401 - a JSON schema is any JSON
    return {"application/json": {"schema": schema}}
