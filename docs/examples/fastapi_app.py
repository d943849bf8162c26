"""A web service that awaits Celery. Run it with: uvicorn fastapi_app:web"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated

from celery import chord
from fastapi import Depends, FastAPI, Query, Request
from fastapi.responses import JSONResponse
from tasks_app import add, app, total

from orchestrator import Client
from orchestrator.client import ResultTimeout
from orchestrator.errors import BrokerUnavailable


@asynccontextmanager
async def lifespan(web: FastAPI) -> AsyncIterator[None]:
    async with Client(app) as client:  # one client for the whole service
        web.state.celery = client
        yield


web = FastAPI(lifespan=lifespan)


def celery_client(request: Request) -> Client:
    client: Client = request.app.state.celery
    return client


@web.get("/sum")
async def sum_of_doubles(
    client: Annotated[Client, Depends(celery_client)],
    count: Annotated[int, Query(ge=1, le=10_000)] = 10,
    within_s: float = 5,
) -> dict[str, int]:
    canvas = chord([add.s(i, i) for i in range(count)], total.s())
    return {"sum": await client.call(canvas, timeout=within_s)}


@web.exception_handler(ResultTimeout)
async def too_late(request: Request, error: ResultTimeout) -> JSONResponse:
    return JSONResponse({"detail": str(error)}, status_code=504)


@web.exception_handler(BrokerUnavailable)
async def no_broker(request: Request, error: BrokerUnavailable) -> JSONResponse:
    return JSONResponse({"detail": "the task queue cannot be reached"}, status_code=503)
