"""x"""

import pytest

from tests.permissions.actors import Cast, undone
from tests.permissions.scene import LOSSES, WAYS, asked, begun

AP = {
    "claim": "aceghf",
}


@pytest.mark.parametrize("way", WAYS)
def test_dump(cast: Cast, way):
    out = open("/tmp/dump.txt", "a")
    for name, lose in LOSSES.items():
        with undone():
            try:
                scene = begun(cast, way)
                before = asked(scene, way)
            except BaseException as e:
                out.write(f"{way} BEGIN FAILED {type(e).__name__} {str(e)[:300]}\n")
                out.flush()
                break
            try:
                lose(scene)
                after = asked(scene, way)
            except BaseException as e:
                out.write(f"{way} | {name} FAILED {type(e).__name__} {str(e)[:200]}\n")
                out.flush()
                continue
            out.write(f"{way} | {name} | {before} -> {after}\n")
            out.flush()
