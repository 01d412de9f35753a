"""What can be played without a player: synthdefs and samples made ready for renders and checks. A wiring."""

from collections.abc import Callable
from pathlib import Path

from marmalade_sc.engine.definitions import Definitions
from marmalade_sc.errors import RenderError
from marmalade_sc.player.sounds.content import Buffers, read_banks, read_definitions
from marmalade_sc.sdk.instruments import Orchestra
from marmalade_sc.settings.load import Settings
from marmalade_sc.settings.places import Places, bundled
from marmalade_sc.synthdefs.foundry import Foundry
from marmalade_sc.synthdefs.samples import SampleBank

__all__ = ["orchestra_for"]


def orchestra_for(
    places: Places,
    settings: Settings,
    folder: Path | None = None,
    complain: Callable[[str], None] = lambda text: None,
) -> tuple[Orchestra, Definitions]:
    """Build what is not built yet and give all that can be played.

    Args:
        folder: one more folder of synthdefs; wins over all others.
        complain: takes a sentence for each synthdef and sound file that is left out.

    Raises:
        RenderError: a synthdef in `folder` does not build, or the cache cannot be written.
    """
    cache = places.root / "cache" / ("synthdefs" if folder is None else "render")
    chosen = settings.path("synthdefs.folder", places.synthdefs)
    folders = dict.fromkeys([*([folder] if folder else []), chosen, places.synthdefs, bundled("synthdefs")])
    complaints: list[str] = []
    try:
        foundry = Foundry([each for each in folders if each.is_dir()], cache, is_polling=True)
        catalogue = foundry.scan()
        for path, error in foundry.failures.items():
            if folder is not None and path.is_relative_to(folder):
                raise RenderError(f"{path.name} does not build: {error}")
            complaints.append(f"{path.name}: {error}")
        catalogue.save(foundry.catalogue_path)
        samples = SampleBank(settings.path("samples.folder", places.samples), [], places.root / "cache" / "samples")
        complaints += Buffers().write(samples, cache / "render-banks.json")
    except OSError as error:
        raise RenderError(f"{cache} cannot be written: {error.strerror}", hint="Choose another --dir.") from error
    for complaint in complaints:
        complain(complaint)
    definitions = read_definitions(foundry.catalogue_path, cache / "render-banks.json", cache)
    banks, _ = read_banks(cache / "render-banks.json")
    return Orchestra.from_rows(definitions.rows, banks), definitions
