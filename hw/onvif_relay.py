"""A relay output of an ONVIF device: on, and after a moment off again. It tells a plate reader beside it to read.

SetRelayOutputState of the device service (ONVIF Core Specification, "Input/Output (I/O)"; onvif.xsd RelayLogicalState).
A relay that goes back by itself (monostable) takes the second order as well.
"""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit
from xml.sax.saxutils import escape

from hw.onvif_client import DEVICE, DEVICE_PATH
from hw.soap_client import Account, Refused, SoapClient, Verify

YEARS = range(1970, 2200)


class OnvifRelay:
    """Relay `token` of the device at `url`, http(s)://HOST:PORT. Raises OSError naming the url, never the password."""

    def __init__(self, url: str, account: Account, token: str, pulse_s: float, verify: Verify = True) -> None:
        parts = urlsplit(url)
        self._base, self._url = f"{parts.scheme}://{parts.netloc}", url
        self._account, self._token, self._pulse_s, self._verify = account, token, pulse_s, verify
        self._soap: SoapClient | None = None

    async def pulse(self) -> None:
        """On, and off again."""
        try:
            if self._soap is None:
                self._soap = SoapClient(self._base, self._account, self._verify, call_s=2.0)
            self._soap.ahead = await self._ahead(self._soap)
            await self._set(self._soap, "active")
            try:
                await asyncio.sleep(self._pulse_s)
            finally:
                await self._set(self._soap, "inactive")
        except OSError as error:
            raise OSError(f"{self._url}: {error}") from None

    async def close(self) -> None:
        """Hang up."""
        if self._soap is not None:
            soap, self._soap = self._soap, None
            await soap.close()

    async def _set(self, soap: SoapClient, state: str) -> None:
        inside = f"<RelayOutputToken>{escape(self._token)}</RelayOutputToken><LogicalState>{state}</LogicalState>"
        await soap.call(DEVICE_PATH, DEVICE, "SetRelayOutputState", inside)

    async def _ahead(self, soap: SoapClient) -> timedelta:
        """How far the device's clock is ahead of ours; nothing where it does not say."""
        try:
            told: Any = await soap.call(DEVICE_PATH, DEVICE, "GetSystemDateAndTime", with_token=False)
            names = ("Date/{*}Year", "Date/{*}Month", "Date/{*}Day", "Time/{*}Hour", "Time/{*}Minute", "Time/{*}Second")
            found = [int(told.findtext(f".//{{*}}UTCDateTime/{{*}}{name}")) for name in names]
            there = datetime(*found, tzinfo=UTC)  # type: ignore[misc, arg-type]
        except (Refused, TypeError, ValueError):
            return timedelta(0)
        return there - datetime.now(UTC) if there.year in YEARS else timedelta(0)
