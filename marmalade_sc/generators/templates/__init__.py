"""Generators to begin with: each folder is one, with NAME for its name."""

from pathlib import Path

from marmalade_sc.errors import GeneratorError, nearest
from marmalade_sc.ids import check_name

__all__ = ["begin", "templates"]


def templates() -> list[str]:
    """The names of all templates."""
    return sorted(path.name for path in Path(__file__).parent.iterdir() if (path / "generator.toml").is_file())


def begin(folder: Path, template: str) -> list[Path]:
    """Write a template into a folder that does not exist yet; its name becomes the generator's. Returns the files.

    Raises:
        GeneratorError: there is no such template, or it cannot be written.
        IdError: the folder's name cannot name a generator.
    """
    name = check_name(folder.name, "generator")
    if template not in templates():
        close = nearest(template, templates())
        hint = f"Did you mean {close!r}?" if close else f"There are: {', '.join(templates())}."
        raise GeneratorError(f"There is no template {template!r:.40}", hint=hint)
    made = []
    try:
        folder.mkdir(parents=True)
        for source in sorted((Path(__file__).parent / template).rglob("*")):
            if source.is_dir() or "__pycache__" in source.parts:
                continue
            target = folder / source.relative_to(Path(__file__).parent / template)
            target.parent.mkdir(parents=True, exist_ok=True)
            data = source.read_bytes()
            target.write_bytes(data.replace(b"NAME", name.encode(), 1) if source.name == "generator.toml" else data)
            if data[:2] == b"#!":
                target.chmod(0o755)
            made.append(target)
    except FileExistsError:
        raise GeneratorError(f"{folder} is there already", hint="Choose another name.") from None
    except OSError as error:
        raise GeneratorError(f"{folder} cannot be written: {error.strerror}") from error
    return made
