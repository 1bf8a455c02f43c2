"""What a strategy awaits: a value that will come at a moment of virtual time."""

from collections.abc import Callable, Generator
from typing import Any, Generic, TypeVar

T = TypeVar("T")


class Wait(Generic[T]):
    """A value that will come at a moment of virtual time."""

    def __init__(self) -> None:
        self.task: Any = None
        self.is_done = False
        self._value: T | None = None
        self._resume: Callable[[Any], None] | None = None

    def __await__(self) -> Generator["Wait[T]", None, T]:
        if not self.is_done:
            yield self
        return self._value  # type: ignore[return-value]

    def suspended(self, task: object, resume: Callable[[Any], None]) -> None:
        """A coroutine waits here, to be resumed by `resume(task)`."""
        self.task, self._resume = task, resume

    def resolve(self, value: T) -> None:
        """The value has come."""
        self.is_done, self._value = True, value
        if self._resume is not None:
            self._resume(self.task)
