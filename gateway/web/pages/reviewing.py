"""*Review*: what an incident was, said by a person. What was typed comes back with every answer that is no success."""

from dataclasses import dataclass

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response

from gateway.web.accounts.person import who_of
from gateway.web.pages.incident import Draft, incident_page
from gateway.web.pages.missing import missing
from gateway.web.parts import parts_of
from gateway.web.store.reviewing import GatewayAway, NewReview, NotReadBack, ReviewFault, StaleReview
from gateway.web.templating import fault_words, gettext_of

ROUTER = APIRouter()


@dataclass(frozen=True, slots=True)
class Choice:
    """verdict, what : as the gateway knows them."""

    verdict: str
    what: str


CHOICES = {
    "gunshot": Choice("gunshot", ""),
    "fireworks": Choice("no gunshot", "fireworks"),
    "backfire": Choice("no gunshot", "backfire"),
    "construction": Choice("no gunshot", "construction"),
    "thunder": Choice("no gunshot", "thunder"),
    "other": Choice("no gunshot", "other"),
    "unsure": Choice("unsure", ""),
    "exercise": Choice("gunshot", "exercise"),
}
"""What a person may press."""

FAULTS: dict[type[ReviewFault], int] = {StaleReview: 409, GatewayAway: 503, NotReadBack: 202}
"""What a review that was not taken is answered by; every other one by 422."""


@ROUTER.post("/incidents/{incident}/review")
def review(request: Request, incident: str) -> Response:
    """To the incident's page where it was taken; else that page with why it was not, and all that was typed.

    The form is as the door read it: FastAPI's own reading ends at 1 MiB."""
    choice, note, version = (str(request.state.form.get(name) or "") for name in ("choice", "note", "version"))
    parts, say = parts_of(request), gettext_of(request)
    if parts.store.brief(incident) is None:
        return missing(request)
    draft = Draft(choice, note)
    if choice not in CHOICES:
        return incident_page(request, incident, 422, say("Say what it was: press one of the buttons."), draft)
    if parts.reviewing is None:
        return incident_page(
            request, incident, 503, say("Reviews are not set up here: web.toml has no key for them."), draft
        )
    seen = int(version) if version.isascii() and version.isdigit() and len(version) < 19 else 0
    told = CHOICES[choice]
    line = " ".join(note.split())  # a review's note is one line
    try:
        parts.reviewing.review(NewReview(incident, seen, told.verdict, told.what, line, who_of(request).name))
    except ReviewFault as fault:
        status = next((status for kind, status in FAULTS.items() if isinstance(fault, kind)), 422)
        return incident_page(request, incident, status, fault_words(request, fault), draft)
    return RedirectResponse(f"/incidents/{incident}#review", 303)
