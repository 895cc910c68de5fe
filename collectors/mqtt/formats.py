"""The formats a message can have: one union, told apart by `format`."""

from __future__ import annotations

from typing import TypeAlias

from collectors.mqtt.ccp import Ccp
from collectors.mqtt.fieldmap import Map
from collectors.mqtt.native import Native
from collectors.mqtt.rtpengine import Rtpengine

AnyFormat: TypeAlias = Native | Rtpengine | Map | Ccp
