"""Files of orders that staff upload, all for the first community."""

import io

from app.intake.queries.importing import preview
from app.intake.service.uploading import keep_upload
from app.kernel.database import session
from tests.intake.invented import LEDGER, as_csv, ledger_row
from tests.permissions.runner import Call, Case, Values
from tests.world import World

FILE = as_csv([ledger_row(1), ledger_row(2, 状态="")], LEDGER)
_NEXT_PART = b'\r\n--x\r\nContent-Disposition: form-data; name="unit_id"\r\n\r\n'


def _here(world: World) -> Values:
    return {"unit_id": world.community.id}


def _sent(world: World) -> Values:
    actor = world.actor("dispatcher")
    kept = keep_upload(actor, preview(actor, io.BytesIO(FILE), world.community.id, "ledger"))
    session.commit()
    return {"import_id": kept.id}


def _parts(call: Call) -> bytes:
    return FILE + _NEXT_PART + str(call.values["unit_id"]).encode()


CASES = (
    Case("imports.upload_import", _here, status=201, target="unit_id", upload=_parts),
    Case("imports.get_template"),
    Case("imports.get_import", _sent),
    Case("imports.apply_import", _sent),
    Case("imports.get_rejected", _sent),
    Case("imports.drop_import", _sent, status=204),
)
