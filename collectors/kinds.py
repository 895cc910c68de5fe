"""The registry: every kind of collector, in one union that is also the configuration's schema."""

from __future__ import annotations

from typing import TypeAlias

from collectors.amazon_connect.collector import AmazonConnect
from collectors.ami.collector import Ami
from collectors.http.collector import Http
from collectors.mqtt.collector import Mqtt
from collectors.promql.collector import Promql
from collectors.push.collector import Push
from collectors.ruler.collector import Ruler
from collectors.sip_quality.collector import SipQuality

AnyCollector: TypeAlias = AmazonConnect | Ami | Http | Mqtt | Promql | Push | Ruler | SipQuality
