"""Typed problems: how an expected failure reaches the caller."""

import functools
from collections.abc import Awaitable, Callable
from typing import Any, ParamSpec, TypeVar

import strawberry

from schema.context import Info
from services.kit.errors import (
    AppError,
    Blocked,
    Conflict,
    Forbidden,
    Invalid,
    NotFound,
    QuotaExceeded,
    RateLimited,
    Unauthenticated,
)


@strawberry.interface(description="Why a mutation changed nothing.")
class Problem:
    """This will be why a mutation changed nothing."""

    code: str = strawberry.field(description="A stable code for programs.")
    message: str = strawberry.field(description="What went wrong, in the caller's language.")
    path: list[str] = strawberry.field(description="Which part of the input it is about; empty for the whole.")


@strawberry.type(description="An input does not make sense.")
class ValidationProblem(Problem):
    """This will say that an input does not make sense."""


@strawberry.type(description="Nothing that the caller may see has this id.")
class NotFoundProblem(Problem):
    """This will say that nothing has this id."""


@strawberry.type(description="The record changed since it was read, or another one stands in the way.")
class ConflictProblem(Problem):
    """This will say that the record changed meanwhile."""

    current_version: int | None = strawberry.field(description="The record's version now, when that is the reason.")


@strawberry.type(description="A rule of the workspace's own process does not let this happen now.")
class BlockedProblem(Problem):
    """This will say that the process does not allow it."""


@strawberry.type(description="The caller's role does not allow this.")
class ForbiddenProblem(Problem):
    """This will say that the role does not allow it."""


@strawberry.type(description="The caller must log in, or the token is expired, used or wrong.")
class UnauthenticatedProblem(Problem):
    """This will say that the caller must log in."""


@strawberry.type(description="The workspace's plan does not hold more.")
class QuotaProblem(Problem):
    """This will say that the plan is full."""


@strawberry.type(description="The caller asked too often; try again later.")
class RateLimitedProblem(Problem):
    """This will say that the caller asked too often."""


Problems = (
    ValidationProblem
    | NotFoundProblem
    | ConflictProblem
    | BlockedProblem
    | ForbiddenProblem
    | UnauthenticatedProblem
    | QuotaProblem
    | RateLimitedProblem
)

TYPES: dict[type[AppError], type[Any]] = {
    Invalid: ValidationProblem,
    NotFound: NotFoundProblem,
    Conflict: ConflictProblem,
    Blocked: BlockedProblem,
    Forbidden: ForbiddenProblem,
    Unauthenticated: UnauthenticatedProblem,
    QuotaExceeded: QuotaProblem,
    RateLimited: RateLimitedProblem,
}


def problem(error: AppError, info: Info) -> Any:
    """This will word an expected failure as the typed problem it stands for."""
    shape = next(TYPES[kind] for kind in type(error).__mro__ if kind in TYPES)  # rooms have failures of their own
    extra = {"current_version": error.current_version} if isinstance(error, Conflict) else {}
    path = [str(part) for part in error.path]
    return shape(code=error.code, message=error.text(info.context.locale), path=path, **extra)


P = ParamSpec("P")
R = TypeVar("R")


def mutation(description: str) -> Callable[[Callable[..., Awaitable[Any]]], Any]:
    """This will be a mutation whose expected failures are answered as typed problems.

    The resolver takes ``(self, info, input)`` and its annotation is a union of one payload and ``Problems``.
    """

    def wrap(resolve: Callable[..., Awaitable[Any]]) -> Any:
        @functools.wraps(resolve)
        async def guarded(*args: Any, **kwargs: Any) -> Any:
            info: Info = kwargs["info"]
            try:
                return await resolve(*args, **kwargs)
            except AppError as error:
                await info.context.refresh()
                return problem(error, info)

        return strawberry.mutation(resolver=guarded, description=description)

    return wrap
