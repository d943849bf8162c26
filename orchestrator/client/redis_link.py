"""A connection that is opened again when it has broken, with our errors instead of the system's."""

import asyncio

from orchestrator.client.address import RedisAddress
from orchestrator.client.resp import OnPush, ReplyRefused, RespConnection, connect
from orchestrator.errors import BrokerUnavailable


class RedisLink:
    """The way to one Redis. ``what`` names it in errors: "the broker" or "the result backend"."""

    def __init__(self, address: RedisAddress, what: str, *, on_push: OnPush | None = None) -> None:
        self.address = address
        self.what = what
        self._on_push = on_push
        self._connection: RespConnection | None = None
        self._attempt: asyncio.Future[None] | None = None

    @property
    def connection(self) -> RespConnection | None:
        """The live connection, if there is one."""
        connection = self._connection
        return None if connection is None or connection.closed.is_set() else connection

    async def ready(self) -> RespConnection:
        """The live connection, opened first if need be. Raises `BrokerUnavailable`.

        All who wait share one attempt, and its failure: a server that does not answer costs each of
        them one connection timeout, not one for everybody before it.
        """
        while (connection := self.connection) is None:
            if self._attempt is None:
                return await self._open_for_all()
            await asyncio.shield(self._attempt)
        return connection

    async def _open_for_all(self) -> RespConnection:
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

    async def _open(self) -> RespConnection:
        try:
            return await connect(self.address, on_push=self._on_push)
        except TimeoutError as exc:
            raise self.unavailable(f"no answer in {self.address.connect_timeout_s:g} s") from exc
        except (OSError, ReplyRefused) as exc:
            raise self.unavailable(str(exc) or type(exc).__name__) from exc

    def unavailable(self, why: str) -> BrokerUnavailable:
        """The error that says that this Redis cannot be used, and why."""
        return BrokerUnavailable(
            f"{self.what} at {self.address} cannot be used: {why}. "
            "Check its address, its password and that it runs."
        )

    async def close(self, *, within_s: float) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            await connection.close(within_s=within_s)
