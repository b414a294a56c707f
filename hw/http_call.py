"""One POST to a device that is to do something now. No redirect is followed, and nothing of its answer is read."""

import aiohttp

CALL_S = 2.0


class HttpCall:
    """At `url`; with a user, by basic authorisation. Raises OSError naming the url, never the password."""

    def __init__(self, url: str, user: str, password: str) -> None:
        self._url = url
        self._headers = {"Authorization": aiohttp.encode_basic_auth(user, password)} if user else {}

    async def pulse(self) -> None:
        """Ask once."""
        limit = aiohttp.ClientTimeout(total=CALL_S)
        jar = aiohttp.DummyCookieJar()
        try:
            async with (
                aiohttp.ClientSession(timeout=limit, cookie_jar=jar, trust_env=False) as web,
                web.post(self._url, headers=self._headers, allow_redirects=False) as answer,
            ):
                status = answer.status
        except TimeoutError:
            raise OSError(f"{self._url}: no answer within {CALL_S:g} s") from None
        except (aiohttp.ClientError, OSError) as error:
            raise OSError(f"{self._url}: cannot be reached ({type(error).__name__})") from None
        if not 200 <= status < 300:
            raise OSError(f"{self._url}: refuses (HTTP {status})")

    async def close(self) -> None:
        """Nothing stays open."""
