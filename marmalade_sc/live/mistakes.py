"""A mistake of the user as plain data. Imports nothing: processes that only pass it on start without the language."""

from marmalade_sc.errors import UsageError

__all__ = ["error_message"]


def error_message(error: UsageError) -> dict[str, object]:
    """An error as plain data, as the control protocol carries it."""
    where = error.where
    return {
        "code": error.code,
        "message": error.message,
        "hint": error.hint,
        "text": str(error),
        "traceback": getattr(error, "traceback", ""),
        "where": None
        if where is None
        else {
            "source": where.source,
            "line": where.line,
            "column": where.column,
            "text": where.text,
            "length": where.length,
        },
    }
