"""A connection to RabbitMQ that is opened again when it has broken, with our errors instead of the
system's."""

import asyncio
from collections.abc import Sequence
from typing import Protocol

from orchestrator.client.amqp_address import AmqpAddress
from orchestrator.client.amqp_connection import AmqpConnection, AmqpRefused, connect
from orchestrator.errors import BrokerUnavailable


class Endpoint(Protocol):
    """One broker of a failover list."""

    def address(self) -> AmqpAddress: ...


class AmqpLink:
    """The way to one of several brokers: the first that answers. ``what`` names it in errors."""

    def __init__(self, endpoints: Sequence[Endpoint], what: str = "the broker") -> None:
        self.what = what
        self._endpoints = list(endpoints)
        self._connection: AmqpConnection | None = None
        self._attempt: asyncio.Future[None] | None = None

    @property
    def connection(self) -> AmqpConnection | None:
        """The live connection, if there is one."""
        connection = self._connection
        return None if connection is None or connection.closed.is_set() else connection

    async def ready(self) -> AmqpConnection:
        """The live connection, opened first if need be. Raises `BrokerUnavailable`.

        All who wait share one attempt, and its failure: a broker that does not answer costs each of
        them one connection timeout, not one for everybody before it.
        """
        while (connection := self.connection) is None:
            if self._attempt is None:
                return await self._open_for_all()
            await asyncio.shield(self._attempt)
        return connection

    async def _open_for_all(self) -> AmqpConnection:
        attempt = self._attempt = asyncio.get_running_loop().create_future()
        try:
            connection = self._connection = await self._open()
        except BrokerUnavailable as exc:
            attempt.set_exception(exc)
            attempt.exception()  # it is no mistake when nobody else was waiting
            raise
        finally:
            self._attempt = None
            if not attempt.done():  # also when this attempt was cancelled: then another one tries
                attempt.set_result(None)
        return connection

    async def _open(self) -> AmqpConnection:
        failures: list[BrokerUnavailable] = []
        for endpoint in list(self._endpoints):
            try:
                connection = await self._open_one(endpoint.address())
            except BrokerUnavailable as exc:
                failures.append(exc)
                continue
            self._endpoints.remove(endpoint)  # the next attempt begins with the one that worked
            self._endpoints.insert(0, endpoint)
            return connection
        if len(failures) == 1:
            raise failures[0]
        raise BrokerUnavailable("\n".join(str(failure) for failure in failures))

    async def _open_one(self, address: AmqpAddress) -> AmqpConnection:
        try:
            return await connect(address)
        except TimeoutError as exc:
            why = f"no answer in {address.connect_timeout_s:g} s"
            raise self._unavailable(address, why) from exc
        except (OSError, AmqpRefused) as exc:
            raise self._unavailable(address, str(exc) or type(exc).__name__) from exc

    def unavailable(self, why: str) -> BrokerUnavailable:
        """The error that says that the broker cannot be used, and why."""
        connection = self._connection
        return self._unavailable(connection.address if connection else None, why)

    def _unavailable(self, address: AmqpAddress | None, why: str) -> BrokerUnavailable:
        at = f" at {address}" if address else ""
        return BrokerUnavailable(
            f"{self.what}{at} cannot be used: {why}. "
            "Check its address, its virtual host, its user and password, and that it runs."
        )

    async def close(self, *, within_s: float) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            await connection.close(within_s=within_s)
