"""Poles, lamps, cameras, what is wrong with them now, and how far all of it can be trusted to be of now."""

from collections.abc import Iterable
from typing import Annotated, TypeVar

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from gateway.web.api.answers import JSON, answer
from gateway.web.api.paging import Asked, link_to, slice_of
from gateway.web.api.problems import ApiRoute, Fault, declared
from gateway.web.api.told_street import (
    AlarmPage,
    Camera,
    CameraPage,
    Lamp,
    LampPage,
    Pole,
    PolePage,
    State,
    alarm_of,
    camera_of,
    lamp_of,
    pole_of,
    state_of,
)
from gateway.web.parts import parts_of
from gateway.web.street import Device

ROUTER = APIRouter(route_class=ApiRoute, prefix="/api/v1", tags=["street"])
Thing = TypeVar("Thing")


@ROUTER.get("/poles", response_model=PolePage, responses=declared(304, 422))
def poles(request: Request, asked: Annotated[Asked, Query()]) -> Response:
    """By name."""
    page, after = slice_of("poles", parts_of(request).store.poles(), lambda each: each.name, asked, str)
    told = PolePage(items=[pole_of(each) for each in page], next=after)
    return answer(request, told, JSON, link_to(request, after))


@ROUTER.get("/poles/{name}", response_model=Pole, responses=declared(304, 404))
def one_pole(request: Request, name: str) -> Response:
    """One."""
    return answer(request, pole_of(_found(parts_of(request).store.pole(name))))


@ROUTER.get("/lamps", response_model=LampPage, responses=declared(304, 422))
def lamps(request: Request, asked: Annotated[Asked, Query()]) -> Response:
    """By name."""
    page, after = slice_of("lamps", parts_of(request).store.lamps(), _name, asked, str)
    told = LampPage(items=[lamp_of(each) for each in page], next=after)
    return answer(request, told, JSON, link_to(request, after))


@ROUTER.get("/lamps/{name}", response_model=Lamp, responses=declared(304, 404))
def one_lamp(request: Request, name: str) -> Response:
    """One."""
    return answer(request, lamp_of(_named(parts_of(request).store.lamps(), name)))


@ROUTER.get("/cameras", response_model=CameraPage, responses=declared(304, 422))
def cameras(request: Request, asked: Annotated[Asked, Query()]) -> Response:
    """By name. No picture is told here."""
    page, after = slice_of("cameras", parts_of(request).store.cameras(), _name, asked, str)
    told = CameraPage(items=[camera_of(each) for each in page], next=after)
    return answer(request, told, JSON, link_to(request, after))


@ROUTER.get("/cameras/{name}", response_model=Camera, responses=declared(304, 404))
def one_camera(request: Request, name: str) -> Response:
    """One."""
    return answer(request, camera_of(_named(parts_of(request).store.cameras(), name)))


@ROUTER.get("/alarms", response_model=AlarmPage, responses=declared(304, 422))
def alarms(request: Request, asked: Annotated[Asked, Query()]) -> Response:
    """What is wrong now, in the order that it was told."""
    page, after = slice_of("alarms", parts_of(request).store.alarms(), lambda each: each.number, asked, int)
    told = AlarmPage(items=[alarm_of(each) for each in page], next=after)
    return answer(request, told, JSON, link_to(request, after))


@ROUTER.get("/state", response_model=State, responses=declared(304))
def state(request: Request) -> Response:
    """How far the rest can be trusted to be of now."""
    parts = parts_of(request)
    return answer(request, state_of(parts.store.freshness(), parts.reviewing is not None))


def _name(device: Device) -> str:
    return device.standing.name


def _named(devices: Iterable[Device], name: str) -> Device:
    return _found(next((each for each in devices if each.standing.name == name), None))


def _found(thing: Thing | None) -> Thing:
    if thing is None:
        raise Fault(404, "There is none of this name here.")
    return thing
