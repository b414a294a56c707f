"""Single sign-on: to the provider, and back from it."""

from anyio.to_thread import run_sync
from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response

from gateway.web.account_pages.asked import source_of
from gateway.web.account_pages.sign_in import on
from gateway.web.accounts import access_log, entry
from gateway.web.accounts.lobby import access_of, lobby_of
from gateway.web.accounts.oidc import Provider, SignOnFailed
from gateway.web.door.refused import Refused, local_path
from gateway.web.templating import in_readers, page
from gateway.web.words.said import said

ROUTER = APIRouter()


@ROUTER.get("/sign-in/elsewhere")
async def elsewhere(request: Request) -> Response:
    """To the provider."""
    provider, then = _provider(request), local_path(request.query_params.get("next", "/"))
    try:
        where = await provider.begin(request.state.csrf, then, lobby_of(request).now_us())
    except SignOnFailed as error:
        return await _failed(request, provider, error)
    return RedirectResponse(where, 303)


@ROUTER.get("/sign-in/back")
async def back(request: Request) -> Response:
    """From the provider, with a code or an error in the address."""
    provider, lobby = _provider(request), lobby_of(request)
    try:
        arrival = await provider.finish(dict(request.query_params), request.state.csrf, lobby.now_us())
    except SignOnFailed as error:
        return await _failed(request, provider, error)
    came = await run_sync(entry.by_provider, lobby, arrival, source_of(request))
    if not came.secret:
        return await _failed(request, provider, SignOnFailed(said("This account is locked.")))
    return on(request, came, arrival.next)


def _provider(request: Request) -> Provider:
    provider = lobby_of(request).provider
    if provider is None:
        raise Refused(404, said("There is no single sign-on here."))
    return provider


async def _failed(request: Request, provider: Provider, error: SignOnFailed) -> Response:
    await run_sync(_note, request, str(error))
    return page(
        request,
        "account/sign_in.html",
        403,
        then="/",
        fault=in_readers(request, error),
        typed="",
        elsewhere=provider.label,
    )


def _note(request: Request, why: str) -> None:
    with lobby_of(request).database.writing() as connection:
        access_log.write(connection, access_of(request, said("was not let in"), said("single sign-on"), why))
